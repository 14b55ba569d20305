"""Corners of the alarms: disturbances apart from each other, silence, starts, and the calendar."""

from firmware.pins import PRESSURE, SUPPLY
from protocol import names
from protocol.wire import schema
from tests.fault.test_occlusion import kinked, run_until_alarm
from tests.fault.test_other_alarms import Ear
from tests.pumps import Bed

NORMAL, BLOCKED = 500, 1_600  # ADC codes: 4 and 58 kPa


def test_disturbed_conversions_apart_from_each_other_are_no_occlusion() -> None:
    bed = Bed()
    bed.running()
    codes = [4_095, NORMAL] * 20
    bed.world.chip.outside.adc(PRESSURE, lambda: codes.pop(0) if codes else NORMAL)
    bed.run(minutes=5)
    assert not codes
    assert bed.state == schema.RUNNING
    assert bed.pump.alarms.mask(True) == 0


def test_disturbed_conversions_apart_from_each_other_are_no_release() -> None:
    bed = kinked()
    run_until_alarm(bed, 25)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.OCCLUSION)
    codes = [NORMAL, BLOCKED] * 20
    bed.world.chip.outside.adc(PRESSURE, lambda: codes.pop(0) if codes else BLOCKED)
    bed.run(minutes=10)
    assert not codes
    assert bed.state == schema.HELD
    assert bed.pump.alarms.table[schema.OCCLUSION].count == 1, "it never went"


def test_a_magnet_without_an_alarm_sounds_nothing_afterwards() -> None:
    """There is nothing to go on with when the silence is over."""
    bed = Bed()
    bed.running()
    ear = Ear(bed)
    bed.programmer.hold_magnet()
    bed.run(minutes=10)
    assert [hz for _, hz in ear.heard if hz] == []


def test_acknowledging_one_of_two_alarms_does_not_break_the_silence() -> None:
    bed = Bed()
    bed.running()
    bed.plant.stall(True)
    bed.run(minutes=1)
    bed.pump.alarms.raise_alarm(schema.LEFT_STOPPED, 0)
    bed.programmer.hold_magnet()
    ear = Ear(bed)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.LEFT_STOPPED)
    bed.run(minutes=1)
    assert [hz for _, hz in ear.heard if hz] == []


def test_a_pump_that_was_started_again_is_never_left_stopped() -> None:
    bed = Bed()
    bed.running()
    bed.ask(schema.STOP)
    bed.run(hours=10)
    bed.ask(schema.START)
    bed.programmer.goodbye()
    bed.run(hours=60)
    assert bed.state == schema.RUNNING
    assert bed.pump.alarms.mask(True) == 0


def test_a_second_fault_cuts_the_supply_as_the_first_did() -> None:
    """Somebody switched it on in between: only a reset may."""
    bed = Bed()
    bed.running()
    bed.pump.fault_stop(names.FAULTS.index("TASK_RAISED"))
    bed.pump.board.supply(1)
    bed.pump.fault_stop(names.FAULTS.index("NO_MEMORY"))
    assert bed.world.chip.outside.level(SUPPLY) == 0


def test_the_calendar_goes_on_where_the_clock_moves_its_epoch() -> None:
    bed = Bed()
    bed.ready()
    wall_s = 820_000_000
    bed.ask(schema.SET_CLOCK, wall_s=wall_s)
    bed.programmer.goodbye()
    start_us = bed.world.now_us
    bed.run(hours=75)
    gone_s = (bed.world.now_us - start_us) / 1_000_000
    assert abs(bed.ask(schema.READ_CLOCK)["wall_s"] - wall_s - gone_s) <= 1
