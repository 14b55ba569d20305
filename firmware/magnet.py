"""The magnet: a sign of somebody being at the patient, and never a way to stop therapy.

Held for three seconds it opens the programming window and silences the alarms. The interrupt
only asks for attention; the three seconds are counted by the loop.
"""

from firmware.task import NEVER, Task

HOLD_MS = 3_000
WINDOW_MS = 300_000  # own choice: long enough to type a set-up
_RECHECK_MS = 100

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.annunciator import Annunciator
    from firmware.board import Board


class Magnet(Task):
    """The reed switch and the window that it opens."""

    def __init__(self, board: "Board", annunciator: "Annunciator") -> None:
        super().__init__()
        self._board = board
        self._annunciator = annunciator
        self._held_since_ms = NEVER
        self._window_until_ms = 0
        board.on_magnet_edge(self._on_edge)

    def poll(self, now_ms: int) -> None:
        """An edge came, or it is time to see whether the magnet is still there."""
        self.due_ms = NEVER
        if not self._board.magnet_present():
            self._held_since_ms = NEVER
        elif self._held_since_ms == NEVER:
            self._held_since_ms = now_ms
            self.due_ms = now_ms + _RECHECK_MS
        elif now_ms - self._held_since_ms < HOLD_MS:
            self.due_ms = now_ms + _RECHECK_MS
        else:
            self._window_until_ms = now_ms + WINDOW_MS
            self._annunciator.silence(now_ms)

    def window_s(self, now_ms: int) -> int:
        """Seconds for which the programming window is still open."""
        return max(0, self._window_until_ms - now_ms + 999) // 1000

    def rebase(self, by_ms: int) -> None:
        """See Task."""
        super().rebase(by_ms)
        self._window_until_ms = max(0, self._window_until_ms - by_ms)
        if self._held_since_ms != NEVER:
            self._held_since_ms -= by_ms

    def _on_edge(self, _pin: object) -> None:
        self.due_ms = 0
        self._board.woken = True
