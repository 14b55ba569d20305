"""Makes alarms heard and seen: buzzer and status LED.

Critical: two tones for three seconds, every ten minutes; warning: one tone for one second, every
hour (the patterns of the pumps in use; docs/limits.md). It goes on for as long as an alarm
stands; there is no last repeat. Silence is temporary, and a new alarm breaks it.
"""

from firmware.task import NEVER, Task
from protocol.wire import schema

SILENCE_MS = 120_000
CRITICAL_PERIOD_MS = 600_000
WARNING_PERIOD_MS = 3_600_000
_HIGH_HZ = 1_000
_LOW_HZ = 750
_CRITICAL_TONES = 6  # half a second each, high and low in turn
_TONE_MS = 500
_WARNING_MS = 1_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.alarm import Alarms
    from firmware.board import Board


class Annunciator(Task):
    """Sounds the pattern of the highest alarm that stands. The LED is on while one does."""

    def __init__(self, board: "Board", alarms: "Alarms") -> None:
        super().__init__()
        self._tone = board.tone
        self._led = board.led
        self._alarms = alarms
        self._tones_left = 0
        self._pattern_at_ms = 0
        self._silent_until_ms = -1
        self._sounding = False

    def sound(self) -> None:
        """A tone from now on, until the first alarm has its pattern."""
        self._tone(_HIGH_HZ)

    def look(self, raised: bool, now_ms: int) -> None:
        """The alarm table changed; raised: a new alarm came."""
        priority = self._alarms.priority()
        self._led(1 if priority else 0)
        if not priority:
            self._quiet()
            self.due_ms = NEVER
        elif raised:
            self._silent_until_ms = -1
            self._start(now_ms)

    def silence(self, now_ms: int) -> None:
        """No sound for two minutes, unless a new alarm comes."""
        self._silent_until_ms = now_ms + SILENCE_MS
        self._quiet()
        if self.due_ms != NEVER:
            self.due_ms = self._silent_until_ms

    def silence_s(self, now_ms: int) -> int:
        """Seconds of silence left."""
        return max(0, self._silent_until_ms - now_ms + 999) // 1000

    def poll(self, now_ms: int) -> None:
        """The next tone of the pattern, or the next pattern."""
        if self._tones_left:
            self._next_tone(now_ms)
        elif self._sounding:
            self._quiet()
            self.due_ms = self._pattern_at_ms + self._period_ms()
        else:
            self._start(now_ms)

    def rebase(self, by_ms: int) -> None:
        """See Task."""
        super().rebase(by_ms)
        self._pattern_at_ms -= by_ms
        self._silent_until_ms = max(-1, self._silent_until_ms - by_ms)

    def _start(self, now_ms: int) -> None:
        self._pattern_at_ms = now_ms
        self._sounding = True
        if self._alarms.priority() == schema.CRITICAL:
            self._tones_left = _CRITICAL_TONES
            self._next_tone(now_ms)
        else:
            self._tone(_HIGH_HZ)
            self.due_ms = now_ms + _WARNING_MS

    def _next_tone(self, now_ms: int) -> None:
        self._tone(_LOW_HZ if self._tones_left & 1 else _HIGH_HZ)
        self._tones_left -= 1
        self.due_ms = now_ms + _TONE_MS

    def _quiet(self) -> None:
        self._tones_left = 0
        self._sounding = False
        self._tone(0)

    def _period_ms(self) -> int:
        critical = self._alarms.priority() == schema.CRITICAL
        return CRITICAL_PERIOD_MS if critical else WARNING_PERIOD_MS
