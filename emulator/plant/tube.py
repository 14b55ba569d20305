"""An elastic tube: resistance, volume and compliance of a catheter, from its geometry."""

from __future__ import annotations

from math import pi

from emulator.plant import constants
from emulator.plant.ranges import require

_MM_PER_M = 1e3
_NL_PER_MM3 = 1e3
_NL_PER_M3 = 1e12
_US_PER_S = 1e6


def resistance_pa_s_m3(
    length_mm: float, bore_mm: float, viscosity_pa_s: float = constants.VISCOSITY_PA_S
) -> float:
    """Hagen and Poiseuille: 8 x viscosity x length / (pi x radius ** 4)."""
    radius_m = bore_mm / 2 / _MM_PER_M
    return 8 * viscosity_pa_s * (length_mm / _MM_PER_M) / (pi * radius_m**4)


def stretch_per_pa(bore_mm: float, outer_mm: float, modulus_pa: float) -> float:
    """Relative growth of the bore's volume: Lame's thick wall with free ends.

    2 / E x ((b2 + a2) / (b2 - a2) + nu), with a2 and b2 the squares of inner and outer diameter.
    """
    a2 = bore_mm**2
    b2 = outer_mm**2
    return 2 / modulus_pa * ((b2 + a2) / (b2 - a2) + constants.SILICONE_POISSON)


class Tube:
    """A silicone catheter.

    length_mm: trimmed length, 100 .. 1_100. modulus_pa: stiffness of its wall, 2e6 .. 6e6.
    ValueError outside.
    """

    def __init__(
        self,
        length_mm: float = constants.CATHETER_LENGTH_MM,
        modulus_pa: float = constants.SILICONE_MODULUS_PA,
    ) -> None:
        low, high = constants.CATHETER_LENGTH_MM_MIN, constants.CATHETER_LENGTH_MM_MAX
        require("catheter length in mm", length_mm, low, high)
        low, high = constants.SILICONE_MODULUS_PA_MIN, constants.SILICONE_MODULUS_PA_MAX
        require("wall modulus in Pa", modulus_pa, low, high)
        bore_mm = constants.CATHETER_BORE_MM
        self._length_mm = length_mm
        self.volume_nl = pi / 4 * bore_mm**2 * length_mm * _NL_PER_MM3
        stretch = stretch_per_pa(bore_mm, constants.CATHETER_OUTER_MM, modulus_pa)
        self.compliance_nl_pa = self.volume_nl * stretch
        resistance = resistance_pa_s_m3(length_mm, bore_mm)
        self.open_nl_us_pa = _NL_PER_M3 / _US_PER_S / resistance

    def conductance_nl_us_pa(self, kink: float) -> float:
        """Flow per pressure with this part of the bore's diameter closed in a kink. 0 .. 1.

        The kink's resistance goes with the fourth power: 0.9 adds 210 Pa at 1 mL/day, 0.97
        25 kPa. So in practice a kink is open or shut.
        """
        if kink >= 1.0:
            return 0.0
        kinked = constants.KINK_LENGTH_MM / self._length_mm
        return self.open_nl_us_pa / (1.0 - kinked + kinked / (1.0 - kink) ** 4)
