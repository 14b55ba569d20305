"""Edges of a schedule: at midnight, a minute beside it, and in a day of 24 segments."""

import pytest

from protocol.wire import schema
from tests.exact import Checker, Order
from tests.pumps import Bed

HOUR_MS = 3_600_000
FULL_DAY = [(hour * 60, 48_000 + hour * 100_000) for hour in range(24)]


def until(bed: Bed, t_ms: int) -> None:
    """Run to this time of the chip."""
    bed.run(ms=t_ms - bed.now_ms)


def delivering(segments: list[tuple[int, int]], wall_s: int) -> tuple[Bed, Checker]:
    """A pump that starts this schedule at this time of day, and the exact order beside it."""
    bed = Bed(capacity_nl=40_000_000)
    bed.ready()
    bed.programmer.ask(schema.CALIBRATE, {"steps": 1_000, "volume_nl": 50_000})
    bed.programmer.prescribe(segments)
    answered: list[int] = []
    bed.world.chip.outside.uart_out(lambda _data, _done: answered.append(bed.now_ms))
    order = Order(50_000)
    order.segments = segments
    bed.programmer.ask(schema.SET_CLOCK, {"wall_s": wall_s})
    order.since_ms = answered[-1]
    order.day_ms_at_since = wall_s % 86_400 * 1_000
    bed.programmer.start()
    order.until(answered[-1])
    order.take("start", None)
    return bed, Checker(bed, order)


@pytest.mark.parametrize(
    "segments",
    [
        [(0, 300_000), (720, 6_000_000)],
        [(0, 6_000_000), (1, 300_000)],
        [(1, 6_000_000), (1_439, 300_000)],
        [(720, 300_000), (1_439, 24_000_000)],
    ],
    ids=["edge at 00:00", "edges at 00:00 and 00:01", "edges at 00:01 and 23:59", "last 23:59"],
)
def test_over_midnight_the_dose_is_exact(segments: list[tuple[int, int]]) -> None:
    bed, checker = delivering(segments, 23 * 3_600 + 58 * 60)
    for _ in range(10):
        bed.run(s=30)
        checker.all_steps()
    assert checker.worst < 1
    assert checker.checked > 10


def test_the_segment_of_each_hour_holds_from_its_edge_to_the_next() -> None:
    """24 segments, the most that a pump takes; two days of them, started in the last one."""
    assert len(FULL_DAY) == schema.SEGMENTS_MAX
    bed, checker = delivering(FULL_DAY, 23 * 3_600 + 30 * 60)
    midnight_ms = bed.now_ms + 30 * 60_000  # to the few ms that setting and starting took
    for hour in range(48):
        until(bed, midnight_ms + hour * HOUR_MS - 3_000)
        before = bed.status()
        assert before["segment"] == (hour - 1) % 24 + 1
        assert 1 <= before["next_change_s"] <= 3
        until(bed, midnight_ms + hour * HOUR_MS + 1_000)
        after = bed.status()
        assert after["segment"] == hour % 24 + 1
        assert after["rate_nl_day"] == FULL_DAY[hour % 24][1]
        checker.all_steps()
    assert checker.worst < 1


def test_a_clock_that_was_never_set_runs_a_continuous_rate_for_days() -> None:
    bed = Bed()
    bed.programmer.hold_magnet()
    bed.programmer.hello()
    setup = Bed()
    setup.ready()
    bed.programmer.ask(schema.SETUP, dict(setup.pump.setup))
    bed.programmer.prescribe([(0, 400_000)])
    bed.programmer.start()
    bed.programmer.goodbye()
    bed.run(hours=72)
    status = bed.status()
    assert (status["state"], status["wall_s"], status["next_change_s"]) == (schema.RUNNING, 0, 0)
    assert abs(len(bed.steps) - 3 * 400_000 / 50) <= 1
    assert not bed.ask(schema.READ_CLOCK)["set"]
