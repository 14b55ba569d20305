"""Guards behind guards: each holds alone, where the one before it has failed."""

from protocol.wire import schema
from tests.pumps import Bed

PERIOD_MS = 4_320  # of a step of 50 nL at 1 mL/day


def test_no_step_is_permitted_in_another_state_than_running() -> None:
    """The state changed, and nobody told delivery to stop: the permit is refused all the same."""
    for state in (schema.STOPPED, schema.HELD, schema.FAULT):
        bed = Bed()
        bed.running((0, 1_000_000))
        bed.run(minutes=1)
        assert bed.steps
        bed.pump.state.state = state
        before = len(bed.steps)
        bed.run(minutes=5)
        assert len(bed.steps) <= before + 1, "but one whose permit was given already"


def test_a_step_whose_edge_was_held_up_with_the_chip_is_given_time_to_arrive() -> None:
    """Flash work holds all interrupts: the edge comes late, and so does the encoder's answer."""
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=1)
    cpu, clock = bed.world.cpu, bed.world.clock
    for _ in range(20):
        bed.run(ms=bed.steps[-1] + PERIOD_MS - 10 - bed.now_ms)
        state = cpu.disable()
        clock.sleep_us(75_000)
        cpu.enable(state)
        bed.run(s=1)
    ledger = bed.pump.ledger
    assert ledger.commanded.value() == ledger.verified.value() == len(bed.steps)
    assert ledger.unverified.value() == 0


def test_a_step_whose_timer_never_came_is_made_by_the_next_permit() -> None:
    """It was permitted, and not made: neither commanded, nor taken off what is owed."""
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=1)
    board = bed.pump.board
    arm_step = board.arm_step
    for _ in range(5):
        before = len(bed.steps)
        board.arm_step = lambda delay_ms: None
        bed.run(ms=bed.steps[-1] + PERIOD_MS + 20 - bed.now_ms)
        assert len(bed.steps) == before
        board.arm_step = arm_step
        bed.run(s=1)
        assert len(bed.steps) == before + 1
    assert bed.pump.ledger.commanded.value() == len(bed.steps)
    assert bed.pump.ledger.unverified.value() == 0


def test_permits_that_were_not_used_up_do_not_cover_a_runaway_later() -> None:
    """Every other step lost: fifty permits without motion, none of which is still good."""
    bed = Bed()
    bed.running((0, 1_000_000))
    while len(bed.steps) < 100:
        bed.plant.stall(len(bed.steps) % 2 == 0)
        steps = len(bed.steps)
        while len(bed.steps) == steps:
            bed.run(ms=200)
        bed.run(s=1)
    bed.plant.stall(False)
    assert bed.state == schema.RUNNING
    lost = bed.pump.ledger.unverified.value()
    assert lost >= 49
    bed.plant.runaway(5.0)
    bed.run(minutes=1)
    assert bed.state == schema.FAULT
    assert bed.plant.snapshot()["unasked_steps"] <= 4


def test_two_encoder_edges_that_merge_are_half_of_no_later_step() -> None:
    """The chip was held while the motor turned: that step is not seen, and no other is more."""
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=1)
    cpu, clock = bed.world.cpu, bed.world.clock
    merged = 6
    for _ in range(merged):
        bed.run(ms=bed.steps[-1] + PERIOD_MS + 1 - bed.now_ms)
        state = cpu.disable()
        clock.sleep_us(35_000)
        cpu.enable(state)
        bed.run(ms=2 * PERIOD_MS - 2_000)
    ledger = bed.pump.ledger
    assert ledger.unverified.value() == merged
    assert ledger.verified.value() == ledger.commanded.value() - merged
    assert bed.plant.snapshot()["forward_steps"] == len(bed.steps)
