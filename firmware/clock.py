"""Time on the device: milliseconds since boot for everything that acts, wall time for the
schedule.

Called from the loop only. The one ``ticks_diff`` of the firmware is here. `now_ms` is a small int:
every day the epoch moves forward by one day (Loop tells every holder of a deadline), so it stays
below 2**27 and nothing wraps.
"""

DAY_MS = 86_400_000
REBASE_AT_MS = 90_000_000  # an hour past the day; below 2**27 = 134_217_728
_DAY_S = 86_400

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.board import Board


class Clock:
    """Monotonic milliseconds since boot. Must be read at least every 2**29 ms (6 days)."""

    def __init__(self, board: "Board") -> None:
        self._ticks_ms = board.ticks_ms
        self._ticks_diff = board.ticks_diff
        self._ticks = board.ticks_ms()
        self._days = 0
        self.now_ms = 0

    def read(self) -> int:
        """The time now, in ms. Allocates nothing."""
        ticks = self._ticks_ms()
        self.now_ms += self._ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self.now_ms

    def rebase(self) -> None:
        """Move the epoch forward by DAY_MS."""
        self.now_ms -= DAY_MS
        self._days += 1

    def uptime_s(self) -> int:
        """Whole seconds since boot; never falls."""
        return self._days * _DAY_S + self.now_ms // 1000


class WallClock:
    """Local date and time as the clinician set it, carried on by the monotonic clock.

    It chooses the place in the schedule and stamps what people read; no dose is computed from it.
    Seconds count from 2000-01-01 00:00:00 local time.
    """

    def __init__(self) -> None:
        self.is_set = False
        self._day = 0  # days since 2000-01-01 ...
        self._day_ms = 0  # ... and ms into that day ...
        self._at_ms = 0  # ... at this time of the monotonic clock

    def set(self, wall_s: int, now_ms: int) -> None:
        """It is ``wall_s`` (0 .. schema.WALL_S_MAX) at ``now_ms``."""
        self.is_set = True
        self._day = wall_s // _DAY_S
        self._day_ms = wall_s % _DAY_S * 1000
        self._at_ms = now_ms

    def day_ms(self, now_ms: int) -> int:
        """Milliseconds since midnight, 0 .. 86_399_999."""
        return (self._day_ms + now_ms - self._at_ms) % DAY_MS

    def wall_s(self, now_ms: int) -> int:
        """Seconds since 2000-01-01; 0 while unset. May be a big int."""
        if not self.is_set:
            return 0
        ms = self._day_ms + now_ms - self._at_ms
        return (self._day + ms // DAY_MS) * _DAY_S + ms % DAY_MS // 1000

    def rebase(self) -> None:
        """The monotonic epoch moved forward by one day: the same instants, one date later."""
        self._day += 1
