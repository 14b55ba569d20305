"""The peristaltic head: volume and torque of a step, from its own geometry.

A turn sweeps the tube once along the track: bore area x track length. What the rollers themselves
take up, and wear, is the tolerance factor.

Moving a volume V against a pressure difference p takes the work p V, so a step of angle a needs
the torque p V / a beside that of squeezing the tube. With 50 nL in 2 pi / 200 this is 1.59 uN m a
kPa. The motor has 550 uN m to spare and stalls at 346 kPa across the head; that is 339 kPa at the
outlet, as the reservoir stands at -7 kPa. Ambulatory pumps trip at 55 to 186 kPa.
"""

from __future__ import annotations

from math import pi

from emulator.plant import constants
from emulator.plant.ranges import require

_NL_PER_MM3 = 1_000.0
_UNM_PER_PA_NL = 1e-6  # 1 Pa x 1 nL = 1e-12 J = 1e-6 uN m


def step_volume_nl(
    bore_mm: float = constants.TUBE_BORE_MM,
    radius_mm: float = constants.TRACK_RADIUS_MM,
    steps_per_turn: int = constants.STEPS_PER_TURN,
) -> float:
    """Volume that one step sweeps."""
    return pi / 4 * bore_mm**2 * 2 * pi * radius_mm / steps_per_turn * _NL_PER_MM3


class PumpHead:
    """Turns rotor steps into volume.

    tolerance: true volume of a step over the geometry's, 0.5 .. 1.5; ValueError outside.
    moved_nl: net volume moved forward. dry_steps: those that moved less than a step's volume.
    """

    def __init__(self, tolerance: float = 1.0) -> None:
        require("tolerance", tolerance, constants.TOLERANCE_MIN, constants.TOLERANCE_MAX)
        self.step_nl = step_volume_nl() * tolerance
        self._unm_per_pa = self.step_nl / constants.STEP_RAD * _UNM_PER_PA_NL
        self.moved_nl = 0.0
        self.forward_steps = 0
        self.backward_steps = 0
        self.dry_steps = 0

    def load_unm(self, direction: int, rise_pa: float) -> float:
        """Torque of a step forward (1) or backward (-1); rise_pa: outlet over inlet."""
        return constants.SQUEEZE_TORQUE_UNM + direction * rise_pa * self._unm_per_pa

    def stall_pa(self, torque_unm: float = constants.PULL_OUT_TORQUE_UNM) -> float:
        """Pressure across the head above which a motor of ``torque_unm`` cannot step forward."""
        return (torque_unm - constants.SQUEEZE_TORQUE_UNM) / self._unm_per_pa

    def book(self, direction: int, volume_nl: float) -> None:
        """A rotor step forward (1) or backward (-1) has moved ``volume_nl``, 0 .. step_nl."""
        if direction > 0:
            self.forward_steps += 1
            self.moved_nl += volume_nl
        else:
            self.backward_steps += 1
            self.moved_nl -= volume_nl
        if volume_nl < self.step_nl:
            self.dry_steps += 1
