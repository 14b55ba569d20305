"""What an observer of a board is told of state and alarms has the board's time, not that of its
look. The truth is told by an observer inside the pump; the board's answers come late.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator import scenario
from emulator.bedside import Bedside
from emulator.bench.board_rig import BoardRig
from emulator.bench.wiring import BoardWorld
from emulator.story import scenario_file
from emulator.story.chronicle import Alarm, Chronicle
from emulator.trace import Sink
from emulator.watch import Watch
from protocol.wire import schema
from tests.bench.emulated_board import EmulatedBoard

HELD_MS = 400  # shorter than the time after which a client asks again
APART_MS_MAX = 20  # from the pins, by which uptime is known, to the pump's clock: none here
LOOK_MS = 10_000
SLOW_NL_DAY = 1_200_000  # a step in 3.6 s: totals need not be asked for again
FULL_RATE = Path(__file__).parents[2] / "docs/examples/bench/full_rate.toml"
STORY = f"""
title = "At 24 mL/day, with time for visits over a slow line"
duration = "60 s"
actions = [
    {{ at = "500 ms", do = "magnet" }},
    {{ at = "5 s", do = "setup", file = "{FULL_RATE}" }},
    {{ at = "12 s", do = "program", file = "{FULL_RATE}" }},
    {{ at = "22 s", do = "start" }},
    {{ at = "32 s", do = %s }},
    {{ at = "40 s", do = "free" }},
    {{ at = "40 s", do = "acknowledge", alarm = "MOTOR_STALLED", refused = "%s" }},
    {{ at = "50 s", do = "stop" }},
]
expect = []
"""


class FarBoard(EmulatedBoard):
    """What it says is heard HELD_MS later, or not at all."""

    is_mute = False

    def _on_answer(self, data: bytes, done_us: int) -> None:
        if self.is_mute:
            return
        heard_us = done_us + HELD_MS * 1_000
        self.world.at(heard_us, lambda _: super(FarBoard, self)._on_answer(data, done_us))


class Both:
    """A pump seen over its line, and from inside."""

    def __init__(self) -> None:
        self.board = FarBoard()
        self.seen = Chronicle()
        self.truth = Chronicle()
        self.rig: Any = None

    def make_rig(self, seed: int = 1, sinks: Any = (), **plant: Any) -> BoardRig:
        made: Any = self.board
        self.rig = BoardRig(lambda seed: BoardWorld(made, seed), seed, sinks, **plant)
        Watch(self.board.world, self.rig.plant, [but_the_line(self.truth)])
        return self.rig

    @property
    def pump(self) -> Any:
        return self.board.world.pump

    def at(self, ms: int, act: Callable[[], None]) -> None:
        """Inside the pump, as a task of its loop does."""

        def turn(_: Any) -> None:
            self.pump.clock.read()
            act()
            self.board.world.board.woken = True

        self.board.at(ms * 1_000, turn)

    def run_therapy(self) -> None:
        bedside = Bedside(self.rig.world)
        bedside.commission()
        bedside.prescribe([(0, SLOW_NL_DAY)])
        bedside.start()
        bedside.goodbye()

    def watch(self, until_ms: int) -> None:
        self.rig.run_until_ms(until_ms)
        self.rig.end()


def but_the_line(chronicle: Chronicle) -> Sink:
    """For who hears one side of it only."""

    def sink(t_ms: int, kind: str, values: tuple[Any, ...]) -> None:
        if kind not in ("request", "answer"):
            chronicle(t_ms, kind, values)

    return sink


@pytest.fixture
def both() -> Both:
    made = Both()
    made.make_rig(sinks=[but_the_line(made.seen)])
    return made


def times(alarm: Alarm) -> list[int | None]:
    return [alarm.raised_ms, alarm.cleared_ms, alarm.acknowledged_ms]


def assert_same_story(seen: Chronicle, truth: Chronicle) -> None:
    assert [name for _, name in seen.states] == [name for _, name in truth.states]
    for (t_ms, _), (true_ms, _) in zip(seen.states[1:], truth.states[1:]):
        assert abs(t_ms - true_ms) <= APART_MS_MAX
    assert [one.name for one in seen.alarms] == [one.name for one in truth.alarms]
    for one, other in zip(seen.alarms, truth.alarms):
        assert one.value == other.value
        for t_ms, true_ms in zip(times(one), times(other)):
            assert (t_ms is None) == (true_ms is None)
            assert abs((t_ms or 0) - (true_ms or 0)) <= APART_MS_MAX


@pytest.mark.parametrize(
    ("happens", "refused", "states"),
    [
        ('"stall"', "", "UNCOMMISSIONED STOPPED RUNNING HELD RUNNING STOPPED"),
        ('"runaway", rate = "20 Hz"', "ALARM_NOT_ACTIVE", "UNCOMMISSIONED STOPPED RUNNING FAULT"),
    ],
)
def test_the_story_of_a_scenario_is_that_told_from_inside(
    happens: str, refused: str, states: str, tmp_path: Path
) -> None:
    path = tmp_path / "scenario.toml"
    text = STORY % (happens, refused)
    path.write_text(text.replace(', refused = ""', ""))
    both = Both()
    found = scenario.run(scenario_file.read(path), make_rig=both.make_rig)
    assert [name for _, name in found.chronicle.states] == states.split(), found.checks
    assert_same_story(found.chronicle, both.truth)
    assert len(both.truth.alarms) == 1


def test_alarms_that_the_light_does_not_show_have_their_own_time(both: Both) -> None:
    """The second comes while the first has lit it: the next look is seconds away."""
    alarms = both.pump.alarms
    both.at(3_000, lambda: alarms.raise_alarm(schema.RESERVOIR_LOW, 5))
    both.at(7_000, lambda: alarms.raise_alarm(schema.LEFT_STOPPED, -7))
    both.at(7_500, lambda: alarms.clear(schema.LEFT_STOPPED))
    both.at(7_700, lambda: alarms.raise_alarm(schema.LEFT_STOPPED, -8))
    both.watch(3_000 + 2 * LOOK_MS)
    found = [(one.value, one.raised_ms, one.cleared_ms) for one in both.seen.alarms]
    assert found == [(5, 3_000, None), (-7, 7_000, 7_500), (-8, 7_700, None)]


def test_a_log_that_is_refused_leaves_what_the_pins_and_the_answers_tell(both: Both) -> None:
    """The supply's edges say when; an alarm is new from the answer on that told it first. Once
    the log can be read again, nothing is told twice.
    """
    both.run_therapy()
    page, both.pump.log.page = both.pump.log.page, no_memory
    from_ms = both.rig.now_ms
    both.at(from_ms + 7_000, lambda: both.pump.alarms.raise_alarm(schema.RESERVOIR_EMPTY, 1))
    both.rig.run_until_ms(from_ms + 2 * LOOK_MS)
    both.pump.log.page = page
    both.at(from_ms + 50_000, lambda: both.pump.alarms.clear(schema.RESERVOIR_EMPTY))
    both.watch(from_ms + 7 * LOOK_MS)
    (alarm,) = both.seen.alarms
    raised_ms = from_ms + 7_000
    assert raised_ms < alarm.raised_ms < raised_ms + 3 * HELD_MS, "HELLO, STATUS, ALARMS"
    assert alarm.cleared_ms == from_ms + 50_000
    assert [name for _, name in both.seen.states][-2:] == ["RUNNING", "HELD"]
    assert abs(both.seen.states[-1][0] - raised_ms) <= APART_MS_MAX


def no_memory(_first: int) -> Any:
    raise MemoryError


def test_a_board_that_falls_silent_has_told_by_its_pins(both: Both) -> None:
    both.run_therapy()
    from_ms = both.rig.now_ms
    both.board.is_mute = True
    both.at(from_ms + 7_000, lambda: both.pump.alarms.raise_alarm(schema.OCCLUSION, 1))
    both.watch(from_ms + 7_100)
    assert both.seen.states[-1][1] == "HELD"
    assert abs(both.seen.states[-1][0] - from_ms - 7_000) <= APART_MS_MAX


def test_what_the_pins_told_before_a_reset_is_told(both: Both) -> None:
    both.run_therapy()
    from_ms = both.rig.now_ms
    both.board.is_mute = True
    both.at(from_ms + 7_000, lambda: both.pump.alarms.raise_alarm(schema.OCCLUSION, 1))
    both.rig.run_until_ms(from_ms + 7_100)
    both.board.on_reset()
    assert both.seen.states[-1][1] == "HELD"
    assert abs(both.seen.states[-1][0] - from_ms - 7_000) <= APART_MS_MAX


def test_events_that_come_while_the_observer_looks_are_told_once(both: Both) -> None:
    """Between any two of its requests, and while the pump answers one: then its log has the time
    of the turn after that."""
    alarms = both.pump.alarms
    every_ms = range(3_000, 9_000, 230)
    for ms in every_ms[::2]:
        both.at(ms, lambda ms=ms: alarms.raise_alarm(schema.CLOCK_DISAGREES, ms))
        both.at(ms + 230, lambda: alarms.clear(schema.CLOCK_DISAGREES))
    both.watch(9_000 + 2 * LOOK_MS)
    found = both.seen.alarms
    assert [one.value for one in found] == list(every_ms[::2])
    for one in found:
        assert one.raised_ms is not None
        assert one.cleared_ms is not None
        assert 0 <= one.raised_ms - one.value <= APART_MS_MAX
        assert 0 <= one.cleared_ms - one.value - 230 <= APART_MS_MAX


def test_the_log_is_not_read_where_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    made: Any = FarBoard()
    world = BoardWorld(made)
    made.world.boot()
    pages: list[int] = []
    monkeypatch.setattr(made.world.pump.log, "page", pages.append)
    world.boot()
    world.settle(lambda: None)
    assert world.pump is not None
    assert pages == []
