"""What a reset must not spoil beside the ledger's sum: kinds, days, alarms, the rate over many."""

from fractions import Fraction

from firmware import keeper, ledger
from protocol.wire import schema
from tests.fault.day import Day
from tests.fault.resets import STEP_NL, After
from tests.fault.test_restore import after_a_power_failure, made, waiting
from tests.power_loss.ward import Ward
from tests.pumps import Bed

DAY_S = 86_400
SLOWEST_NL_DAY = 48_000


def test_a_pump_that_was_prescribed_and_never_started_has_lost_nothing() -> None:
    bed = Bed()
    bed.ready((0, 1_000_000))
    bed.run(minutes=5)
    after_a_power_failure(bed)
    assert bed.state == schema.STOPPED
    assert "RESTORE_FAILED" not in waiting(bed)


def test_a_pump_that_was_never_set_up_has_lost_nothing() -> None:
    """It keeps a ledger of nothing, and may lie in its box for years."""
    bed = Bed()
    for _ in range(3):
        bed.run(hours=2)
        after_a_power_failure(bed)
        assert (bed.state, waiting(bed)) == (schema.UNCOMMISSIONED, set())


def test_a_day_that_ends_while_the_pump_starts_has_ended() -> None:
    """The start is slow: its flash erases in 200 ms."""
    ward = Ward()
    ward.boot()
    ward.run(s=1)
    ward.bedside.commission()
    ward.bedside.prescribe([(0, 1_000_000)])
    ward.bedside.start()
    ward.run(s=3_600)
    ward.bedside.hello()
    ward.bedside.ask(schema.SET_CLOCK, {"wall_s": DAY_S - 1})
    ward.flash.erase_us = 200_000
    ward.world.power_cut()
    ward.world.power_on()
    ward.world.run_for_ms(600_000)
    assert ward.pump.wall.wall_s(ward.pump.clock.read()) > DAY_S
    assert ward.pump.ledger.span_nl(ledger.SINCE_MIDNIGHT) <= 1_000_000 * 600 // 86_400


def test_a_slower_therapy_of_another_kind_reserves_as_few_steps_as_it_may() -> None:
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, 24_000_000))
    bed.run(minutes=5)
    bed.programmer.hello()
    bed.programmer.hold_magnet()
    bed.programmer.prescribe([(0, SLOWEST_NL_DAY), (480, 2 * SLOWEST_NL_DAY)])
    bed.programmer.goodbye()
    before = bed.totals()["unverified_steps"]
    after_a_power_failure(bed)
    assert bed.totals()["unverified_steps"] - before <= keeper.BLOCK_STEPS


def test_the_first_steps_of_a_schedule_are_in_the_bracket_of_schedules() -> None:
    """Those that may have been made by the first reservation too."""
    bed = Bed()
    bed.running((0, 96_000), (480, 48_000))
    bed.run(hours=1 / 16)
    truth = made(bed)
    assert 0 < truth < 8
    after_a_power_failure(bed)
    totals = bed.totals()
    assert totals["schedule_verified_nl"] <= truth * STEP_NL <= totals["schedule_possible_nl"]


def test_a_schedule_in_place_of_one_rate_has_its_steps_in_its_bracket() -> None:
    """The prescription changes while a reservation of the other kind stands."""
    bed = Bed()
    bed.running((0, 96_000))
    bed.run(hours=1)
    before = made(bed)
    bed.programmer.hello()
    bed.programmer.hold_magnet()
    bed.programmer.prescribe([(0, 96_000), (480, 48_000)])
    bed.programmer.goodbye()
    bed.run(minutes=3)
    since = made(bed) - before
    assert 0 < since < 8
    after_a_power_failure(bed)
    totals = bed.totals()
    assert totals["schedule_verified_nl"] <= since * STEP_NL <= totals["schedule_possible_nl"]


def test_a_reset_while_the_clock_is_set_to_another_day_begins_that_day_anew() -> None:
    """At each write to the disk on the way."""
    day = Day()
    bed = day.bed
    bed.programmer.start()
    bed.run(hours=15)
    before_us = bed.world.now_us
    bed.ask(schema.SET_CLOCK, wall_s=DAY_S + 3 * 3_600)
    bed.run(s=30)
    looked = 0
    for event in day.events:
        if event.t_us > before_us and event.kind == "file":
            after = After(event, True)
            wall = after.pump.wall
            if wall.wall_s(after.pump.clock.read()) >= DAY_S:
                looked += 1
                low, high = after.span(ledger.SINCE_MIDNIGHT)
                assert low <= event.steps - event.days.get(1, event.steps) <= high
    assert looked


def test_resets_that_follow_the_steps_deliver_no_more_than_is_owed() -> None:
    """A defect that resets the pump after each of its steps."""
    bed = Bed()
    bed.running((0, SLOWEST_NL_DAY))
    bed.run(hours=1)
    begun_ms, steps = bed.world.now_us // 1_000, len(bed.steps)
    for _ in range(40):
        made_before = len(bed.steps)
        while len(bed.steps) == made_before:
            bed.run(s=1)
        bed.world.reset(bed.world.chip.WDT_RESET)
        bed.run(s=1)
    lasted_ms = bed.world.now_us // 1_000 - begun_ms
    owed = Fraction(SLOWEST_NL_DAY * lasted_ms, 86_400_000 * STEP_NL)
    assert len(bed.steps) - steps <= owed + 1
