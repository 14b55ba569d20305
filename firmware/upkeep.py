"""Keeps what leads to the records true in both of its blocks.

littlefs moves a folder after a hundred compactions, and the newer block of the folder above learns
of it. The older one leads on to where it was, which is soon something else's: with the newer one
lost, or a bit of it, littlefs would run into that, and take the whole flash for damaged. Both
blocks of a folder that is written anew know.
"""

from firmware import records
from firmware.event_log import WRITE_MS
from firmware.task import Task
from protocol.wire import events

_HOUR_MS = 3_600_000
_FIRST_MS = 300_000  # after a start: who has just plugged it in may be at work with it
_DAY_HOURS = 24
_SPACING_MS = 2_000  # five in a row hold the loop for as long as the heartbeat waits
_HOURLY = records.ABOVE[2:]  # of the ledger: what is in them moves within a day
# The last one learns where the others have moved, in days; were it written anew each hour it would
# move itself as often, and only the root would know.
_DAILY = records.ABOVE + (records.FOLDER,)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Tuple

    from firmware.board import Board
    from firmware.clock import Clock
    from firmware.delivery import Delivery


class Upkeep(Task):
    """Writes the folders above the records anew: all of them after a start, which may have moved
    what is in them or go on behind what a power failure has left, and each day; the ledger's each
    hour.

    One at a time, where the next step leaves room as for the log: it takes as many erases. Not
    while the magnet is at the pump, which is timed by the person that holds it.
    note: told of an event (events.NO_MEMORY).
    """

    def __init__(
        self,
        board: "Board",
        clock: "Clock",
        delivery: "Delivery",
        note: "Callable[[int], None]",
    ) -> None:
        super().__init__()
        self._files = board.files
        self._magnet_present = board.magnet_present
        self._clock = clock
        self._delivery = delivery
        self._note = note
        self._folders: "Tuple[str, ...]" = _DAILY
        self._next = 0  # of those
        self._hours = 0
        self.due_ms = clock.now_ms + _FIRST_MS

    def poll(self, now_ms: int) -> None:
        """The next folder, when there is room. Without memory for it, it is left for this time."""
        if self._magnet_present():
            self.due_ms = now_ms + _SPACING_MS
            return
        if not self._delivery.has_room(self._clock.read(), WRITE_MS):
            self.due_ms = self._delivery.due_ms + 1
            return
        try:
            self._files.settle(self._folders[self._next])
        except MemoryError:
            self._note(events.NO_MEMORY)
        self._next += 1
        self.due_ms = now_ms + _SPACING_MS
        if self._next == len(self._folders):
            self._hours = (self._hours + 1) % _DAY_HOURS
            self._folders = _HOURLY if self._hours else _DAILY
            self._next = 0
            self.due_ms = now_ms + _HOUR_MS
