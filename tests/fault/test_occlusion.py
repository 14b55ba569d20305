"""Occlusion: told in time, held, resumed without catching up, and not cried without cause."""

import pytest

from firmware.pins import EN, PRESSURE, SUPPLY
from protocol.wire import schema
from tests.pumps import Bed

STEP_NL = 50


def kinked(rate_nl_day: int = 1_000_000) -> Bed:
    bed = Bed()
    bed.running((0, rate_nl_day))
    bed.run(minutes=10)
    bed.plant.kink(1.0)
    return bed


def run_until_alarm(bed: Bed, minutes_max: float) -> float:
    """Minutes until the pump holds."""
    start_ms = bed.now_ms
    while bed.state == schema.RUNNING:
        bed.run(s=10)
        assert bed.now_ms - start_ms < minutes_max * 60_000, "no alarm in time"
    return (bed.now_ms - start_ms) / 60_000


# Full block, 0.24 uL/kPa: 50 kPa in 58 min at 0.3 mL/day, 17 min at 1 mL/day, 6 h at 0.048 mL/day
# (derived from compliance x pressure / flow; an allowance for two samples and the sensor's noise).
@pytest.mark.parametrize(
    ("rate_nl_day", "minutes"), [(1_000_000, 17), (300_000, 58), (48_000, 360), (24_000_000, 0.72)]
)
def test_full_block_is_told_in_the_time_that_compliance_gives(
    rate_nl_day: int, minutes: float
) -> None:
    bed = kinked(rate_nl_day)
    period_min = 86_400 * STEP_NL / rate_nl_day / 60
    took = run_until_alarm(bed, minutes * 1.1 + 3 * period_min + 0.2)
    assert took > minutes * 0.9 - 2 * period_min - 0.2, "told before the pressure was there"
    assert bed.state == schema.HELD
    (alarm,) = bed.ask(schema.ALARMS)["alarms"]
    assert (alarm["alarm"], alarm["active"], alarm["acknowledged"]) == (schema.OCCLUSION, 1, 0)
    assert 50_000 <= alarm["value"] < 55_000


def test_held_delivers_nothing_and_has_no_motor_supply() -> None:
    bed = kinked()
    run_until_alarm(bed, 25)
    steps = len(bed.steps)
    bed.run(hours=2)
    assert len(bed.steps) == steps
    assert bed.world.chip.outside.level(SUPPLY) == 0
    assert bed.world.chip.outside.level(EN) == 1


@pytest.mark.parametrize("acknowledge_first", [True, False])
def test_delivery_resumes_when_acknowledged_and_released_in_either_order(
    acknowledge_first: bool,
) -> None:
    bed = kinked()
    run_until_alarm(bed, 25)
    for turn in (0, 1):
        bed.run(minutes=20)
        assert bed.state == schema.HELD
        if (turn == 0) == acknowledge_first:
            bed.ask(schema.ACKNOWLEDGE, alarm=schema.OCCLUSION)
        else:
            bed.plant.release()
    bed.run(s=25)
    assert bed.state == schema.RUNNING
    assert bed.pump.alarms.priority() == 0


def test_what_was_missed_is_not_caught_up() -> None:
    bed = kinked()
    run_until_alarm(bed, 25)
    bed.run(hours=6)
    bed.plant.release()
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.OCCLUSION)
    bed.run(minutes=1)
    before = len(bed.steps)
    assert before > 0
    assert bed.state == schema.RUNNING
    bed.run(hours=1)
    assert abs(len(bed.steps) - before - 3_600 / 4.32) <= 1


def test_an_occlusion_that_is_still_there_is_told_again() -> None:
    bed = kinked()
    run_until_alarm(bed, 25)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.OCCLUSION)
    bed.programmer.ask(schema.STOP)
    assert bed.programmer.start()["state"] == schema.HELD
    bed.run(hours=1)
    assert bed.state == schema.HELD
    assert bed.pump.alarms.is_active(schema.OCCLUSION)


def test_one_disturbed_conversion_is_no_occlusion() -> None:
    bed = Bed()
    bed.running()
    codes = [4_095] + [500] * 40
    bed.world.chip.outside.adc(PRESSURE, lambda: codes.pop(0) if len(codes) > 1 else 500)
    bed.run(minutes=2)
    assert bed.state == schema.RUNNING
    assert bed.pump.alarms.mask(True) == 0


def test_one_disturbed_conversion_is_no_release() -> None:
    bed = kinked()
    run_until_alarm(bed, 25)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.OCCLUSION)
    codes = [500]
    bed.world.chip.outside.adc(PRESSURE, lambda: codes.pop() if codes else 1_600)
    bed.run(minutes=10)
    assert not codes
    assert bed.state == schema.HELD


@pytest.mark.parametrize("kink", [0.3, 0.6, 0.9])
def test_a_partial_kink_that_lets_the_flow_through_is_no_occlusion(kink: float) -> None:
    bed = Bed()
    bed.running()
    bed.plant.kink(kink)
    bed.run(hours=4)
    assert bed.state == schema.RUNNING
