"""Pressure of the spinal fluid at the catheter's tip.

Constant between changes: heart beat and breathing move fluid to and fro through the tip, but none
on average, so they are left out. A cough is two changes.
"""

from __future__ import annotations

from emulator.plant import constants
from emulator.plant.ranges import require

POSTURES_PA = {
    "supine": constants.CSF_SUPINE_PA,
    "lateral": constants.CSF_LATERAL_PA,
    "upright": constants.CSF_UPRIGHT_PA,
}


class Csf:
    """The pressure that the pump delivers against.

    pressure_pa: against ambient, -787 .. 10_239 Pa: upright minimum .. lateral with a cough.
    """

    def __init__(self, pressure_pa: float = constants.CSF_SUPINE_PA) -> None:
        self.pressure_pa = 0.0
        self.set_pressure(pressure_pa)

    def set_pressure(self, pressure_pa: float) -> None:
        """From now on the fluid has this pressure. Raises ValueError outside the range."""
        low_pa, high_pa = constants.CSF_PA_MIN, constants.CSF_PA_MAX
        require("spinal fluid pressure in Pa", pressure_pa, low_pa, high_pa)
        self.pressure_pa = pressure_pa
