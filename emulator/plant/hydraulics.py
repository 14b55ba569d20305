"""Reservoir, head, catheter and spinal fluid as one: rotor steps in, volume at the tip out.

Works without a World: the time is given with each call and never goes back. A step's volume moves
at the instant of its edge; the rotor's 10 ms are short against the 76 ms of the catheter.
"""

from __future__ import annotations

from emulator.plant import constants
from emulator.plant.catheter import Catheter
from emulator.plant.csf import Csf
from emulator.plant.ledger import Ledger
from emulator.plant.pump_head import PumpHead
from emulator.plant.reservoir import Reservoir
from emulator.plant.tube import Tube


class Hydraulics:
    """All fluid of one pump. The arguments are those of its parts, which check their ranges.

    start_us: instant of the start. The parts are public to be read; changes go through here.
    """

    def __init__(
        self,
        start_us: int = 0,
        *,
        tolerance: float = 1.0,
        capacity_nl: float = constants.RESERVOIRS_NL[0],
        volume_nl: float | None = None,
        residual_nl: float = constants.RESIDUAL_NL,
        csf_pa: float = constants.CSF_SUPINE_PA,
        length_mm: float = constants.CATHETER_LENGTH_MM,
        modulus_pa: float = constants.SILICONE_MODULUS_PA,
        front_nl: float | None = None,
    ) -> None:
        self.csf = Csf(csf_pa)
        self.reservoir = Reservoir(capacity_nl, volume_nl, residual_nl)
        self.head = PumpHead(tolerance)
        tube = Tube(length_mm, modulus_pa)
        inlet_pa = self.reservoir.pressure_pa
        self.catheter = Catheter(tube, csf_pa, inlet_pa, start_us, front_nl)
        self.ledger = Ledger(self.reservoir, self.head, self.catheter)

    def advance(self, t_us: int) -> None:
        """Let time pass until ``t_us``: the pressure decays, fluid leaves."""
        self.reservoir.drawn_nl -= self.catheter.advance(t_us)

    def load_unm(self, direction: int) -> float:
        """Torque of a step forward (1) or backward (-1) at the instant advanced to."""
        rise_pa = self.catheter.pressure_pa - self.reservoir.pressure_pa
        return self.head.load_unm(direction, rise_pa)

    def turn(self, direction: int) -> None:
        """The rotor steps forward (1) or backward (-1) at the instant advanced to.

        Forward, the reservoir gives what it has. Backward, fluid comes until it would boil.
        """
        if direction > 0:
            volume_nl = self.reservoir.take(self.head.step_nl)
            self.catheter.push(volume_nl)
        else:
            boiling = self.catheter.pressure_pa <= constants.CAVITATION_PA
            volume_nl = 0.0 if boiling else self.head.step_nl
            self.reservoir.give_back(volume_nl)
            self.catheter.push(-volume_nl)
        self.head.book(direction, volume_nl)

    def kink(self, t_us: int, fraction: float) -> None:
        """Close this part of the bore's diameter at ``t_us``. 0 open .. 1 shut."""
        self.advance(t_us)
        self.catheter.set_kink(fraction)

    def release(self, t_us: int) -> float:
        """Open the kink at ``t_us``; return the stored nL that leave by the tip within 1 s."""
        self.advance(t_us)
        stored_nl = self.catheter.stored_nl() if self.catheter.kink else 0.0
        self.catheter.set_kink(0.0)
        self.ledger.released_nl += stored_nl
        return stored_nl

    def leak(self, t_us: int, fraction: float) -> None:
        """Lose this part of a steady flow at the connector from ``t_us`` on. 0 .. 1."""
        self.advance(t_us)
        self.catheter.set_leak(fraction)

    def refill(self, t_us: int, volume_nl: float) -> None:
        """Inject into the reservoir at ``t_us``, up to its capacity."""
        self.advance(t_us)
        self.reservoir.refill(volume_nl)

    def set_csf(self, t_us: int, pressure_pa: float) -> None:
        """The spinal fluid has this pressure from ``t_us`` on."""
        self.advance(t_us)
        self.csf.set_pressure(pressure_pa)
        self.catheter.set_csf(pressure_pa)
