"""What decides whether there is delivery, and how much may be asked for, beside the guarded words:
the alarms that hold it, the limits of the set-up, the order to deliver, what is shown of the
calibration, what is proposed. A flipped bit in them ends in FAULT, or decides nothing. The account
of boluses: test_bolus_account.py.
"""

import pytest

from emulator import inject
from emulator.bedside import Refused, prescription
from firmware import fault, guard
from firmware.pins import SUPPLY
from protocol import names
from protocol.wire import schema
from tests.fault.test_restore import after_a_power_failure
from tests.pumps import Bed

inject.install()

ALARMS = range(len(schema.ALARM_TABLE))
WAITING = (schema.INVARIANT_BROKEN, schema.WATCHDOG_RESET)  # after the reset of a pump in FAULT
LIMIT_NG_DAY = 1_200_000


def faulted(bed: Bed) -> bool:
    told = names.FAULTS[bed.pump.state.fault_reason]
    level = bed.world.chip.outside.level(SUPPLY)
    return (bed.state, told, level) == (schema.FAULT, "MEMORY_CORRUPT", 0)


def held() -> Bed:
    """Therapy is on, and held since a fault that the watchdog's reset has ended."""
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=2)
    bed.pump.fault_stop(fault.TASK_RAISED)
    bed.run(s=2)
    bed.world.reset(bed.world.chip.WDT_RESET)
    bed.run(s=5)
    assert bed.state == schema.HELD
    bed.steps.clear()
    return bed


@pytest.mark.parametrize("flag", ["active", "waiting"])
@pytest.mark.parametrize("alarm", ALARMS, ids=[row[0] for row in schema.ALARM_TABLE])
def test_a_flipped_latch_of_an_alarm_never_lets_therapy_go_on(alarm: int, flag: str) -> None:
    """Held since a fault; somebody acknowledges one of the two alarms that stand."""
    bed = held()
    entry = bed.pump.alarms.table[alarm]
    setattr(entry, flag, not getattr(entry, flag))
    other = next(one for one in WAITING if one != alarm)
    bed.programmer.hello()
    with pytest.raises(TimeoutError):
        bed.programmer.ask(schema.ACKNOWLEDGE, {"alarm": other})
    bed.run(minutes=5)
    assert faulted(bed)
    assert bed.steps == []


def test_latches_that_nobody_touched_let_therapy_go_on() -> None:
    bed = held()
    for alarm in WAITING:
        bed.ask(schema.ACKNOWLEDGE, alarm=alarm)
    bed.run(minutes=5)
    assert bed.state == schema.RUNNING
    assert bed.steps


@pytest.mark.parametrize("bit", range(32))
def test_no_dose_is_accepted_by_a_flipped_limit(bit: int) -> None:
    bed = Bed()
    bed.ready((0, 300_000), dose_ng_day_limit=LIMIT_NG_DAY)
    bed.pump.setup["dose_ng_day_limit"] ^= 1 << bit
    with pytest.raises(TimeoutError):
        bed.programmer.prescribe([(0, 400_000)])
    assert faulted(bed)


@pytest.mark.parametrize("bit", range(16))
def test_no_bolus_is_accepted_by_a_flipped_concentration(bit: int) -> None:
    bed = Bed()
    bed.running((0, 300_000))
    bed.pump.setup["conc_mcg_ml"] ^= 1 << bit
    with pytest.raises(TimeoutError):
        bed.programmer.bolus(10_000, 1_000_000)
    assert faulted(bed)


def test_what_nobody_touched_takes_doses_up_to_the_limit() -> None:
    bed = Bed()
    bed.ready((0, 300_000), dose_ng_day_limit=LIMIT_NG_DAY)
    bed.programmer.prescribe([(0, 600_000)])
    with pytest.raises(Refused, match="DOSE_LIMIT"):
        bed.programmer.prescribe([(0, 601_000)])


@pytest.mark.parametrize("bit", range(16))
def test_no_calibration_is_kept_with_a_flipped_limit(bit: int) -> None:
    """CALIBRATE writes all of the set-up."""
    bed = Bed()
    bed.ready((0, 300_000), dose_ng_day_limit=LIMIT_NG_DAY)
    bed.programmer.hold_magnet()
    bed.pump.setup["dose_ng_day_limit"] ^= 1 << bit
    with pytest.raises(TimeoutError):
        bed.programmer.ask(schema.CALIBRATE, {"steps": 1_000, "volume_nl": 50_010})
    assert faulted(bed)
    after_a_power_failure(bed)
    assert bed.ask(schema.READ_SETUP)["dose_ng_day_limit"] == LIMIT_NG_DAY


@pytest.mark.parametrize("bit", range(16))
def test_a_flipped_bit_of_the_calibration_that_is_shown_changes_no_step(bit: int) -> None:
    """A set-up writes the calibration; delivery goes by what was written after the next start."""
    bed = Bed()
    bed.ready((0, 300_000))
    bed.programmer.hold_magnet()
    bed.programmer.ask(schema.CALIBRATE, {"steps": 1_000, "volume_nl": 50_010})
    bed.pump.step_pl ^= 1 << bit
    bed.ready((0, 300_000), patient_label="the next one")
    after_a_power_failure(bed)
    assert bed.pump.guard.rest[guard.STEP_PL] == bed.pump.step_pl == 50_010


def test_a_pump_that_is_off_is_not_on_after_a_flipped_bit_and_a_reset() -> None:
    bed = Bed()
    bed.ready((0, 1_000_000))
    bed.pump.is_on = True
    bed.pump.keeper.condition_changed()
    bed.run(s=5)
    assert faulted(bed)
    after_a_power_failure(bed)
    bed.steps.clear()
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.INVARIANT_BROKEN)
    bed.run(minutes=5)
    assert (bed.state, bed.steps) == (schema.STOPPED, [])


def test_a_pump_that_is_on_is_not_left_off_after_a_flipped_bit_and_a_reset() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=2)
    bed.pump.is_on = False
    bed.pump.keeper.condition_changed()
    bed.run(s=10)
    assert faulted(bed)
    after_a_power_failure(bed)
    assert bed.state == schema.HELD
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.INVARIANT_BROKEN)
    bed.run(minutes=5)
    assert bed.state == schema.RUNNING


@pytest.mark.parametrize("bit", range(24))
def test_what_is_confirmed_is_what_was_proposed(bit: int) -> None:
    """A flip in between: in what the digest stands for, or in what was computed from it."""
    bed = Bed()
    bed.ready((0, 300_000))
    proposed = bed.programmer.ask(schema.PROPOSE, prescription([(0, 400_000)], 2_000))
    proposal = bed.pump.session._commands._proposal
    proposal.rates_nl_day[0] ^= 1 << bit
    bed.programmer.ask(schema.CONFIRM, {"digest": proposed["digest"]})
    assert bed.pump.guard.rest[guard.REST_WORDS + 2] == 400_000
    assert bed.pump.therapy.prescription.total_nl_day() == 400_000

    proposed = bed.programmer.ask(schema.PROPOSE, prescription([(0, 500_000)], 2_000))
    proposal = bed.pump.session._commands._proposal
    proposal.fields["segments"][0]["rate_nl_day"] ^= 1 << bit
    with pytest.raises((Refused, TimeoutError)):
        bed.programmer.ask(schema.CONFIRM, {"digest": proposed["digest"]})
    assert bed.pump.guard.rest[guard.REST_WORDS + 2] == 400_000


@pytest.mark.parametrize("bit", range(24))
@pytest.mark.parametrize("where", ["computed", "confirmed"])
def test_no_bolus_is_accepted_by_a_flipped_rate_of_the_prescription(where: str, bit: int) -> None:
    """That what is told of it is not what is delivered leaves no room for a larger bolus."""
    bed = Bed()
    bed.running((0, 300_000), dose_ng_day_limit=650_000)  # 50_000 of it are left
    told = bed.pump.therapy.prescription
    if where == "computed":
        told.rates_nl_day[0] ^= 1 << bit
    else:
        told.fields["segments"][0]["rate_nl_day"] ^= 1 << bit
    bed.programmer.hello()
    with pytest.raises(Refused, match="DOSE_LIMIT"):
        bed.programmer.bolus(26_000, 4_800_000)
    bed.programmer.bolus(24_000, 4_800_000)
