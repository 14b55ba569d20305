"""Guards behind guards: each holds alone, where the one before it has failed."""

from protocol.wire import schema
from tests.pumps import Bed


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
