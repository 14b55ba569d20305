"""A bolus: its volume, its rules, what ends it, and that none is ever begun again."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from emulator.bedside import Refused, prescription
from firmware import records
from protocol import names
from protocol.wire import schema
from tests.fault.test_restore import after_a_power_failure, corrupt, made
from tests.pumps import Bed

VOLUME_NL = 20_000
RATE_NL_DAY = 4_800_000  # 6 min
BASAL_NL_DAY = 400_000
CONC = 2_000
STEP_NL = 50


def running(**setup: Any) -> Bed:
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, BASAL_NL_DAY), **setup)
    bed.run(minutes=30)
    bed.programmer.hello()
    return bed


def last(bed: Bed) -> dict[str, Any]:
    found: dict[str, Any] = bed.ask(schema.BOLUSES)["boluses"][-1]
    return {**found, "outcome": names.BOLUS_OUTCOMES[found["outcome"]]}


def refusal(
    bed: Bed, volume_nl: int = VOLUME_NL, rate_nl_day: int = RATE_NL_DAY
) -> dict[str, Any]:
    bed.programmer.hello()
    steps = made(bed)
    before = bed.ask(schema.BOLUSES)["count"]
    with pytest.raises(Refused) as refused:
        bed.programmer.bolus(volume_nl, rate_nl_day)
    assert bed.ask(schema.BOLUSES)["count"] == before
    assert made(bed) - steps <= 1
    return refused.value.values


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


@pytest.mark.parametrize("at_s", [0.0, 0.3, 30.0, 359.5, 361.0])
def test_after_a_power_failure_the_bracket_of_the_bolus_holds_what_it_gave(at_s: float) -> None:
    bed = running()
    before = made(bed)
    begun_ms = bed.now_ms
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.run(s=at_s)
    basal = owed_steps(BASAL_NL_DAY, Fraction(bed.now_ms - begun_ms, 1_000))
    given_nl = STEP_NL * (made(bed) - before - basal)
    after_a_power_failure(bed)
    found = last(bed)
    assert found["verified_nl"] - 2 * STEP_NL <= given_nl <= found["possible_nl"] + 2 * STEP_NL
    totals = bed.totals()
    bolus_nl = (totals["bolus_verified_nl"], totals["bolus_possible_nl"])
    assert bolus_nl == (found["verified_nl"], found["possible_nl"])


def test_none_is_given_within_the_lockout() -> None:
    bed = running()
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.programmer.goodbye()
    begun_s = bed.pump.clock.uptime_s()
    bed.run(s=400)
    assert refusal(bed)["name"] == "BOLUS_LOCKED_OUT"
    bed.programmer.goodbye()
    bed.run(s=begun_s + schema.BOLUS_LOCKOUT_S - bed.pump.clock.uptime_s() - 5)
    refused = refusal(bed)
    assert refused["name"] == "BOLUS_LOCKED_OUT"
    assert 0 < refused["accepted_low"] <= 6
    bed.run(s=refused["accepted_low"])
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)


def test_none_is_given_while_one_is_under_way() -> None:
    """One that lasts for longer than the lockout, too."""
    bed = running()
    bed.programmer.bolus(VOLUME_NL, VOLUME_NL * 4)
    bed.programmer.goodbye()
    assert refusal(bed)["name"] == "BOLUS_UNDER_WAY"
    bed.programmer.goodbye()
    bed.run(s=schema.BOLUS_LOCKOUT_S + 600)
    assert refusal(bed)["name"] == "BOLUS_UNDER_WAY"
    bed.programmer.goodbye()
    bed.run(hours=2)
    assert last(bed)["outcome"] == "WHOLE"


def test_neither_a_power_failure_nor_another_clock_shortens_the_lockout() -> None:
    bed = running()
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.programmer.goodbye()
    bed.run(minutes=20)
    before_s = bed.ask(schema.BOLUSES)["wait_s"]
    for wall_s in (9 * 3_600, 3_000_000_000, 0):
        bed.ask(schema.SET_CLOCK, wall_s=wall_s)
        after_a_power_failure(bed, off_s=3_600)
        bed.ask(schema.SET_CLOCK, wall_s=wall_s + 86_400)
        assert before_s - 20 <= bed.ask(schema.BOLUSES)["wait_s"] <= schema.BOLUS_LOCKOUT_S
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.CLOCK_LOST)
    assert refusal(bed)["name"] == "BOLUS_LOCKED_OUT"


def test_a_lost_record_locks_out_as_a_bolus_would() -> None:
    bed = running()
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.programmer.goodbye()
    bed.run(hours=5)
    bed.world.power_cut()
    corrupt(bed, records.BOLUSES)
    bed.world.power_on()
    bed.run(s=2)
    found = bed.ask(schema.BOLUSES)
    assert (found["count"], found["boluses"]) == (0, [])
    assert found["wait_s"] > schema.BOLUS_LOCKOUT_S - 10
    assert bed.status()["alarms_waiting"] & 1 << schema.RESTORE_FAILED


@pytest.mark.parametrize("acknowledged", [False, True])
def test_none_is_given_beside_an_alarm(acknowledged: bool) -> None:
    """Active or not acknowledged: either is enough."""
    bed = running()
    bed.pump.alarms.raise_alarm(schema.RESERVOIR_LOW, 1)
    if acknowledged:
        bed.pump.alarms.acknowledge(schema.RESERVOIR_LOW)
    else:
        bed.pump.alarms.clear(schema.RESERVOIR_LOW)
    assert refusal(bed)["name"] == "ALARM_STANDS"
    bed.pump.alarms.clear(schema.RESERVOIR_LOW)
    bed.pump.alarms.acknowledge(schema.RESERVOIR_LOW)
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)


def test_segment_and_bolus_together_stay_within_the_pumps_rate() -> None:
    bed = running()
    fastest = schema.RATE_NL_DAY_MAX - BASAL_NL_DAY
    refused = refusal(bed, rate_nl_day=fastest + 1)
    assert (refused["name"], refused["field"]) == ("OUT_OF_RANGE", "rate_nl_day")
    assert refused["accepted_high"] == fastest
    bed.programmer.bolus(VOLUME_NL, fastest)


def test_it_lasts_at_most_six_hours() -> None:
    bed = running()
    slowest = VOLUME_NL * 86_400 // schema.BOLUS_S_MAX
    refused = refusal(bed, rate_nl_day=slowest - 1)
    assert (refused["field"], refused["accepted_low"]) == ("rate_nl_day", slowest)
    bed.programmer.bolus(VOLUME_NL, slowest)
    assert bed.ask(schema.STATUS)["bolus_left_s"] == schema.BOLUS_S_MAX


def test_prescription_and_boluses_of_a_day_stay_within_its_limit() -> None:
    """Basal 800 mcg, three boluses of 40 mcg: the fourth would be above 940 mcg."""
    bed = running(dose_ng_day_limit=940_000)
    for _ in range(3):
        bed.programmer.hello()
        bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
        bed.programmer.goodbye()
        bed.run(s=schema.BOLUS_LOCKOUT_S + 5)
    refused = refusal(bed)
    assert (refused["name"], refused["field"]) == ("DOSE_LIMIT", "dose_ng")
    assert 19_700 <= refused["accepted_high"] <= 20_000
    assert refusal(bed, volume_nl=10_100)["name"] == "DOSE_LIMIT"
    bed.programmer.hello()
    with pytest.raises(Refused) as no:
        bed.programmer.prescribe([(0, BASAL_NL_DAY + 20_000)])
    assert no.value.values["name"] == "DOSE_LIMIT"
    bed.programmer.goodbye()
    bed.run(hours=24 - 3 * 4 + 0.2)
    bed.programmer.hello()
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)


def test_the_largest_bolus_is_that_of_screening() -> None:
    bed = running()
    largest_nl = schema.BOLUS_NG_MAX * 1_000 // CONC
    fields = {"conc_mcg_ml": CONC, "rate_nl_day": RATE_NL_DAY, "dose_ng": schema.BOLUS_NG_MAX}
    with pytest.raises(Refused) as no:
        bed.programmer.ask(schema.PROPOSE_BOLUS, {**fields, "volume_nl": largest_nl + 1})
    assert no.value.values["name"] == "DOSE_LIMIT"
    assert no.value.values["accepted_high"] == schema.BOLUS_NG_MAX
    bed.programmer.bolus(largest_nl, RATE_NL_DAY)


def test_dose_and_volume_must_agree() -> None:
    bed = running()
    fields = {
        "conc_mcg_ml": CONC,
        "volume_nl": VOLUME_NL,
        "rate_nl_day": RATE_NL_DAY,
        "dose_ng": VOLUME_NL * CONC // 1_000 + 3,
    }
    with pytest.raises(Refused, match="DOSE_MISMATCH"):
        bed.programmer.ask(schema.PROPOSE_BOLUS, fields)
    with pytest.raises(Refused, match="CONCENTRATION_MISMATCH"):
        bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY, conc_mcg_ml=1_000)


def test_a_digest_stands_for_one_bolus_once() -> None:
    bed = running()
    digest = bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)["digest"]
    with pytest.raises(Refused, match="NO_PROPOSAL"):
        bed.programmer.ask(schema.START_BOLUS, {"digest": digest})
    bed.programmer.goodbye()
    bed.run(s=schema.BOLUS_LOCKOUT_S)
    bed.programmer.hello()
    again = bed.programmer.ask(
        schema.PROPOSE_BOLUS,
        {
            "conc_mcg_ml": CONC,
            "volume_nl": VOLUME_NL,
            "rate_nl_day": RATE_NL_DAY,
            "dose_ng": VOLUME_NL * CONC // 1_000,
        },
    )
    assert again["digest"] != digest
    with pytest.raises(Refused, match="DIGEST_MISMATCH"):
        bed.programmer.ask(schema.START_BOLUS, {"digest": digest})
    bed.run(s=150)
    bed.ask(schema.STATUS)
    bed.run(s=151)
    with pytest.raises(Refused, match="NO_PROPOSAL"):
        bed.programmer.ask(schema.START_BOLUS, {"digest": again["digest"]})


def test_everything_is_checked_once_more_at_the_start() -> None:
    bed = running()
    proposal = bed.programmer.ask(
        schema.PROPOSE_BOLUS,
        {"conc_mcg_ml": CONC, "volume_nl": 5_000, "rate_nl_day": RATE_NL_DAY, "dose_ng": 10_000},
    )
    bed.pump.alarms.raise_alarm(schema.RESERVOIR_LOW, 1)
    with pytest.raises(Refused, match="ALARM_STANDS"):
        bed.programmer.ask(schema.START_BOLUS, {"digest": proposal["digest"]})


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


def test_one_that_cannot_be_stored_is_not_given() -> None:
    bed = running()
    store = bed.pump.memory._boluses

    def fails(_payload: bytes) -> None:
        from firmware.store import StoreError

        raise StoreError("the flash takes no write")

    sound, store.save = store.save, fails
    assert refusal(bed)["name"] == "NOT_STORED"
    assert bed.status()["bolus_left_s"] == 0
    store.save = sound
    assert bed.status()["alarms_active"] & 1 << schema.STORE_FAILED
