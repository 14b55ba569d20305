"""What a scenario expects, and whether it came: read from the file, judged on the run.

    { alarm = "OCCLUSION", after = "6 h", by = "8 h" }          raised, and when
    { cleared = "OCCLUSION", after = "9 h", by = "9 h 1 min" }  its condition gone
    { no_alarm = "OCCLUSION", after = "9 h" }                   not raised from then on
    { state = "HELD", at = "8 h" }                              state of the pump at a time
    { volume = "delivered", at_least = "200 uL", at_most = "205 uL", at = "24 h" }
                                                                of the account (account.py)

after, by and at may be left out: they are the start and the end then. An alarm that nobody
expected fails the scenario anyway (verdict.py).
"""

from dataclasses import dataclass
from typing import NamedTuple

from emulator.story import units
from emulator.story.account import VOLUMES, account
from emulator.story.chronicle import Chronicle
from protocol import names
from protocol.programmer import quantity
from protocol.programmer.quantity import QuantityError
from protocol.programmer.toml_file import FileError, Table
from protocol.wire import schema

ALARMS = units.OneOf(tuple(row[0] for row in schema.ALARM_TABLE), "alarm")


class Check(NamedTuple):
    """One thing that was to hold. what: the promise. found: what was seen."""

    what: str
    found: str
    holds: bool


class Expectation:
    """Base of the kinds below."""

    def welcomes(self) -> str:
        """The alarm that is no surprise because of this expectation, or ""."""
        return ""

    def judge(self, chronicle: Chronicle) -> Check:
        """Whether it came."""
        raise NotImplementedError


@dataclass(frozen=True)
class AlarmComes(Expectation):
    """The alarm is raised between after_ms and by_ms."""

    alarm: str
    after_ms: int
    by_ms: int

    def welcomes(self) -> str:
        """See Expectation."""
        return self.alarm

    def judge(self, chronicle: Chronicle) -> Check:
        """See Expectation."""
        times = [one.raised_ms for one in chronicle.raised(self.alarm)]
        return _in_window(f"{self.alarm} is raised", times, self.after_ms, self.by_ms)


@dataclass(frozen=True)
class AlarmGoes(Expectation):
    """The condition of the alarm goes between after_ms and by_ms."""

    alarm: str
    after_ms: int
    by_ms: int

    def judge(self, chronicle: Chronicle) -> Check:
        """See Expectation."""
        times = [one.cleared_ms for one in chronicle.raised(self.alarm)]
        seen = [t_ms for t_ms in times if t_ms is not None]
        return _in_window(f"{self.alarm} clears", seen, self.after_ms, self.by_ms)


@dataclass(frozen=True)
class NoAlarm(Expectation):
    """The alarm is not raised between after_ms and by_ms."""

    alarm: str
    after_ms: int
    by_ms: int

    def judge(self, chronicle: Chronicle) -> Check:
        """See Expectation."""
        times = [one.raised_ms for one in chronicle.raised(self.alarm)]
        within = [t_ms for t_ms in times if self.after_ms <= t_ms <= self.by_ms]
        what = f"no {self.alarm} between {span(self.after_ms)} and {span(self.by_ms)}"
        return Check(what, _times(within) or "none", not within)


@dataclass(frozen=True)
class StateIs(Expectation):
    """The pump is in this state at at_ms."""

    state: str
    at_ms: int

    def judge(self, chronicle: Chronicle) -> Check:
        """See Expectation."""
        found = chronicle.state_at(self.at_ms)
        return Check(f"{self.state} at {span(self.at_ms)}", found or "down", found == self.state)


@dataclass(frozen=True)
class VolumeIs(Expectation):
    """A volume of the account at at_ms lies between the two, in nL.

    is_end: at_ms is the end of the run. Then what a board was seen to have done is counted, though
    the last look at it ends a little later; at any other time it is what the look before saw.
    """

    volume: str
    low_nl: int
    high_nl: int
    at_ms: int
    is_end: bool

    def judge(self, chronicle: Chronicle) -> Check:
        """See Expectation."""
        at_ms = chronicle.end_ms if self.is_end else self.at_ms
        found_nl = account(chronicle, at_ms).volume(self.volume)
        bracket = f"{self.low_nl / 1_000:g} to {self.high_nl / 1_000:g} uL"
        return Check(
            f"{self.volume} by {span(self.at_ms)}: {bracket}",
            f"{found_nl / 1_000:.2f} uL",
            self.low_nl <= found_nl <= self.high_nl,
        )


def read(row: Table, duration_ms: int) -> Expectation:
    """One expectation of a file; no time in it may lie after the end. Raises FileError."""
    times = _Times(row, duration_ms)
    if row.has("alarm"):
        found: Expectation = AlarmComes(row.take("alarm", ALARMS), *times.window())
    elif row.has("cleared"):
        found = AlarmGoes(row.take("cleared", ALARMS), *times.window())
    elif row.has("no_alarm"):
        found = NoAlarm(row.take("no_alarm", ALARMS), *times.window())
    elif row.has("state"):
        state = row.take("state", units.OneOf(names.STATES, "state"))
        found = StateIs(state, times.take("at", duration_ms))
    elif row.has("volume"):
        at_ms = times.take("at", duration_ms)
        found = VolumeIs(
            row.take("volume", units.OneOf(tuple(VOLUMES), "volume")),
            row.take("at_least", quantity.volume_nl),
            row.take("at_most", quantity.volume_nl),
            at_ms,
            at_ms == duration_ms,
        )
    else:
        kinds = "alarm, cleared, no_alarm, state, volume"
        raise FileError(row.place("..."), "expects nothing", f"begin with one of: {kinds}")
    row.close()
    return found


def span(t_ms: int) -> str:
    """A time since power-on as hours, minutes and seconds: 6:30:00."""
    return f"{t_ms // 3_600_000}:{t_ms // 60_000 % 60:02d}:{t_ms // 1_000 % 60:02d}"


class _Times:
    """The times of one row, each within the scenario."""

    def __init__(self, row: Table, duration_ms: int) -> None:
        self._row = row
        self._duration_ms = duration_ms

    def take(self, key: str, default_ms: int) -> int:
        return self._row.take(key, self._within) if self._row.has(key) else default_ms

    def window(self) -> tuple[int, int]:
        return self.take("after", 0), self.take("by", self._duration_ms)

    def _within(self, value: object) -> int:
        t_ms = units.duration_ms(value)
        if t_ms > self._duration_ms:
            raise QuantityError(f'"{value}" is after the end', "make `duration` longer")
        return t_ms


def _in_window(what: str, seen: list[int], after_ms: int, by_ms: int) -> Check:
    return Check(
        f"{what} between {span(after_ms)} and {span(by_ms)}",
        _times(seen) or "never",
        any(after_ms <= t_ms <= by_ms for t_ms in seen),
    )


def _times(seen: list[int]) -> str:
    return ", ".join(f"at {span(t_ms)}" for t_ms in seen)
