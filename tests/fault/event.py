"""An event of a pump's life: what would outlive a reset there, and what the pump said.

It is an instant at which a reset could find something else than the moment before:

    file        an operation on the disk has changed it
    step        an edge to the motor; the rotor has moved, unless it is jammed
    encoder     an edge of the encoder
    note        an event of the log was noted: each command, alarm, state, rate, bolus is one
    answer      bytes of an answer go out
    turn        the loop sleeps again, and pump or ledger say something else than before

Between two of them neither the disk nor the rotor changes, and nothing else outlives a reset: so
a reset at any other instant leaves what one of these leaves.
"""

from fractions import Fraction
from typing import Any, NamedTuple

from protocol.wire import schema

NO_BOLUS = -1
_TOLD_BY_A_START = 1 << schema.CLOCK_LOST | 1 << schema.WATCHDOG_RESET


class Said(NamedTuple):
    """What the pump says of itself. Alarms: bit per alarm, but those that any start changes."""

    state: int
    active: int
    waiting: int
    boluses: int
    outcome: int  # of the newest bolus; NO_BOLUS: there is none


class Given(NamedTuple):
    """The newest bolus as the plant has it.

    number: how many there were with it. steps: those made since it began, until now or its end.
    """

    number: int
    steps: int
    rate_nl_day: int
    total_nl_day: int

    def of_it(self) -> int:
        """Those of them that are the bolus's: its part of the rate, rounded to the nearest."""
        rate_nl_day = self.rate_nl_day
        part = Fraction(self.steps * rate_nl_day + rate_nl_day // 2, self.total_nl_day)
        return int(part)


class Event(NamedTuple):
    """An event, and what outlives a reset there.

    said: what the pump said in the turn of the loop in which it came, or in the one before a
    sleep; after a reset it may say any of it. steps: of the rotor in its life. days: the rotor's
    steps at the beginning of each day of the pump's clock. doubt: steps that the ledger does not
    know of. reserved: that may follow by docs/storage.md.
    """

    kind: str
    t_us: int
    disk: dict[str, bytes | None]
    fluid: Any
    stalled: bool
    said: list[Said]
    steps: int
    days: dict[int, int]
    given: Given | None
    doubt: int
    reserved: int


def said_by(pump: Any) -> Said:
    """What it says now."""
    alarms = pump.alarms
    rows = pump.boluses._rows
    return Said(
        pump.state.state,
        alarms.mask(False) & ~_TOLD_BY_A_START,
        alarms.mask(True) & ~_TOLD_BY_A_START,
        pump.boluses.count,
        rows[-1]["outcome"] if rows else NO_BOLUS,
    )
