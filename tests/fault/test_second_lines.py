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
