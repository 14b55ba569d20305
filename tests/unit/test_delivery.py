"""A step is timed when its timer is set, however late the loop has come to it."""

import pytest

from tests.pumps import Bed


def steps_ms(stale_ms: int) -> list[int]:
    """With a loop that polls delivery so long after it has looked at the clock."""
    bed = Bed()
    bed.running((0, 1_200_000))
    delivery = bed.pump.delivery
    poll = delivery.poll
    delivery.poll = lambda now_ms: poll(now_ms - stale_ms)
    bed.run(minutes=5)
    return bed.steps


@pytest.mark.parametrize("stale_ms", [1, 7, 20])
def test_a_turn_that_began_earlier_makes_no_step_late(stale_ms: int) -> None:
    assert len(steps_ms(0)) > 70
    assert steps_ms(stale_ms) == steps_ms(0)
