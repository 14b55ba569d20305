"""A reset, or a power failure, at every event of a pump's day: the ledger's bracket always holds.

The day, and what its events are: day.py. At faster rates one pump lives on through all resets:
the first comes one event of the World after the start, the next two after the next start.
"""

from fractions import Fraction

import pytest

from protocol.wire import schema
from tests.fault.resets import campaign
from tests.fault.test_restore import made
from tests.pumps import Bed

BOLUS_EVENTS = 120  # a dozen steps, and the end of the session
HOUR_EVERY = 17  # a prime: over the day each place in a step's events and in a block of steps
EVENTS = 260  # the last stretch is a quarter of an hour of steps, sessions and samples


def after_events(bed: Bed, count: int) -> None:
    """Run until so many more events have been dispatched."""
    for _ in range(count):
        bed.world.run_until(bed.world.next_event_us())


BOLUS_NL = 20_000
BASAL_NL_DAY = 400_000


def restart(bed: Bed, cut_power: bool) -> None:
    """The power fails and comes back, or the watchdog resets; until the pump is up again."""
    if cut_power:
        bed.world.power_cut()
        bed.world.power_on()
    else:
        bed.world.reset(bed.world.chip.WDT_RESET)
    while bed.pump is None:
        after_events(bed, 1)


class Again:
    """A pump that is brought back to the same flash, and to the start of a bolus, each time."""

    def __init__(self) -> None:
        self.bed = Bed(capacity_nl=40_000_000)
        self.bed.running((0, BASAL_NL_DAY))
        self.bed.run(hours=5)
        self._disk = dict(self.bed.world.disk._entries)

    def begin(self) -> None:
        """Boot, acknowledge, start a bolus; what was made before it counts from here."""
        bed = self.bed
        bed.world.disk._entries = dict(self._disk)
        bed.world.reset(bed.world.chip.PWRON_RESET)
        while bed.pump is None:
            after_events(bed, 1)
        programmer = bed.programmer
        programmer.hello()
        programmer.ask(schema.SET_CLOCK, {"wall_s": 10_000_000})
        programmer.ask(schema.ACKNOWLEDGE, {"alarm": schema.CLOCK_LOST})
        ledger = bed.pump.ledger
        self._bracket = (ledger.verified.value(), ledger.unverified.value())
        self._steps = made(bed)
        programmer.bolus(BOLUS_NL, 4_800_000)
        self._begun_ms = bed.now_ms
        programmer.goodbye()

    def given_steps(self) -> Fraction:
        """By the bolus, as the plant has it: all but what the prescription owes."""
        basal = Fraction(BASAL_NL_DAY * (self.bed.now_ms - self._begun_ms), 86_400_000 * 50)
        return made(self.bed) - self._steps - basal

    def holds(self) -> bool:
        """Whether the truth is in the ledger's bracket."""
        ledger = self.bed.pump.ledger
        low = ledger.verified.value() - self._bracket[0]
        high = low + ledger.unverified.value() - self._bracket[1]
        return bool(low - 1 <= made(self.bed) - self._steps <= high + 1)


def test_a_reset_at_any_event_of_a_day_loses_nothing_and_doubles_nothing() -> None:
    """Watchdog and power failure by turns; each at every event: `make prove`, MEMORY-05."""
    found = campaign(1, HOUR_EVERY)
    print(f"{found.resets} resets at {dict(found.events)}, {found.hours} hours after them")
    assert found.failed == []
    assert found.waited_ms <= 500, "what changes is on the flash as soon as there is room"
    assert found.events["step"] > 1_400
    assert found.resets > 4 * found.events["step"]


@pytest.mark.parametrize("cut_power", [False, True], ids=["reset", "power"])
def test_a_bolus_reset_at_every_event_never_goes_on_and_lies_in_its_bracket(
    cut_power: bool,
) -> None:
    """Each event of its first dozen steps, once."""
    again = Again()
    bed = again.bed
    for count in range(BOLUS_EVENTS):
        again.begin()
        after_events(bed, count)
        given = again.given_steps()
        restart(bed, cut_power)
        row = bed.pump.boluses.rows()[-1]
        assert bed.pump.boluses.count == 1
        assert row["outcome"] == schema.ENDED_BY_RESET, count
        assert not bed.pump.boluses.is_under_way
        assert row["verified_nl"] // 50 - 2 <= given <= row["possible_nl"] // 50 + 2, count
        assert again.holds(), count
    assert given > 10
    assert len(bed.steps) == made(bed), "each edge moved the rotor once"
    bed.run(minutes=10)
    assert bed.status()["bolus_left_s"] == 0


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
        restart(bed, cut_power)
        ledger = bed.pump.ledger
        low = ledger.verified.value()
        high = low + ledger.unverified.value()
        assert truth <= high, count
        assert low <= made(bed) <= high, "it has made steps of its own since it is up"
        assert bed.state in (schema.RUNNING, schema.HELD), count
    bed.run(hours=1)
    owed = 50 * made(bed)
    assert ledger.verified_nl() - 50 <= owed <= ledger.possible_nl() + 50
    assert len(bed.steps) == made(bed), "each edge moved the rotor once"
