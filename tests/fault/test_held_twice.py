"""What decides whether there is delivery, and how much may be asked for, beside the guarded words:
the alarms that hold it and the limits of the set-up. A flipped bit in them ends in FAULT.
"""

import pytest

from emulator import inject
from emulator.bedside import Refused
from firmware import fault
from firmware.pins import SUPPLY
from protocol import names
from protocol.wire import schema
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
