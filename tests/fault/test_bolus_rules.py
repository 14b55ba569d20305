"""When a bolus is given and when it is refused, and what is said then."""

import pytest

from emulator.bedside import Refused
from firmware import records
from protocol.wire import schema
from tests.fault.boluses import (
    BASAL_NL_DAY,
    CONC,
    RATE_NL_DAY,
    VOLUME_NL,
    last,
    refusal,
    running,
    without_account,
)
from tests.fault.test_restore import after_a_power_failure
from tests.kept import record_of


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
    bed = without_account(hours=5)
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


def test_one_that_cannot_be_stored_is_not_given() -> None:
    bed = running()
    store = record_of(bed.pump, records.BOLUSES)

    def fails(_payload: bytes) -> None:
        from firmware.store import StoreError

        raise StoreError("the flash takes no write")

    sound, store.save = store.save, fails
    assert refusal(bed)["name"] == "NOT_STORED"
    assert bed.status()["bolus_left_s"] == 0
    store.save = sound
    assert bed.status()["alarms_active"] & 1 << schema.STORE_FAILED
