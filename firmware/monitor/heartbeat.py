"""Independent check of the loop: its heartbeat against a timer of the monitor's own.

`_on_period` runs in a hard timer interrupt, no allocation. The watchdog is fed here and nowhere
else, and only while the loop beat since the last look: at every feeding the beat is at most 2 s
old. A loop that hangs loses the motor supply within 4 s and is reset by the watchdog within 5 s
more.
"""

PERIOD_MS = 2_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.board import Board
    from firmware.loop import Loop


class Heartbeat:
    """Feeds the watchdog while the loop is alive, cuts the motor supply when it is not."""

    def __init__(self, board: "Board", loop: "Loop") -> None:
        self._feed = board.feed
        self._supply = board.supply
        self._loop = loop
        self.lost = False
        board.on_monitor_period(PERIOD_MS, self._on_period)

    def _on_period(self, _timer: object) -> None:
        if self._loop.beat and not self.lost:
            self._loop.beat = False
            self._feed()
        else:
            self.lost = True
            self._supply(0)
