"""Independent check of motion: edges of the motor's encoder against permits.

`_on_edge` runs in a hard pin interrupt: integer attributes only, no allocation. It shares with
delivery one thing, the count of permits, read only. It cuts the motor supply by itself; the loop
learns of it afterwards. Not independent of the chip, its clock or the interpreter.

Where the core was held, both edges of a line come as one: the level is what it was, and which way
the motor went cannot be told. Such a step stays unverified and spoils no other.

_surplus is edges seen minus edges permitted. A new permit allows two more; a permit that was not
used up expires with the next one, while a surplus is carried on, so that a motor that moves a
little too much at every step is caught as well.
"""

from array import array

from firmware.guard import PERMITS, Corrupt
from firmware.task import NEVER, Task

EDGES_PER_STEP = 2
_SURPLUS_EDGES_MAX = 2 * EDGES_PER_STEP  # two steps beyond the permits
_PERMIT_LIFE_MS = 1_000  # from a permit's first edge; a step is over within 40 ms of it

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from firmware.board import Board
    from firmware.guard import Guard


class Motion(Task):
    """Counts edges and cuts the supply when the motor moves without a permit.

    tripped: whether the supply was cut; `on_trip` is then called from the loop.
    """

    def __init__(self, board: "Board", guard: "Guard", on_trip: "Callable[[int], None]") -> None:
        super().__init__()
        self._board = board
        self._words = guard.step
        self._on_trip = on_trip
        self._a = board.encoder_a
        self._b = board.encoder_b
        self._ticks_ms = board.ticks_ms
        self._ticks_mask = 0x3FFF_FFFF
        self._level_a = self._a()
        self._seen_permits = 0
        self._permit_at = 0
        self._surplus = 0
        self._edges = array("H", (0, 0xFFFF))  # a count and its complement
        self.tripped = False
        board.on_encoder_edge(self._on_edge)

    def poll(self, now_ms: int) -> None:
        """The interrupt cut the supply: tell the pump."""
        self.due_ms = NEVER
        if self.tripped:
            self._on_trip(now_ms)

    def edges(self) -> int:
        """Forward minus backward edges, modulo 2**16; for the ledger. Raises Corrupt.

        Twice: an edge may have come between the count and its complement. They are 1 ms apart.
        """
        words = self._edges
        if words[0] + words[1] != 0xFFFF and words[0] + words[1] != 0xFFFF:
            raise Corrupt()
        return words[0]

    def _on_edge(self, _pin: object) -> None:
        permits = self._words[PERMITS]
        if permits != self._seen_permits:
            self._seen_permits = permits
            self._permit_at = self._ticks_ms()
            self._surplus = (self._surplus if self._surplus > 0 else 0) - EDGES_PER_STEP
        edges = self._edges  # each counts from itself, so that a flipped bit stays seen
        level_a = self._a()
        if level_a == self._level_a:
            return
        self._level_a = level_a
        if level_a == self._b():
            edges[0] = (edges[0] - 1) & 0xFFFF
            edges[1] = (edges[1] + 1) & 0xFFFF
            self._surplus -= 1
            return
        edges[0] = (edges[0] + 1) & 0xFFFF
        edges[1] = (edges[1] - 1) & 0xFFFF
        self._surplus += 1
        if self._surplus >= EDGES_PER_STEP:
            age_ms = (self._ticks_ms() - self._permit_at) & self._ticks_mask
            if self._surplus > _SURPLUS_EDGES_MAX or age_ms > _PERMIT_LIFE_MS:
                self._cut()

    def _cut(self) -> None:
        self._board.supply(0)
        self.tripped = True
        self.due_ms = 0
        self._board.woken = True
