"""A bolus: its volume, what ends it, and that none is ever begun again."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from emulator.bedside import Refused, prescription
from firmware import records
from protocol.wire import schema
from tests.fault.boluses import (
    BASAL_NL_DAY,
    CONC,
    RATE_NL_DAY,
    STEP_NL,
    VOLUME_NL,
    last,
    running,
)
from tests.fault.test_restore import (
    after_a_power_failure,
    corrupt,
    made,
    newest_of_the_ledger,
)
from tests.pumps import Bed


def owed_steps(rate_nl_day: int, s: Fraction) -> Fraction:
    return Fraction(rate_nl_day) * s / 86_400 / STEP_NL


@pytest.mark.parametrize("volume_nl", [1_000, 7_777, 50_000])
@pytest.mark.parametrize("rate_nl_day", [210_000, 4_800_000, 23_600_000])
def test_it_gives_its_volume_beside_the_prescription_and_no_more(
    volume_nl: int, rate_nl_day: int
) -> None:
    bed = running()
    steps = made(bed)
    begun_ms = bed.now_ms
    bed.programmer.bolus(volume_nl, rate_nl_day)
    bed.programmer.goodbye()
    took_s = Fraction(volume_nl * 86_400, rate_nl_day)
    bed.run(s=float(took_s) + 600)
    basal = owed_steps(BASAL_NL_DAY, Fraction(bed.now_ms - begun_ms, 1_000))
    extra = made(bed) - steps - basal
    assert abs(extra - Fraction(volume_nl, STEP_NL)) < 2
    found = last(bed)
    assert found["outcome"] == "WHOLE"
    assert abs(found["verified_nl"] - volume_nl) <= STEP_NL
    assert found["verified_nl"] == found["possible_nl"]
    totals = bed.totals()
    assert totals["bolus_verified_nl"] == found["verified_nl"]
    assert totals["continuous_verified_nl"] == totals["verified_nl"] == STEP_NL * made(bed)


def test_segments_change_below_it_and_both_have_their_share() -> None:
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, 1_000_000), (482, 0), (484, 3_000_000))
    bed.run(minutes=1)
    bed.programmer.hello()
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.run(minutes=10)
    assert abs(last(bed)["verified_nl"] - VOLUME_NL) <= STEP_NL


Cause = Callable[[Bed], Any]
ENDINGS: dict[str, tuple[Cause, str]] = {
    "cancel": (lambda bed: bed.ask(schema.CANCEL_BOLUS), "CANCELLED"),
    "stop": (lambda bed: bed.ask(schema.STOP), "ENDED_BY_STOP"),
    "an alarm that holds": (
        lambda bed: bed.pump.alarms.raise_alarm(schema.OCCLUSION, 1),
        "ENDED_BY_ALARM",
    ),
    "a warning": (
        lambda bed: bed.pump.alarms.raise_alarm(schema.RESERVOIR_LOW, 1),
        "ENDED_BY_ALARM",
    ),
    "a fault": (lambda bed: bed.pump.fault_stop(3), "ENDED_BY_ALARM"),
    "corrupt memory": (lambda bed: spoil(bed), "ENDED_BY_ALARM"),
    "power": (after_a_power_failure, "ENDED_BY_RESET"),
    "a reset": (lambda bed: bed.world.reset(bed.world.chip.WDT_RESET), "ENDED_BY_RESET"),
}


def spoil(bed: Bed) -> None:
    bed.pump.guard.step[0] ^= 4
    bed.run(s=2)
    assert bed.state == schema.FAULT
    with pytest.raises(Refused, match="FAULTED"):
        last(bed)
    bed.run(s=20)
    bed.world.reset(bed.world.chip.PWRON_RESET)


@pytest.mark.parametrize("cause", ENDINGS)
def test_what_ends_it_ends_it_for_good_and_nothing_is_caught_up(cause: str) -> None:
    act, outcome = ENDINGS[cause]
    bed = running()
    steps = made(bed)
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.run(s=120)
    act(bed)
    bed.run(s=5)
    found = last(bed)
    assert found["outcome"] == outcome
    given = made(bed) - steps
    assert found["verified_nl"] <= STEP_NL * (given + 1)
    assert VOLUME_NL // 4 < found["possible_nl"] < VOLUME_NL // 2
    for alarm in range(len(schema.ALARM_TABLE)):
        bed.pump.alarms.clear(alarm)
        bed.pump.alarms.acknowledge(alarm)
    steps, since_ms = made(bed), bed.now_ms
    bed.run(hours=2)
    status = bed.status()
    assert status["bolus_left_s"] == 0
    running_now = bed.state == schema.RUNNING
    assert status["rate_nl_day"] == (BASAL_NL_DAY if running_now else 0)
    basal = owed_steps(BASAL_NL_DAY, Fraction(bed.now_ms - since_ms, 1_000))
    assert abs(made(bed) - steps - (basal if running_now else 0)) <= 2
    assert last(bed)["possible_nl"] == found["possible_nl"]


@pytest.mark.parametrize("at_s", [0.0, 0.3, 2.0, 4.0, 30.0, 359.5, 361.0])
@pytest.mark.parametrize("is_damaged", [False, True])
def test_after_a_power_failure_the_bracket_of_the_bolus_holds_what_it_gave(
    at_s: float, is_damaged: bool
) -> None:
    """Also where the newest record of the ledger is damaged, as which none may know the bolus."""
    bed = running()
    before = made(bed)
    begun_ms = bed.now_ms
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.run(s=at_s)
    basal = owed_steps(BASAL_NL_DAY, Fraction(bed.now_ms - begun_ms, 1_000))
    given_nl = STEP_NL * (made(bed) - before - basal)
    if is_damaged:
        bed.world.power_cut()
        corrupt(bed, records.LEDGER, newest_of_the_ledger(bed))
    after_a_power_failure(bed)
    found = last(bed)
    assert found["verified_nl"] - 2 * STEP_NL <= given_nl <= found["possible_nl"] + 2 * STEP_NL
    totals = bed.totals()
    bolus_nl = (totals["bolus_verified_nl"], totals["bolus_possible_nl"])
    assert bolus_nl == (found["verified_nl"], found["possible_nl"])


def test_the_prescription_does_not_change_below_it() -> None:
    bed = running()
    proposal = bed.programmer.ask(schema.PROPOSE, prescription([(0, 500_000)], CONC))
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    with pytest.raises(Refused, match="BOLUS_UNDER_WAY"):
        bed.programmer.ask(schema.CONFIRM, {"digest": proposal["digest"]})
    bed.programmer.ask(schema.CANCEL_BOLUS)
    bed.programmer.ask(schema.CONFIRM, {"digest": proposal["digest"]})


def test_the_clock_may_be_set_during_it() -> None:
    bed = running()
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.run(s=60)
    bed.ask(schema.SET_CLOCK, wall_s=86_400 * 3_000)
    bed.run(minutes=10)
    found = last(bed)
    assert found["outcome"] == "WHOLE"
    assert abs(found["verified_nl"] - VOLUME_NL) <= STEP_NL


def test_the_newest_eight_are_kept_and_the_count_goes_on() -> None:
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, 48_000))
    for number in range(10):
        bed.programmer.hello()
        bed.programmer.bolus(1_000 + number, RATE_NL_DAY)
        bed.programmer.goodbye()
        bed.run(s=schema.BOLUS_LOCKOUT_S)
    after_a_power_failure(bed)
    found = bed.ask(schema.BOLUSES)
    assert found["count"] == 10
    assert [row["volume_nl"] for row in found["boluses"]] == list(range(1_002, 1_010))
    ages = [row["age_s"] for row in found["boluses"]]
    assert ages == sorted(ages, reverse=True)


def test_over_midnight_and_the_epochs_move_it_ends_when_it_should() -> None:
    """The monotonic clock is moved back by a day an hour after the day is over."""
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, BASAL_NL_DAY))
    bed.programmer.goodbye()
    bed.run(hours=24.95)
    bed.programmer.hello()
    bed.programmer.bolus(VOLUME_NL, VOLUME_NL * 24 * 4)
    bed.programmer.goodbye()
    bed.run(minutes=20)
    found = last(bed)
    assert found["outcome"] == "WHOLE"
    assert abs(found["verified_nl"] - VOLUME_NL) <= STEP_NL
