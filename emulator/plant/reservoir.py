"""The drug reservoir: what is in it, what can be got out, and its pressure.

A bellows in a sealed can with a two-phase propellant: at body temperature its pressure is the same
at every filling. It lies below ambient, so that a leak sucks in and cannot push drug out.
"""

from __future__ import annotations

from emulator.plant import constants
from emulator.plant.ranges import require


class Reservoir:
    """Drug that the pump can still move.

    capacity_nl: one of 20e6, 40e6. volume_nl: at the start; None: full.
    residual_nl: what the bellows cannot give; when no more is left, no fluid moves.
    filled_nl: everything that was ever put in. drawn_nl: everything that left by the inlet, less
    what came back. Kept apart, so that no picolitre is lost in the rounding of 40 mL.
    """

    pressure_pa = constants.PROPELLANT_PA

    def __init__(
        self,
        capacity_nl: float = constants.RESERVOIRS_NL[0],
        volume_nl: float | None = None,
        residual_nl: float = constants.RESIDUAL_NL,
    ) -> None:
        if capacity_nl not in constants.RESERVOIRS_NL:
            raise ValueError(f"capacity of {capacity_nl} nL: there are {constants.RESERVOIRS_NL}")
        require("residual volume in nL", residual_nl, 0.0, capacity_nl)
        self.capacity_nl = capacity_nl
        self.residual_nl = residual_nl
        self.filled_nl = 0.0
        self.drawn_nl = 0.0
        self.refill(capacity_nl if volume_nl is None else volume_nl)

    @property
    def volume_nl(self) -> float:
        """What is in it, residual volume included."""
        return self.filled_nl - self.drawn_nl

    def refill(self, volume_nl: float) -> None:
        """Inject through the septum. Raises ValueError unless 0 .. the room that is left."""
        require("refill in nL", volume_nl, 0.0, max(0.0, self.capacity_nl - self.volume_nl))
        self.filled_nl += volume_nl

    def take(self, wanted_nl: float) -> float:
        """Draw by the inlet; return what came: less than wanted when the reservoir runs empty."""
        left_nl = self.filled_nl - self.residual_nl - self.drawn_nl
        if wanted_nl > left_nl:
            wanted_nl = left_nl if left_nl > 0.0 else 0.0
        self.drawn_nl += wanted_nl
        return wanted_nl

    def give_back(self, volume_nl: float) -> None:
        """Let fluid in by the inlet (out, if negative); the bellows yields at any filling."""
        self.drawn_nl -= volume_nl
