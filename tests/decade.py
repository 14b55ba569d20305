"""Ten virtual years of the tasks that count: clock, wall clock, second time base, counters."""

from array import array
from typing import Any

from firmware.alarm import Alarms
from firmware.clock import DAY_MS, REBASE_AT_MS, Clock, WallClock
from firmware.count import Count
from firmware.guard import PERMITS, Guard, put
from firmware.monitor.time_base import TimeBase
from protocol.wire import schema

YEARS = 10
HOUR_MS = 3_600_000
STEPS_AN_HOUR = 20_000  # 24 mL/day
_TICKS = 1 << 30


class Chip:
    """What the tasks ask of a board. now_ms: true time since boot."""

    has_rtc = True

    def __init__(self, boot_ticks: int, rtc_ppm: int) -> None:
        self.now_ms = 0
        self._rtc_ppm = rtc_ppm
        self._boot_ticks = boot_ticks

    def ticks_ms(self) -> int:
        return (self._boot_ticks + self.now_ms) % _TICKS

    def ticks_diff(self, end: int, start: int) -> int:
        return (end - start + _TICKS // 2) % _TICKS - _TICKS // 2

    def rtc_day_s(self) -> int:
        return (self.now_ms + self.now_ms * self._rtc_ppm // 1_000_000) // 1_000 % 86_400


def ten_years(years: int = YEARS, rtc_ppm: int = 0) -> dict[str, int]:
    """The largest error of each count at any hour, against plain arithmetic of any size."""
    board: Any = Chip(_TICKS - 2, rtc_ppm)
    memory = Guard(50_000)
    clock = Clock(board, memory)
    wall = WallClock(memory)
    alarms = Alarms(clock)
    base = TimeBase(board, alarms, lambda _kind: None)
    set_s = 800_000_000
    wall.set(set_s, clock.read())
    steps = Count(array("i", [0, -1, 0, -1]), 0)
    permits = 0xFFFE
    worst = {"uptime_s": 0, "wall_s": 0, "alarms": 0, "steps": 0}
    for hour in range(1, years * 365 * 24 + 1):
        board.now_ms = hour * HOUR_MS + hour % 997
        now_ms = clock.read()
        if now_ms >= REBASE_AT_MS:
            memory.check()
            clock.rebase()
            wall.rebase()
            base.rebase(DAY_MS)
            now_ms = clock.now_ms
        if now_ms >= base.due_ms:
            base.poll(now_ms)
        memory.poll(now_ms)
        steps.add(STEPS_AN_HOUR)
        permits = (permits + STEPS_AN_HOUR) & 0xFFFF
        put(memory.step, PERMITS, permits)
        true_s = board.now_ms // 1_000
        errors = {
            "uptime_s": abs(clock.uptime_s() - true_s),
            "wall_s": abs(wall.wall_s(now_ms) - set_s - true_s),
            "alarms": alarms.table[schema.CLOCK_DISAGREES].count,
            "steps": abs(steps.value() - hour * STEPS_AN_HOUR),
        }
        worst = {name: max(worst[name], error) for name, error in errors.items()}
    return worst
