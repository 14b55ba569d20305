"""Clocks: the dose follows the monotonic time alone, and a second time base watches that."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from emulator.bedside import Refused
from emulator.rtc import Calendar, RTCType
from emulator.world import World
from firmware import fault, guard
from firmware.pins import SUPPLY
from protocol.wire import schema
from tests.decade import ten_years
from tests.exact import Action, live
from tests.pumps import Bed

EPOCH = datetime(2000, 1, 1)
EDGE = [(0, 400_000), (360, 2_000_000), (1_200, 0), (1_300, 24_000_000)]


def wall(*parts: int) -> int:
    return round((datetime(*parts) - EPOCH).total_seconds())  # type: ignore[arg-type,misc]


JUMPS = {
    "an hour forward, as summer time begins": [wall(2026, 3, 29, 2), wall(2026, 3, 29, 3)],
    "an hour back, as it ends": [wall(2026, 10, 25, 3), wall(2026, 10, 25, 2)],
    "another zone": [wall(2026, 6, 1, 8), wall(2026, 6, 1, 23), wall(2026, 5, 31, 20)],
    "a leap day": [wall(2028, 2, 28, 23, 59, 50), wall(2028, 2, 29, 23, 59, 50)],
    "no leap day in 2100": [wall(2100, 2, 28, 23, 59, 50), wall(2100, 3, 1, 0, 0, 1)],
    "2038": [wall(2038, 1, 19, 3, 14, 5), wall(2038, 1, 19, 3, 14, 9)],
    "around 2**29 and 2**30 s": [(1 << 29) - 1, (1 << 29) + 1, (1 << 30) - 1, (1 << 30) + 1],
    "around 2**31 s, and the end": [(1 << 31) - 2, (1 << 31) + 2, schema.WALL_S_MAX - 3],
    "across an edge and back": [wall(2026, 6, 1, 5, 59, 59), wall(2026, 6, 1, 6, 0, 1)] * 3,
    "to the same second again": [wall(2026, 6, 1, 12)] * 4,
}


@pytest.mark.parametrize("name", JUMPS)
def test_setting_the_clock_moves_the_edge_and_no_dose(name: str) -> None:
    """Against the exact integral of what the schedule says for each moment of the wall clock."""
    actions: list[tuple[Action, int]] = [
        (("clock", wall_s), 700_000 + 1_000 * i) for i, wall_s in enumerate(JUMPS[name])
    ]
    checker = live(EDGE, actions, 49_973)
    assert checker.checked > 20


@pytest.mark.parametrize("name", JUMPS)
def test_a_clock_set_while_an_alarm_holds_therapy_moves_the_edge_and_no_dose(name: str) -> None:
    """Nothing comes while it is held, and what comes after it is what the new time says."""
    actions: list[tuple[Action, int]] = [
        (("hold", None), 700_000),
        *((("clock", wall_s), 400_000 + 1_000 * i) for i, wall_s in enumerate(JUMPS[name])),
        (("release", None), 500_000),
    ]
    checker = live(EDGE, actions, 49_973)
    assert checker.checked > 20


@pytest.mark.parametrize("name", JUMPS)
def test_in_fault_no_clock_is_set_and_nothing_comes_of_trying(name: str) -> None:
    """Time goes on as it was; after the reset and the acknowledgement so does the schedule."""
    bed = Bed()
    bed.running(*EDGE)
    bed.run(minutes=12)
    bed.pump.fault_stop(fault.NO_MEMORY)
    bed.steps.clear()
    began_s = _clock_s(bed)
    for wall_s in JUMPS[name]:
        with pytest.raises(Refused, match="FAULTED"):
            bed.ask(schema.SET_CLOCK, wall_s=wall_s)
        bed.run(minutes=7)
    gone_s = len(JUMPS[name]) * 7 * 60
    assert gone_s <= _clock_s(bed) - began_s <= gone_s + 10
    assert (bed.state, bed.steps) == (schema.FAULT, [])
    bed.world.reset(bed.world.chip.PWRON_RESET)
    bed.run(minutes=1)
    assert (bed.state, bed.steps) == (schema.HELD, [])
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.INVARIANT_BROKEN)
    bed.run(minutes=30)
    assert bed.state == schema.RUNNING
    assert {b - a for a, b in zip(bed.steps, bed.steps[1:])} == {2_160}, "2 mL/day from 06:00 on"


def _clock_s(bed: Bed) -> int:
    return int(bed.ask(schema.READ_CLOCK)["wall_s"])


def test_the_clock_may_be_set_while_stopped_too() -> None:
    actions: list[tuple[Action, int]] = [
        (("stop", None), 3_000_000),
        (("clock", wall(2026, 6, 1, 21, 45)), 50_000),
        (("start", None), 50_000),
        (("clock", wall(2026, 6, 1, 5, 59)), 900_000),
    ]
    assert live(EDGE, actions, 50_000).checked > 100


@pytest.mark.parametrize("power", [29, 30])
@pytest.mark.parametrize("before_s", [1, 0, -1])
def test_the_wraps_of_the_chips_ticks_change_no_dose(power: int, before_s: int) -> None:
    """2**29 and 2**30 ms, with an order within a second of it."""
    start_us = (1 << power) * 1_000 - 60_000_000
    actions: list[tuple[Action, int]] = [
        (("clock", wall(2026, 6, 1, 5, 59)), 40_000 - 1_000 * before_s),
        (("prescribe", [(0, 3_000_000)]), 10_000),
        (("stop", None), 20_000),
        (("start", None), 5_000),
    ]
    assert live([(0, 5_000_000)], actions, 50_000, start_us).checked > 100


def preset(bed: Bed, value: int) -> None:
    """Permits and encoder edges stand at ``value`` of 2**16."""
    pump = bed.pump
    guard.put(pump.guard.step, guard.PERMITS, value)
    pump.motion._seen_permits = value
    pump.motion._edges[0], pump.motion._edges[1] = value, 0xFFFF - value
    guard.put(pump.guard.step, guard.EDGES, value)


def test_counters_that_wrap_stop_nothing_and_repeat_nothing() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=5)
    verified = bed.pump.ledger.verified.value()
    steps = len(bed.steps)
    preset(bed, 0xFFFE)
    bed.programmer.counter = schema.U32_MAX - 2
    for _ in range(6):
        bed.programmer.hello()
        assert bed.programmer.ask(schema.STATUS)["state"] == schema.RUNNING
        bed.run(minutes=1)
    made = len(bed.steps) - steps
    assert made > 80
    assert abs(bed.pump.ledger.verified.value() - verified - made) <= 1
    assert bed.pump.alarms.mask(True) == 0
    periods = {b - a for a, b in zip(bed.steps[2:], bed.steps[3:])}
    assert periods == {4_320}


def test_ten_years_of_the_tasks_that_count() -> None:
    found = ten_years()
    assert found == {"uptime_s": 0, "wall_s": 0, "alarms": 0, "steps": 0}


def test_the_rtc_counts_as_the_calendar_does() -> None:
    world = World()
    calendar = Calendar(world)
    rtc = RTCType(calendar)()
    for day in range(0, 36_524, 3):
        moment = EPOCH + timedelta(days=day, seconds=day * 7 % 86_400)
        calendar.set(wall(*moment.timetuple()[:6]))
        parts = (*moment.timetuple()[:3], moment.weekday(), *moment.timetuple()[3:6], 0)
        assert rtc.datetime() == parts
        rtc.datetime(parts)
        assert rtc.datetime() == parts


def test_the_rtc_begins_at_2021_with_each_start_of_the_chip() -> None:
    bed = Bed()
    bed.run(hours=30)
    rtc = bed.world.chip.RTC()
    assert rtc.datetime()[:5] == (2021, 1, 2, 5, 6)
    bed.world.reset(bed.world.chip.PWRON_RESET)
    assert rtc.datetime() == (2021, 1, 1, 4, 0, 0, 0, 0)


def _run(ppm: int, hours: float) -> Bed:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.programmer.goodbye()
    bed.run(minutes=30)
    bed.world.chip.outside.rtc_drift(ppm)
    bed.run(hours=hours)
    return bed


@pytest.mark.parametrize("ppm", [1_000, -1_000, 20_000, -1_000_000], ids=str)
def test_a_second_time_base_that_disagrees_is_told_and_changes_no_step(ppm: int) -> None:
    bed = _run(ppm, 2.5)
    assert bed.pump.alarms.is_active(schema.CLOCK_DISAGREES)
    assert bed.state == schema.RUNNING
    assert bed.world.chip.outside.level(SUPPLY) == 1
    assert bed.steps == _run(0, 2.5).steps
    bed.world.chip.outside.rtc_drift(0)
    bed.run(hours=2.5)
    assert not bed.pump.alarms.is_active(schema.CLOCK_DISAGREES), "they agree again"


@pytest.mark.parametrize("ppm", [400_000, -400_000, -1_000_000], ids=str)
def test_clocks_that_disagree_from_the_start_on_are_told_within_ten_seconds(ppm: int) -> None:
    bed = Bed(before=lambda world: world.chip.outside.rtc_drift(ppm))
    bed.running((0, 1_000_000))
    bed.run(s=10)
    assert bed.pump.alarms.is_active(schema.CLOCK_DISAGREES)
    (row,) = [
        one for one in bed.ask(schema.ALARMS)["alarms"] if one["alarm"] == schema.CLOCK_DISAGREES
    ]
    assert abs(row["value"] - 3_600 * ppm // 1_000) <= 360_000, "in an hour, to a second in ten"
    assert bed.state == schema.RUNNING


def test_ten_seconds_in_which_they_agree_withdraw_no_alarm_of_an_hour() -> None:
    bed = _run(1_000, 2.5)
    assert bed.pump.alarms.is_active(schema.CLOCK_DISAGREES)
    bed.world.power_cut()
    bed.world.power_on()
    for minutes in (1, 50):
        bed.run(minutes=minutes)
        assert bed.pump.alarms.is_active(schema.CLOCK_DISAGREES)
    bed.world.chip.outside.rtc_drift(0)
    bed.run(hours=2)
    assert not bed.pump.alarms.is_active(schema.CLOCK_DISAGREES)


@pytest.mark.parametrize("ppm", [100, -100])
def test_two_crystals_within_their_tolerance_never_alarm(ppm: int) -> None:
    """A year of hours, and the whole pump for two days."""
    assert ten_years(1, ppm)["alarms"] == 0
    assert _run(ppm, 48).pump.alarms.table[schema.CLOCK_DISAGREES].count == 0


def test_a_board_without_a_second_time_base_says_so_and_is_quiet() -> None:
    def take_away(world: Any) -> None:
        del world.chip.RTC

    bed = Bed(before=take_away)
    bed.running((0, 1_000_000))
    assert not bed.pump.board.has_rtc
    bed.run(hours=5)
    assert bed.pump.alarms.mask(True) == 0
