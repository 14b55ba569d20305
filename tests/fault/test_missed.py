"""A loop that is away for too long: what was due meanwhile is missed, told, and not caught up."""

from fractions import Fraction

import pytest

from firmware.delivery import ENERGISE_MS, LATE_MS_MAX
from firmware.task import NEVER
from protocol.wire import events, schema
from tests.fault.log_entries import entries
from tests.pumps import Bed

RATE_NL_DAY = 10_000_000
PERIOD_MS = 432
MINUTES = 10


def held_for(ms: int) -> Bed:
    """A task keeps the loop for so long, once, in the middle of MINUTES."""
    bed = Bed()
    bed.running((0, RATE_NL_DAY))
    bed.programmer.goodbye()
    bed.run(minutes=MINUTES / 2)
    care = bed.pump.care

    def poll(_now_ms: int) -> None:
        care.due_ms = NEVER
        bed.pump.board.sleep_ms(ms)

    care.poll = poll
    care.due_ms = 0
    bed.run(minutes=MINUTES / 2)
    return bed


def missed(bed: Bed) -> list[tuple[int, int]]:
    return [(one.a, one.b) for one in entries(bed) if one.kind == events.MISSED]


@pytest.mark.parametrize("ms", [1_500, 1_700, 1_900])
def test_what_was_missed_is_in_the_log_to_the_millisecond_and_not_caught_up(ms: int) -> None:
    bed = held_for(ms)
    ((late_ms, rate_nl_day),) = missed(bed)
    assert rate_nl_day == RATE_NL_DAY
    assert LATE_MS_MAX < late_ms <= ms
    steps = bed.steps
    gaps = [b - a for a, b in zip(steps, steps[1:])]
    assert min(gaps) >= PERIOD_MS - ENERGISE_MS, "no step is made in a hurry"
    owed = Fraction(steps[-1] - steps[0] - late_ms, PERIOD_MS)
    assert abs(len(steps) - 1 - owed) <= Fraction(1, 10)
    assert bed.state == schema.RUNNING
    ledger = bed.pump.ledger
    assert abs(ledger.verified.value() - len(steps)) <= 1


@pytest.mark.parametrize("ms", [0, 300, 900])
def test_a_step_that_is_late_and_made_is_not_missed(ms: int) -> None:
    assert missed(held_for(ms)) == []
    assert len(held_for(ms).steps) == len(held_for(0).steps)
