"""Motor and encoder: stalls are told within two steps, and no step goes without a permit."""

import pytest

from emulator.bedside import Refused
from firmware.pins import DIR, STEP, SUPPLY
from protocol import names
from protocol.wire import schema
from tests.pumps import Bed

PERIOD_S = 4.32  # a step at 1 mL/day


def running() -> Bed:
    bed = Bed()
    bed.running()
    bed.run(minutes=5)
    return bed


def test_a_stall_is_told_within_two_steps_and_holds() -> None:
    bed = running()
    bed.plant.stall(True)
    steps = len(bed.steps)
    bed.run(s=2 * PERIOD_S + 0.5)
    assert bed.state == schema.HELD
    assert len(bed.steps) - steps == 2
    assert bed.pump.alarms.is_active(schema.MOTOR_STALLED)
    totals = bed.totals()
    assert totals["unverified_steps"] == 2
    assert totals["commanded_steps"] == totals["verified_steps"] + 2
    assert totals["possible_nl"] - totals["verified_nl"] == 100


def test_acknowledging_a_stall_is_the_order_to_try() -> None:
    bed = running()
    bed.plant.stall(True)
    bed.run(minutes=1)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    assert bed.state == schema.RUNNING
    bed.run(s=3 * PERIOD_S)
    assert bed.state == schema.HELD, "still stalled: told again"
    assert bed.pump.alarms.table[schema.MOTOR_STALLED].count == 2
    bed.plant.stall(False)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    bed.run(minutes=5)
    assert bed.state == schema.RUNNING


def test_one_lost_step_is_booked_as_unverified_and_is_no_stall() -> None:
    bed = running()
    bed.plant.stall(True)
    bed.run(s=PERIOD_S)
    bed.plant.stall(False)
    bed.run(minutes=5)
    assert bed.state == schema.RUNNING
    assert bed.pump.ledger.unverified.value() == 1
    assert bed.plant.snapshot()["forward_steps"] == bed.pump.ledger.verified.value()


@pytest.mark.parametrize("hz", [0.5, 5.0, 50.0])
def test_a_runaway_loses_its_supply_within_two_steps_beyond_the_permits(hz: float) -> None:
    bed = running()
    bed.plant.runaway(hz)
    bed.run(minutes=1)
    assert bed.world.chip.outside.level(SUPPLY) == 0
    assert bed.state == schema.FAULT
    found = bed.plant.snapshot()
    assert 1 <= found["unasked_steps"] <= 4, "one may stand for the step that was permitted"
    assert found["forward_steps"] - len(bed.steps) <= 3
    status = bed.status()
    assert names.FAULTS[status["fault_reason"]] == "UNPERMITTED_MOTION"
    assert status["alarms_active"] == 1 << schema.UNPERMITTED_MOTION
    with pytest.raises(Refused, match="FAULTED"):
        bed.ask(schema.START)


def test_a_step_long_after_the_last_permit_is_enough_to_cut_the_supply() -> None:
    """At the lowest rate a permit comes every 90 s; a single step between two of them is seen."""
    bed = Bed()
    bed.running((0, 48_000))
    bed.run(minutes=4)
    permitted = len(bed.steps)
    bed.plant.runaway(0.2)
    bed.run(s=12)
    assert bed.state == schema.FAULT
    assert bed.plant.snapshot()["forward_steps"] - permitted <= 1


def test_a_stopped_pump_has_no_supply_for_a_runaway() -> None:
    bed = running()
    bed.programmer.ask(schema.STOP)
    bed.plant.runaway(10.0)
    bed.run(minutes=10)
    assert bed.plant.snapshot()["unasked_steps"] == 0


def test_a_motor_that_moves_backward_is_a_stall_and_not_booked_as_delivered() -> None:
    bed = running()
    verified = bed.pump.ledger.verified.value()
    bed.plant._on_direction(0)
    assert bed.world.chip.outside.level(DIR) == 1
    bed.run(s=3 * PERIOD_S)
    assert bed.state == schema.HELD
    assert bed.pump.ledger.verified.value() <= verified


def test_a_hung_loop_loses_the_supply_within_4_s_and_is_reset_within_9_s() -> None:
    bed = running()
    clock = bed.world.clock
    hung_at_us = bed.world.now_us
    cut_at_us: list[int] = []
    bed.world.chip.outside.listen(
        SUPPLY, lambda level: None if level else cut_at_us.append(bed.world.now_us)
    )

    def hang(_now_ms: int) -> None:
        while True:
            clock.sleep_us(1_000)

    bed.pump.care.poll = hang
    bed.pump.care.due_ms = 0
    made_us: list[int] = []
    bed.world.chip.outside.listen(
        STEP, lambda level: made_us.append(bed.world.now_us) if level else None
    )
    steps = len(made_us)
    bed.run(s=12)
    assert cut_at_us[0] - hung_at_us <= 4_300_000
    (reset,) = bed.world.resets
    assert reset[0] - hung_at_us <= 9_300_000
    hung = [at_us for at_us in made_us[steps:] if at_us <= reset[0]]
    assert len(hung) <= 1, "the dead man's permit is for one step"
    hello = bed.programmer.hello()
    assert names.RESETS[hello["reset_cause"]] == "WATCHDOG"
    assert bed.state == schema.RUNNING
    assert bed.status()["alarms_waiting"] & 1 << schema.WATCHDOG_RESET


def test_a_loop_that_comes_back_after_the_cut_does_not_go_on_without_supply() -> None:
    """The supply was cut while it hung: it is reset, not left running with a dead motor."""
    bed = running()
    clock = bed.world.clock

    def busy(_now_ms: int) -> None:
        bed.pump.care.due_ms = 1 << 29
        clock.sleep_us(4_000_000)  # two looks of the monitor: one feeds, one cuts

    bed.pump.care.poll = busy
    bed.pump.care.due_ms = 0
    bed.run(s=15)
    assert [cause for _, cause in bed.world.resets] == [bed.world.chip.WDT_RESET]


def test_every_other_step_lost_is_booked_and_is_no_stall() -> None:
    bed = running()
    before = len(bed.steps)
    while len(bed.steps) < before + 20:
        bed.plant.stall(len(bed.steps) % 2 == 0)
        steps = len(bed.steps)
        while len(bed.steps) == steps:
            bed.run(ms=200)
        bed.run(s=1)
    assert bed.state == schema.RUNNING
    assert bed.pump.ledger.unverified.value() == 10


@pytest.mark.parametrize(
    ("error", "reason"), [(ValueError("broken"), "TASK_RAISED"), (MemoryError(), "NO_MEMORY")]
)
def test_a_task_that_raises_ends_delivery_and_neither_alarms_nor_answers(
    error: Exception, reason: str
) -> None:
    bed = running()

    def broken(_now_ms: int) -> None:
        bed.pump.care.due_ms = 1 << 29
        raise error

    bed.pump.care.poll = broken
    bed.pump.care.due_ms = 0
    steps = len(bed.steps)
    bed.run(minutes=1)
    assert len(bed.steps) == steps
    assert bed.state == schema.FAULT
    assert names.FAULTS[bed.status()["fault_reason"]] == reason
    assert bed.status()["alarms_active"] == 1 << schema.INVARIANT_BROKEN


def test_a_way_between_states_that_does_not_exist_is_a_fault() -> None:
    bed = Bed()
    bed.pump.start(bed.pump.clock.now_ms)
    bed.run(s=1)
    assert bed.state == schema.FAULT
    assert names.FAULTS[bed.status()["fault_reason"]] == "ILLEGAL_TRANSITION"


def test_the_first_fault_is_the_one_that_is_told() -> None:
    bed = running()
    bed.pump.fault_stop(names.FAULTS.index("UNPERMITTED_MOTION"))
    bed.pump.fault_stop(names.FAULTS.index("NO_MEMORY"))
    assert names.FAULTS[bed.status()["fault_reason"]] == "UNPERMITTED_MOTION"
    assert bed.pump.alarms.is_active(schema.UNPERMITTED_MOTION)


def test_a_motor_that_moves_a_little_too_much_at_every_step_is_caught() -> None:
    """One step more than permitted, each time: the surplus is carried from permit to permit."""
    bed = running()
    plant = bed.plant

    def again(level: int) -> None:
        if level:
            bed.world.at(bed.world.now_us + 15_000, lambda _: plant._on_step(1))

    bed.world.chip.outside.listen(STEP, again)
    bed.run(s=5 * PERIOD_S)
    assert bed.state == schema.FAULT
    assert len(bed.steps) >= 2


def test_a_timer_that_fires_twice_makes_one_step() -> None:
    bed = running()
    steps = len(bed.steps)
    drive = bed.pump.delivery._drive
    drive._on_timer(None)
    assert len(bed.steps) == steps, "no permit, no edge"


def test_lateness_of_the_loop_beyond_a_second_is_missed_delivery() -> None:
    bed = Bed()
    bed.running((0, 24_000_000))
    bed.run(s=10)
    clock = bed.world.clock

    def busy(_now_ms: int) -> None:
        bed.pump.care.due_ms = 1 << 29
        clock.sleep_us(1_800_000)

    bed.pump.care.poll = busy
    bed.pump.care.due_ms = 0
    before = len(bed.steps)
    bed.run(s=3)
    bed.run(s=20)
    assert bed.state == schema.RUNNING
    assert len(bed.steps) - before <= 20 / 0.18 + 8
