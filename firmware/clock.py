"""Time on the device: milliseconds since boot for everything that acts, wall time for the
schedule.

Called from the loop only. The one ``ticks_diff`` of the firmware is here. `now_ms` is a small int:
every day the epoch moves forward by one day (Loop tells every holder of a deadline), so it stays
below 2**27 and nothing wraps.
"""

from firmware.guard import (
    EPOCH_TICKS,
    UPTIME_DAYS,
    WALL_AT_MS,
    WALL_DAY,
    WALL_DAY_MS,
    WALL_IS_SET,
    Corrupt,
    put,
    take,
)

DAY_MS = 86_400_000
REBASE_AT_MS = 90_000_000  # an hour past the day; below 2**27 = 134_217_728
_DAY_S = 86_400
_TICKS_MASK = 0x3FFF_FFFF  # the chip's ticks wrap at 2**30
_TICKS_LESS_A_DAY = _TICKS_MASK - DAY_MS + 1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.board import Board
    from firmware.guard import Guard


class Clock:
    """Monotonic milliseconds since boot. Must be read at least every 2**29 ms (6 days).

    now_ms: as last read.
    """

    def __init__(self, board: "Board", guard: "Guard") -> None:
        self._ticks_ms = board.ticks_ms
        self._ticks_diff = board.ticks_diff
        self._guard = guard
        self.now_ms = 0
        self.go_on()

    def read(self) -> int:
        """The time now, in ms. Allocates nothing. Raises Corrupt."""
        rest = self._guard.rest
        epoch = rest[EPOCH_TICKS]
        if rest[EPOCH_TICKS + 1] != ~epoch:
            raise Corrupt()
        now_ms: int = self._ticks_diff(self._ticks_ms(), epoch)
        self.now_ms = now_ms
        return now_ms

    def rebase(self) -> None:
        """Move the epoch forward by DAY_MS. Allocates nothing. Raises Corrupt."""
        rest = self._guard.rest
        days = take(rest, UPTIME_DAYS)
        put(rest, EPOCH_TICKS, (take(rest, EPOCH_TICKS) - _TICKS_LESS_A_DAY) & _TICKS_MASK)
        put(rest, UPTIME_DAYS, days + 1)
        self.now_ms -= DAY_MS

    def go_on(self) -> None:
        """Count on from now_ms as it was last read, whatever the epoch was."""
        put(self._guard.rest, EPOCH_TICKS, (self._ticks_ms() - self.now_ms) & _TICKS_MASK)

    def uptime_s(self) -> int:
        """Whole seconds since boot; never falls."""
        return self._guard.rest[UPTIME_DAYS] * _DAY_S + self.now_ms // 1000


class WallClock:
    """Local date and time as the clinician set it, carried on by the monotonic clock.

    It chooses the place in the schedule and stamps what people read; no dose is computed from it.
    Seconds count from 2000-01-01 00:00:00 local time.
    """

    def __init__(self, guard: "Guard") -> None:
        self._guard = guard

    @property
    def is_set(self) -> bool:
        """Whether somebody has said what time it is. Raises Corrupt."""
        return bool(take(self._guard.rest, WALL_IS_SET))

    def set(self, wall_s: int, now_ms: int) -> None:
        """It is ``wall_s`` (0 .. schema.WALL_S_MAX) at ``now_ms``. Raises Corrupt."""
        self._guard.check()
        rest = self._guard.rest
        put(rest, WALL_IS_SET, 1)
        put(rest, WALL_DAY, wall_s // _DAY_S)
        put(rest, WALL_DAY_MS, wall_s % _DAY_S * 1000)
        put(rest, WALL_AT_MS, now_ms)

    def day_ms(self, now_ms: int) -> int:
        """Milliseconds since midnight, 0 .. 86_399_999. Raises Corrupt."""
        rest = self._guard.rest
        return (take(rest, WALL_DAY_MS) + now_ms - take(rest, WALL_AT_MS)) % DAY_MS

    def wall_s(self, now_ms: int) -> int:
        """Seconds since 2000-01-01; 0 while unset. May be a big int. Raises Corrupt."""
        if not self.is_set:
            return 0
        rest = self._guard.rest
        ms = take(rest, WALL_DAY_MS) + now_ms - take(rest, WALL_AT_MS)
        return (take(rest, WALL_DAY) + ms // DAY_MS) * _DAY_S + ms % DAY_MS // 1000

    def rebase(self) -> None:
        """The monotonic epoch moved forward by one day: the same instants, one date later."""
        rest = self._guard.rest
        put(rest, WALL_DAY, take(rest, WALL_DAY) + 1)
