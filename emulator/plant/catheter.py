"""The fluid path from the head to the spinal fluid, as one elastic node with three ways out.

    head -> tubing 140 uL -> connector -> catheter 196 uL, elastic -> kink -> tip -> spinal fluid
     |                        |
     back through the rollers leak, into a pocket

Between steps the pressure P at the outlet obeys C dP/dt = - sum of G_i (P - P_i). So it decays to
a rest pressure with one time constant, C / sum of G_i, and what leaves by each way is a closed
form: G_i times the integral of P - P_i. No small time steps, no approximation.

All compliance lies before the kink, as if the catheter were bent where it enters the spine: of all
places that stores the most and is seen the latest. A leak ends in a pocket that holds the pressure
of the spinal fluid; ambient pressure would drain that fluid backwards at 385 mL a day.

The drug moves as a plug: in the tubing with all flow, behind the leak with the tip's.

C = 0.24 uL/kPa and 1 / G = 3.2e11 Pa s/m3 give 76 ms: a step of 50 nL is a pulse of 208 Pa that is
over after half a second. Hence a steady pressure says nothing about patency.
"""

from __future__ import annotations

from math import expm1, inf

from emulator.plant import constants
from emulator.plant.ranges import require
from emulator.plant.tube import Tube

_HEAD_LEAK_NL_US_PA = constants.HEAD_LEAK_NL_DAY_KPA / 86_400e6 / 1e3


class Catheter:
    """Pressure at the outlet, and what has left by each way.

    tube: the catheter; None: an untrimmed one. csf_pa, inlet_pa: at the tip, in the reservoir.
    start_us: instant of the start. front_nl: how far the drug has come then, 0 .. path_nl; None:
    to the tip. ValueError outside.
    pressure_pa: at the outlet, at the instant advanced to.
    tip_nl, leaked_nl, returned_nl: net volume out by the tip, the leak, back through the head.

    _tubing_nl: tubing before the drug's front, 0 once it is through; then tip_nl tells the rest.
    _arrival_nl: tip_nl at which the drug arrives. _peak_nl: the largest tip_nl so far, at least
    _arrival_nl: below it no drug leaves, but what was there before, or was drawn in by the tip.
    """

    def __init__(
        self,
        tube: Tube | None = None,
        csf_pa: float = constants.CSF_SUPINE_PA,
        inlet_pa: float = constants.PROPELLANT_PA,
        start_us: int = 0,
        front_nl: float | None = None,
    ) -> None:
        self._tube = tube or Tube()
        self._compliance_nl_pa = self._tube.compliance_nl_pa
        self._csf_pa = csf_pa
        self._inlet_pa = inlet_pa
        self._start_pa = csf_pa
        self._now_us = start_us
        self.pressure_pa = csf_pa
        self.kink = 0.0
        self.leak = 0.0
        self.tip_nl = 0.0
        self.leaked_nl = 0.0
        self.returned_nl = 0.0
        self.path_nl = constants.TUBING_NL + self._tube.volume_nl
        front_nl = self.path_nl if front_nl is None else front_nl
        require("drug front in nL", front_nl, 0.0, self.path_nl)
        self._tubing_nl = max(constants.TUBING_NL - front_nl, 0.0)
        self._arrival_nl = inf if self._tubing_nl else self.path_nl - front_nl
        self._peak_nl = self._arrival_nl
        self._solve()

    def set_csf(self, csf_pa: float) -> None:
        """The spinal fluid has another pressure from now on."""
        self._csf_pa = csf_pa
        self._solve()

    def set_kink(self, fraction: float) -> None:
        """Close this part of the bore's diameter. 0 open .. 1 shut, else ValueError."""
        require("kink", fraction, 0.0, 1.0)
        self.kink = fraction
        self._solve()

    def set_leak(self, fraction: float) -> None:
        """Lose this part of a steady flow at the connector. 0 tight .. 1 pulled off."""
        require("leak", fraction, 0.0, 1.0)
        self.leak = fraction
        self._solve()

    def push(self, volume_nl: float) -> None:
        """The head moves fluid in (out, if negative), at the instant advanced to."""
        self.pressure_pa += volume_nl / self._compliance_nl_pa

    def advance(self, t_us: int) -> float:
        """Let time pass until ``t_us``; return the volume in nL that the head let back meanwhile.

        ValueError if ``t_us`` lies before the instant reached already.
        """
        span_us = t_us - self._now_us
        if span_us <= 0:
            if span_us < 0:
                raise ValueError(f"time would go back by {-span_us} us")
            return 0.0
        self._now_us = t_us
        fall_pa = (self._rest_pa - self.pressure_pa) * expm1(-self._decay_per_us * span_us)
        self.pressure_pa -= fall_pa
        tip_nl = fall_pa * self._tip_nl_pa + span_us * self._tip_nl_us
        leaked_nl = fall_pa * self._leak_nl_pa + span_us * self._leak_nl_us
        returned_nl = fall_pa * self._return_nl_pa + span_us * self._return_nl_us
        if self._tubing_nl > 0.0:
            self._pass_tubing(tip_nl, leaked_nl)
        self.tip_nl += tip_nl
        self.leaked_nl += leaked_nl
        self.returned_nl += returned_nl
        if self.tip_nl > self._peak_nl:
            self._peak_nl = self.tip_nl
        return returned_nl

    def stored_nl(self) -> float:
        """What an open tip would let go at once."""
        return (self.pressure_pa - self._csf_pa) * self._compliance_nl_pa

    def held_nl(self) -> float:
        """What the path holds more than at the start."""
        return (self.pressure_pa - self._start_pa) * self._compliance_nl_pa

    def front_nl(self) -> float:
        """How far the drug has come: 0 at the head .. path_nl at the tip."""
        if self._tubing_nl > 0.0:
            return constants.TUBING_NL - self._tubing_nl
        return max(self.path_nl - (self._peak_nl - self.tip_nl), 0.0)

    def drug_nl(self) -> float:
        """Drug that has left by the tip: less than tip_nl if the path began without drug."""
        return 0.0 if self._tubing_nl > 0.0 else self._peak_nl - self._arrival_nl

    def _solve(self) -> None:
        """Rest pressure, decay, and for each way its volume per pressure fallen and rest flow.

        The rest flows come from the pressure difference that drives them, not from the rest
        pressure: so they add up to zero in all digits, and years of rest conserve volume.
        """
        tip = 0.0 if self.leak >= 1.0 else self._tube.conductance_nl_us_pa(self.kink)
        leak = self._tube.open_nl_us_pa * _leak_ratio(self.leak)
        total = tip + leak + _HEAD_LEAK_NL_US_PA
        drop_pa = (self._csf_pa - self._inlet_pa) * _HEAD_LEAK_NL_US_PA / total
        self._rest_pa = self._csf_pa - drop_pa
        self._decay_per_us = total / self._compliance_nl_pa
        self._tip_nl_pa = tip / self._decay_per_us
        self._leak_nl_pa = leak / self._decay_per_us
        self._return_nl_pa = _HEAD_LEAK_NL_US_PA / self._decay_per_us
        self._tip_nl_us = -tip * drop_pa
        self._leak_nl_us = -leak * drop_pa
        self._return_nl_us = (tip + leak) * drop_pa

    def _pass_tubing(self, tip_nl: float, leaked_nl: float) -> None:
        """The front moves in the tubing; an interval in which it leaves that is divided."""
        through_nl = tip_nl + leaked_nl
        if through_nl < self._tubing_nl:
            self._tubing_nl = min(self._tubing_nl - through_nl, constants.TUBING_NL)
            return
        before_nl = tip_nl * self._tubing_nl / through_nl
        self._tubing_nl = 0.0
        self._arrival_nl = self._peak_nl = self.tip_nl + before_nl + self._tube.volume_nl


def _leak_ratio(fraction: float) -> float:
    """Conductance of the leak over that of the open catheter, so that ``fraction`` is lost."""
    if fraction >= 1.0:
        return constants.OPEN_CONNECTOR_RATIO
    return fraction / (1.0 - fraction)
