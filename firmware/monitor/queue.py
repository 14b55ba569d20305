"""Check of the interpreter's queue of callbacks: once a minute, whether it still takes one.

Nothing of this pump waits there: what delivers, watches and alarms is a hard interrupt or a task
of the loop. A queue that stays full says that something else on the board hangs, and is an event
of the log.
"""

from firmware.task import Task
from protocol.wire import events

_PERIOD_MS = 60_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from firmware.board import Board


class Queue(Task):
    """Notes QUEUE_FULL, once until it takes one again."""

    def __init__(self, board: "Board", note: "Callable[[int], None]") -> None:
        super().__init__()
        self._schedule = board.schedule
        self._note = note
        self._is_full = False
        self.due_ms = 0

    def poll(self, now_ms: int) -> None:
        """Allocates nothing where there is room."""
        self.due_ms = now_ms + _PERIOD_MS
        was_full = self._is_full
        try:
            self._schedule(bool, None)  # does nothing, and wants no memory for it
            self._is_full = False
        except RuntimeError:  # "schedule queue full": py/modmicropython.c
            self._is_full = True
            if not was_full:
                self._note(events.QUEUE_FULL)
