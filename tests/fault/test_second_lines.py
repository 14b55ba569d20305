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
