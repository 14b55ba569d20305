"""A pump on a board, put together with plant and observer: what scenarios and servers take for a
Rig (emulator/rig.py)."""

from collections.abc import Callable, Sequence

from emulator.bench.wiring import BoardWorld, as_world
from emulator.rig import Rig
from emulator.trace import Sink
from emulator.world import World


class BoardRig(Rig):
    """A booted pump on a board. board: gives, by seed, one that nobody has run yet.

    seed, sinks, plant: see Rig. Raises BootError where the board does not come up.
    """

    magnet_ms = 3_500  # as of a Rig, after up to three frames of 50 ms that a cable has lost

    def __init__(
        self,
        board: Callable[[int], BoardWorld],
        seed: int = 1,
        sinks: Sequence[Sink] = (),
        **plant: float,
    ) -> None:
        self._board = board(seed)
        super().__init__(seed, sinks, **plant)

    def announce(self, t_ms: int) -> None:
        """See Rig. No look of the observer is under way then, as far as it ends in time."""
        self._board.busy_at_us = t_ms * 1_000

    def end(self) -> None:
        """See Rig. The observer knows what it was told last: look once more."""
        if self._board.observer is None:
            super().end()
        else:
            self._board.settle(super().end)

    def _power(self, on: bool) -> None:
        raise ValueError(
            "the power of a board is not ours to cut; that of a pump of pump-emulator can be"
        )

    def _make_world(self, seed: int) -> World:
        world: World = as_world(self._board)
        return world
