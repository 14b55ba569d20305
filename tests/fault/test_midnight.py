"""The total since midnight: begun anew when the day changes, however it comes to change."""

from typing import Any

import pytest

from protocol.wire import schema
from tests.pumps import Bed

DAY_S = 86_400
BEGUN_S = 8 * 3_600  # the bedside's clock at the start
STEP_NL = 50
RATE_NL_DAY = 1_000_000


def since_midnight_nl(bed: Bed) -> int:
    return int(bed.totals()["midnight_verified_nl"])


def delivering() -> Bed:
    """Since 08:00; it is a quarter to midnight."""
    bed = Bed()
    bed.running((0, RATE_NL_DAY))
    bed.run(hours=15.75)
    assert since_midnight_nl(bed) > 600_000
    return bed


def of(minutes: float) -> float:
    """What is delivered in so long."""
    return RATE_NL_DAY * minutes / 1_440


@pytest.mark.parametrize(
    ("wall_s", "is_new_day"),
    [
        (BEGUN_S + 15 * 3_600, False),  # 45 minutes back
        (DAY_S - 60, False),
        (DAY_S + 3 * 3_600, True),
        (9 * DAY_S + 23 * 3_600 + 2_700, True),  # the same time of another day
        (schema.WALL_S_MAX - DAY_S, True),
    ],
)
def test_a_clock_set_to_another_day_begins_it_anew(wall_s: int, is_new_day: bool) -> None:
    bed = delivering()
    before_nl = since_midnight_nl(bed)
    bed.ask(schema.SET_CLOCK, wall_s=wall_s)
    bed.run(s=20)
    found_nl = since_midnight_nl(bed)
    assert (found_nl <= of(1)) == is_new_day
    assert is_new_day or found_nl >= before_nl


def test_a_clock_set_back_over_midnight_begins_it_anew_each_time() -> None:
    """What belongs to the other day is not counted for this one."""
    bed = delivering()
    for wall_s in (DAY_S + 600, DAY_S - 600, DAY_S + 600):
        bed.ask(schema.SET_CLOCK, wall_s=wall_s)
        bed.run(minutes=5)
        assert abs(since_midnight_nl(bed) - of(5)) <= 2 * STEP_NL


def test_a_night_without_power_begins_it_anew_when_the_clock_is_set() -> None:
    bed = delivering()
    bed.world.power_cut()
    bed.world.run_for_ms(9 * 3_600_000)
    bed.world.power_on()
    bed.run(minutes=1)
    assert since_midnight_nl(bed) > 600_000, "the pump believes that it is still the evening"
    bed.ask(schema.SET_CLOCK, wall_s=DAY_S + 9 * 3_600)
    bed.run(minutes=10)
    assert abs(since_midnight_nl(bed) - of(10)) <= 2 * STEP_NL


def test_a_day_that_could_not_begin_is_not_forgotten_when_the_clock_is_set_once_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bed = delivering()
    ledger = bed.pump.ledger

    def without_memory(_span: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(ledger, "begin", without_memory)
        for wall_s in (DAY_S + 3_600, DAY_S + 3_610):
            bed.ask(schema.SET_CLOCK, wall_s=wall_s)
            bed.run(s=5)
        assert since_midnight_nl(bed) > 600_000
    bed.run(s=70)
    assert since_midnight_nl(bed) <= of(2)


@pytest.mark.parametrize("times", [1, 40])
def test_without_memory_at_midnight_delivery_goes_on_and_it_begins_when_there_is_some(
    times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed = delivering()
    ledger = bed.pump.ledger
    begin = ledger.begin
    tries: list[int] = []

    def without_memory(span: Any) -> None:
        tries.append(bed.now_ms)
        if len(tries) <= times:
            raise MemoryError
        begin(span)

    monkeypatch.setattr(ledger, "begin", without_memory)
    steps = len(bed.steps)
    bed.run(minutes=75)
    assert bed.state == schema.RUNNING
    assert abs(len(bed.steps) - steps - of(75) / STEP_NL) <= 1
    assert len(tries) == times + 1
    assert tries[-1] - tries[0] == times * 60_000
    assert abs(since_midnight_nl(bed) - of(60 - times)) <= 2 * STEP_NL
    bed.run(hours=24)
    assert len(tries) == times + 2, "the next midnight comes when it should"
    assert (tries[-1] - tries[0]) % (DAY_S * 1_000) == 0
