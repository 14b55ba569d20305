"""A reset, or a power failure, after every event of a pump's hours: the bracket always holds.

One pump lives on through all of them; the first reset comes one event after the start, the next
one two events after the next start, and so on.
"""

import pytest

from protocol.wire import schema
from tests.fault.test_restore import made
from tests.pumps import Bed

EVENTS = 260  # the last stretch is a quarter of an hour of steps, sessions and samples


def after_events(bed: Bed, count: int) -> None:
    """Run until so many more events have been dispatched."""
    for _ in range(count):
        bed.world.run_until(bed.world.next_event_us())


@pytest.mark.parametrize("cut_power", [False, True], ids=["reset", "power"])
@pytest.mark.parametrize("rate_nl_day", [400_000, 6_000_000])
def test_the_truth_is_in_the_bracket_and_nothing_is_delivered_twice(
    rate_nl_day: int, cut_power: bool
) -> None:
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, rate_nl_day), (720, rate_nl_day // 2))
    ledger = bed.pump.ledger
    for count in range(1, EVENTS):
        after_events(bed, count)
        if bed.pump is None:
            continue
        truth = made(bed)
        if cut_power:
            bed.world.power_cut()
            bed.world.power_on()
        else:
            bed.world.reset(bed.world.chip.WDT_RESET)
        while bed.pump is None:
            after_events(bed, 1)
        ledger = bed.pump.ledger
        low = ledger.verified.value()
        high = low + ledger.unverified.value()
        assert low - 1 <= truth <= high, count
        assert bed.state in (schema.RUNNING, schema.HELD), count
    bed.run(hours=1)
    owed = 50 * made(bed)
    assert ledger.verified_nl() - 50 <= owed <= ledger.possible_nl() + 50
    assert len(bed.steps) == made(bed), "each edge moved the rotor once"
