"""chip.RTC: date and time, in whole seconds.

The rp2 port sets it to 2021-01-01 00:00:00 at each start (ports/rp2/main.c), and `datetime` gives
no fraction of a second (ports/rp2/machine_rtc.c). On the RP2040 it runs from the crystal that
everything else runs from; here it can be made to run fast or slow, or stand still.
"""

from emulator.arguments import as_int

_START_DAY = 7_671  # 2021-01-01, in days since 2000-01-01: 21 years, 6 of them leap years
_FRIDAY = 4  # 2021-01-01; 0 is Monday
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY_S = 86_400

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Tuple

    from emulator.world import World


class Calendar:
    """The one real-time clock of a chip. ppm: how much it runs fast; -1_000_000: it stands."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.ppm = 0
        self.reset()

    def reset(self) -> None:
        """The chip starts: 2021-01-01 00:00:00, by the same crystal."""
        self._since_us = self._world.now_us
        self._at_us = _START_DAY * _DAY_S * 1_000_000

    def now_s(self) -> int:
        """Seconds since 2000-01-01 00:00:00."""
        return self._now_us() // 1_000_000

    def set(self, s: int) -> None:
        """It is this second now, at its beginning."""
        self._since_us = self._world.now_us
        self._at_us = s * 1_000_000

    def drift(self, ppm: int) -> None:
        """From now on it runs fast by so many parts in a million."""
        self._at_us = self._now_us()
        self._since_us = self._world.now_us
        self.ppm = ppm

    def _now_us(self) -> int:
        gone_us = self._world.now_us - self._since_us
        return self._at_us + gone_us + gone_us * self.ppm // 1_000_000


class RTC:
    """What chip.RTC() gives."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    def datetime(self, _datetimetuple: "Any" = None) -> "Optional[Tuple[int, ...]]":
        """(year, month, day, weekday, hour, minute, second, 0); with a tuple like it: set it."""
        if _datetimetuple is None:
            return _from_seconds(self._calendar.now_s())
        if len(_datetimetuple) != 8:
            raise ValueError("requested length 8 but object has length %d" % len(_datetimetuple))
        year, month, day, _, hour, minute, second, _ = [as_int(part) for part in _datetimetuple]
        days = day - 1 + sum(_MONTHS[: month - 1]) + (month > 2 and year % 4 == 0)
        days += (year - 2000) * 365 + (year - 2000 + 3) // 4
        self._calendar.set(days * _DAY_S + hour * 3_600 + minute * 60 + second)
        return None


class RTCType:
    """chip.RTC."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar

    def __call__(self, _id: int = 0) -> RTC:
        """ValueError unless _id is 0."""
        if as_int(_id) != 0:
            raise ValueError("RTC(%d) doesn't exist" % _id)
        return RTC(self._calendar)


def _from_seconds(s: int) -> "Tuple[int, ...]":
    """Of 2000 .. 2099, where each fourth year is a leap year."""
    days = s // _DAY_S
    weekday = (days - _START_DAY + _FRIDAY) % 7
    year = 2000
    while days >= 365 + (year % 4 == 0):
        days -= 365 + (year % 4 == 0)
        year += 1
    month = 1
    while days >= _days_of(month, year):
        days -= _days_of(month, year)
        month += 1
    rest = s % _DAY_S
    return (year, month, days + 1, weekday, rest // 3_600, rest // 60 % 60, rest % 60, 0)


def _days_of(month: int, year: int) -> int:
    return _MONTHS[month - 1] + (month == 2 and year % 4 == 0)
