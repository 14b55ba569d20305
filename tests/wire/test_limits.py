"""Limits are the pump's own:

One beyond is refused with what would be accepted, nothing changes.
"""

from typing import Any

import pytest

from emulator.bedside import prescription
from protocol.wire import codec, schema
from tests.pumps import Bed, bytes_of_state


@pytest.fixture(scope="module")
def stopped() -> Bed:
    bed = Bed()
    bed.ready((0, 400_000), dose_ng_day_limit=1_000_000)
    bed.programmer.ask(schema.SETUP, dict(bed.pump.setup))
    bed.programmer.prescribe([(0, 400_000)])
    return bed


def refused(bed: Bed, kind: int, payload: bytes) -> dict[str, Any]:
    bed.programmer.hello()
    before = bytes_of_state(bed.pump)
    bed.programmer.counter += 1
    answer, got = bed.programmer.exchange(kind, payload, bed.programmer.counter)
    assert answer == schema.REFUSED, got
    assert bytes_of_state(bed.pump) == before
    return got


def propose(segments: list[tuple[int, int]], **changes: Any) -> bytes:
    fields = prescription(segments, 2_000)
    fields.update(changes)
    return codec.encode(schema.PROPOSE, fields)


@pytest.mark.parametrize("rate", [1, 47_999])
def test_a_rate_below_the_minimum_is_refused(stopped: Bed, rate: int) -> None:
    got = refused(stopped, schema.PROPOSE, propose([(0, rate)]))
    assert (got["name"], got["field"]) == ("OUT_OF_RANGE", "rate_nl_day")
    assert (got["accepted_low"], got["accepted_high"]) == (48_000, 24_000_000)


def test_a_rate_above_the_maximum_is_refused(stopped: Bed) -> None:
    payload = bytearray(propose([(0, 24_000_000)], dose_ng_day=48_000_000))
    payload[-4:] = (24_000_001).to_bytes(4, "little")
    got = refused(stopped, schema.PROPOSE, bytes(payload))
    assert (got["name"], got["field"]) == ("OUT_OF_RANGE", "rate_nl_day")
    assert got["accepted_high"] == 24_000_000


@pytest.mark.parametrize("rate", [48_000, 48_001, 1_234_567, 23_999_999, 24_000_000])
def test_every_rate_within_is_delivered(rate: int) -> None:
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, rate))
    hours = 1 if rate > 10_000_000 else 24
    start = len(bed.steps)
    bed.run(hours=hours)
    expected = rate * hours / 24 / 50
    assert abs(len(bed.steps) - start - expected) <= 1
    assert bed.state == schema.RUNNING


def test_nothing_at_all_is_no_prescription(stopped: Bed) -> None:
    got = refused(stopped, schema.PROPOSE, propose([(0, 0)]))
    assert (got["name"], got["field"]) == ("OUT_OF_RANGE", "rate_nl_day")


@pytest.mark.parametrize(
    ("wrong_dose", "accepted"),
    [(-3, False), (-2, True), (0, True), (2, True), (3, False)],
)
def test_dose_and_rate_may_disagree_by_1_nl_day(
    stopped: Bed, wrong_dose: int, accepted: bool
) -> None:
    """At 2,000 mcg/mL 1 nL is 2 ng."""
    payload = propose([(0, 400_000)], dose_ng_day=800_000 + wrong_dose)
    if accepted:
        stopped.ask(schema.PROPOSE, **prescription([(0, 400_000)], 2_000))
        return
    got = refused(stopped, schema.PROPOSE, payload)
    assert (got["name"], got["field"]) == ("DOSE_MISMATCH", "dose_ng_day")
    assert got["accepted_low"] <= 800_000 <= got["accepted_high"]


@pytest.mark.parametrize("factor", [10, 24, 60, 1_000])
def test_factor_errors_of_the_dose_are_refused(stopped: Bed, factor: int) -> None:
    """Per hour for per day, mg for mcg: the rate does not match the dose, or passes the limit."""
    dose = min(400_000 * 2 * factor, schema.DOSE_NG_DAY_MAX)
    got = refused(stopped, schema.PROPOSE, propose([(0, 400_000)], dose_ng_day=dose))
    assert got["name"] == "DOSE_MISMATCH"


def test_a_dose_above_the_commissioned_limit_is_refused(stopped: Bed) -> None:
    got = refused(stopped, schema.PROPOSE, propose([(0, 500_001)]))
    assert (got["name"], got["accepted_high"]) == ("DOSE_LIMIT", 1_000_000)
    stopped.ask(schema.PROPOSE, **prescription([(0, 500_000)], 2_000))


def test_another_concentration_than_the_commissioned_one_is_refused(stopped: Bed) -> None:
    payload = codec.encode(schema.PROPOSE, prescription([(0, 400_000)], 500))
    got = refused(stopped, schema.PROPOSE, payload)
    assert (got["name"], got["accepted_low"]) == ("CONCENTRATION_MISMATCH", 2_000)


@pytest.mark.parametrize("starts", [(60, 30), (60, 60), (0, 5, 4)])
def test_segments_out_of_order_are_refused(stopped: Bed, starts: tuple[int, ...]) -> None:
    fields = prescription([(0, 400_000)], 2_000)
    fields["therapy"] = schema.SCHEDULE
    fields["segments"] = [{"start_min": s, "rate_nl_day": 400_000} for s in starts]
    got = refused(stopped, schema.PROPOSE, codec.encode(schema.PROPOSE, fields))
    assert (got["name"], got["field"]) == ("SCHEDULE_ORDER", "start_min")


def test_simple_continuous_has_one_segment_from_midnight(stopped: Bed) -> None:
    for segments in ([(5, 400_000)], [(0, 400_000), (60, 400_000)]):
        payload = propose(segments, therapy=schema.CONTINUOUS, dose_ng_day=800_000)
        assert refused(stopped, schema.PROPOSE, payload)["name"] == "SCHEDULE_ORDER"


def test_a_schedule_needs_a_clock() -> None:
    bed = Bed()
    bed.programmer.hold_magnet()
    bed.programmer.hello()
    setup = Bed()
    setup.ready()
    bed.programmer.ask(schema.SETUP, dict(setup.pump.setup))
    bed.programmer.prescribe([(0, 400_000), (720, 600_000)])
    assert refused(bed, schema.START, b"")["name"] == "CLOCK_NOT_SET"
    bed.programmer.prescribe([(0, 400_000)])
    bed.programmer.start()
    schedule = prescription([(0, 400_000), (720, 600_000)], 2_000)
    for state in (schema.RUNNING, schema.HELD):
        digest = bed.ask(schema.PROPOSE, **schedule)["digest"]
        assert refused_confirm(bed, digest) == "CLOCK_NOT_SET", state
        bed.plant.stall(True)
        bed.run(minutes=2)
        assert bed.state == schema.HELD
    bed.ask(schema.STOP)
    bed.programmer.prescribe([(0, 400_000), (720, 600_000)])
    bed.plant.stall(False)
    bed.programmer.ask(schema.ACKNOWLEDGE, {"alarm": schema.MOTOR_STALLED})
    bed.programmer.ask(schema.SET_CLOCK, {"wall_s": 13 * 3600})
    assert bed.programmer.start()["rate_nl_day"] == 600_000


def refused_confirm(bed: Bed, digest: bytes) -> str:
    """Name of the refusal of a CONFIRM; the proposal stays."""
    bed.programmer.counter += 1
    answer, got = bed.programmer.exchange(schema.CONFIRM, digest, bed.programmer.counter)
    assert answer == schema.REFUSED
    return str(got["name"])


@pytest.mark.parametrize("kind", [schema.SETUP, schema.CALIBRATE])
def test_setup_and_calibration_need_the_magnet(kind: int) -> None:
    bed = Bed()
    bed.ready()
    setup = dict(bed.pump.setup)
    bed.run(minutes=6)
    fields = setup if kind == schema.SETUP else {"steps": 1_000, "volume_nl": 50_000}
    got = refused(bed, kind, codec.encode(kind, fields))
    assert got["name"] == "MAGNET_NEEDED"
    bed.programmer.hold_magnet()
    bed.ask(kind, **fields)


@pytest.mark.parametrize(
    ("volume_nl", "step_pl"),
    [(44_999, None), (45_000, 45_000), (51_300, 51_300), (55_000, 55_000), (55_001, None)],
)
def test_calibration_is_bound_to_10_percent(volume_nl: int, step_pl: int | None) -> None:
    bed = Bed()
    bed.ready()
    payload = codec.encode(schema.CALIBRATE, {"steps": 1_000, "volume_nl": volume_nl})
    if step_pl is None:
        got = refused(bed, schema.CALIBRATE, payload)
        assert got["name"] == "CALIBRATION_BOUND"
        assert (got["accepted_low"], got["accepted_high"]) == (45_000, 55_000)
    else:
        answer = bed.ask(schema.CALIBRATE, steps=1_000, volume_nl=volume_nl)
        assert answer == {"old_step_pl": 50_000, "step_pl": step_pl}


@pytest.mark.parametrize(
    ("field", "value"), [("conc_mcg_ml", 50), ("conc_mcg_ml", 4_000), ("reservoir_nl", 10_000_000)]
)
def test_setup_takes_only_what_the_pump_knows(stopped: Bed, field: str, value: int) -> None:
    fields = {**stopped.pump.setup, field: value}
    got = refused(stopped, schema.SETUP, codec.encode(schema.SETUP, fields))
    assert (got["name"], got["field"]) == ("OUT_OF_RANGE", field)


def test_a_new_setup_drops_the_prescription_of_the_old_one() -> None:
    bed = Bed()
    bed.ready((0, 400_000))
    bed.programmer.ask(schema.SETUP, {**bed.pump.setup, "conc_mcg_ml": 500})
    assert refused(bed, schema.START, b"")["name"] == "NO_PRESCRIPTION"


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_payload_of_another_length_is_refused(stopped: Bed, cut: int) -> None:
    payload = propose([(0, 400_000), (30, 500_000), (90, 600_000)])
    assert refused(stopped, schema.PROPOSE, payload[:-cut])["name"] == "BAD_LENGTH"
    assert refused(stopped, schema.PROPOSE, payload + bytes(cut))["name"] == "BAD_LENGTH"


def test_confirming_while_running_changes_the_rate_at_once_and_keeps_the_phase() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=30)
    proposal = bed.ask(schema.PROPOSE, **prescription([(0, 2_000_000)], 2_000))
    assert proposal["old_total_ng_day"] == 2_000_000
    assert proposal["change_permille"] == 1_000
    before = len(bed.steps)
    bed.programmer.ask(schema.CONFIRM, {"digest": proposal["digest"]})
    bed.run(minutes=30)
    assert abs(len(bed.steps) - before - 1_800 / 2.16) <= 1


def test_peak_hour_is_that_of_any_sliding_hour() -> None:
    bed = Bed()
    bed.ready()
    proposal = bed.ask(
        schema.PROPOSE, **prescription([(0, 480_000), (630, 4_800_000), (690, 480_000)], 2_000)
    )
    assert proposal["peak_start_min"] == 630
    assert proposal["peak_ng_hour"] == 400_000
    assert proposal["total_nl_day"] == 480_000 + 4_320_000 // 24
