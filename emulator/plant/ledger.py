"""The plant's own ledger: every nanolitre, counted where it crosses a border.

Reservoir, head and catheter count for themselves, and none reads another's count. The ledger holds
them against each other:

    drawn from the reservoir  =  moved by the head - returned through it
    moved - returned          =  held by the catheter + leaked + out of the tip
"""

from __future__ import annotations

from emulator.plant.catheter import Catheter
from emulator.plant.pump_head import PumpHead
from emulator.plant.reservoir import Reservoir

CONSERVED = 1e-9  # largest relative imbalance: six digits above the rounding of a double


class ConservationError(ArithmeticError):
    """Fluid appeared or vanished: the plant is wrong, and nothing that it says can be used."""


class Ledger:
    """Reads the counts of the fluid parts.

    released_nl: stored volume that releases of a kink let go; in the end a part of tip_nl.
    """

    def __init__(self, reservoir: Reservoir, head: PumpHead, catheter: Catheter) -> None:
        self._reservoir = reservoir
        self._head = head
        self._catheter = catheter
        self.released_nl = 0.0

    def imbalance(self) -> float:
        """The worse of the two, relative to the largest volume that moved, at least one step."""
        head = self._head
        path = self._catheter
        held_nl = path.held_nl()
        net_nl = head.moved_nl - path.returned_nl
        kept_nl = net_nl - (held_nl + path.leaked_nl + path.tip_nl)
        drawn_nl = net_nl - self._reservoir.drawn_nl
        volumes_nl = (head.moved_nl, path.returned_nl, held_nl, path.leaked_nl, path.tip_nl)
        return max(abs(kept_nl), abs(drawn_nl)) / max(head.step_nl, *map(abs, volumes_nl))

    def check(self) -> None:
        """Raise ConservationError if fluid was made or lost."""
        imbalance = self.imbalance()
        if not imbalance <= CONSERVED:  # so that NaN is caught too
            raise ConservationError(f"imbalance of {imbalance:.3g}: {self.entries()}")

    def entries(self) -> dict[str, float]:
        """All counts since the start: steps, and volumes in nL."""
        head = self._head
        path = self._catheter
        return {
            "forward_steps": head.forward_steps,
            "backward_steps": head.backward_steps,
            "dry_steps": head.dry_steps,
            "filled_nl": self._reservoir.filled_nl,
            "reservoir_nl": self._reservoir.volume_nl,
            "head_nl": head.moved_nl,
            "returned_nl": path.returned_nl,
            "held_nl": path.held_nl(),
            "stored_nl": path.stored_nl(),
            "released_nl": self.released_nl,
            "leaked_nl": path.leaked_nl,
            "tip_nl": path.tip_nl,
            "drug_nl": path.drug_nl(),
            "front_nl": path.front_nl(),
            "path_nl": path.path_nl,
        }
