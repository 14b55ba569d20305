"""A pump on a board, put together with plant and observer: what scenarios and servers take for a
Rig (emulator/rig.py)."""

from collections.abc import Sequence
from typing import Protocol

from emulator.bench.wiring import BoardWorld, as_world
from emulator.rig import Rig
from emulator.trace import Sink


class MakeBoard(Protocol):
    """Gives a board that nobody has run yet: a virtual Pico, or one on the bench."""

    def __call__(self, seed: int) -> BoardWorld:
        """seed: of all noise."""


class BoardRig(Rig):
    """A booted pump on a board. make: the board. seed, sinks, plant: see Rig.

    Raises BootError where the board does not come up.
    """

    def __init__(
        self, make: MakeBoard, seed: int = 1, sinks: Sequence[Sink] = (), **plant: float
    ) -> None:
        self._board = make(seed)
        super().__init__(seed, sinks, as_world(self._board), **plant)

    def end(self) -> None:
        """See Rig. The observer knows what it was told last: ask once more."""
        if self._board.observer is not None:
            self._board.settle()
        super().end()
