"""Check of the clock: the monotonic time against a second time base, the chip's RTC, every hour,
and for the first time ten seconds after the start.

The RTC counts whole seconds, so an hour by it is right to less than 1 s; two crystals of 50 ppm
each differ by at most 0.36 s in it; and between the two readings the loop may write to the flash
(0.45 s). Together less than 2 s: more is a disagreement, and says that one of the two is wrong by
1 in 1,800 or worse. Which of them cannot be told, so delivery goes on, by the monotonic time
alone.

On the RP2040 both run from the same crystal: a crystal that is wrong is not found by this, a
counter that jumps or stands is. A board without RTC is not checked. Only the time of day is
compared: a jump by whole days stays unseen, and nothing depends on it.
"""

from firmware.task import NEVER, Task
from protocol.wire import events, schema

TOLERANCE_MS = 2_000
_FIRST_MS = 10_000  # 2 s of it are a fifth
_PERIOD_MS = 3_600_000
_DAY_S = 86_400

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from firmware.alarm import Alarms
    from firmware.board import Board


class TimeBase(Task):
    """Raises CLOCK_DISAGREES, and clears it after an hour in which they agree."""

    def __init__(self, board: "Board", alarms: "Alarms", note: "Callable[[int], None]") -> None:
        super().__init__()
        self._rtc_day_s = board.rtc_day_s
        self._alarms = alarms
        self._note = note
        self._at_ms = NEVER  # of the last reading; NEVER: there was none
        self._day_s = 0
        self.due_ms = 0 if board.has_rtc else NEVER

    def poll(self, now_ms: int) -> None:
        """Every hour. Reading the RTC wants memory: where there is none it waits an hour."""
        self.due_ms = now_ms + _PERIOD_MS
        try:
            day_s = self._rtc_day_s()
        except MemoryError:
            self._at_ms = NEVER
            self._note(events.NO_MEMORY)
            return
        if self._at_ms == NEVER:
            self.due_ms = now_ms + _FIRST_MS
        else:
            self._compare((day_s - self._day_s) % _DAY_S, now_ms - self._at_ms)
        self._at_ms = now_ms
        self._day_s = day_s

    def rebase(self, by_ms: int) -> None:
        """See Task."""
        super().rebase(by_ms)
        if self._at_ms != NEVER:
            self._at_ms -= by_ms

    def _compare(self, rtc_s: int, monotonic_ms: int) -> None:
        apart_ms = rtc_s * 1000 - monotonic_ms
        is_hour = monotonic_ms >= _PERIOD_MS
        if apart_ms < -TOLERANCE_MS or apart_ms > TOLERANCE_MS:
            in_an_hour = 1 if is_hour else _PERIOD_MS // _FIRST_MS
            self._alarms.raise_alarm(schema.CLOCK_DISAGREES, apart_ms * in_an_hour)
        elif is_hour:
            self._alarms.clear(schema.CLOCK_DISAGREES)
