"""Hardware in the loop, with a virtual Pico in the board's place: firmware, bench chip, the two
channels, and the plant on the host. One clock for both ends; a cable that loses and delays.
"""

from pathlib import Path
from typing import Any

import pytest

from emulator import scenario
from emulator.bedside import prescription
from emulator.bench import hil_bridge
from emulator.bench.board_rig import BoardRig
from emulator.bench.transport import BoardLinkError
from emulator.bench.wiring import BoardWorld
from emulator.rig import RigLink
from emulator.scenario import Verdict
from emulator.story import scenario_file
from firmware.pins import LED, SUPPLY
from protocol.programmer.client import Client
from protocol.wire import schema
from tests.bench.hil_port import Way, on_the_bench

pytestmark = pytest.mark.xdist_group("hil_scenario")
EXAMPLES = Path(__file__).parents[2] / "docs/examples/bench"
LOST_OF_1000 = 50
DELAY_MS = 4
# Of emulator/bench/on_board/bench_line.py, which imports only on a board.
BEAT_MS = 50
LOST_MS = 500
RESET_MS = 3_000
TURN_MS = (
    60  # the longest that the board takes between two looks at its host: a step and an answer
)
READ_MS = 12  # the board reads 1 ms later, takes a frame in 4 to 8 ms, and sends
APART_STEPS_MAX = 8
FULL_NL_DAY = 24_000_000
STEP_NL = 50
APART_MS_MAX = 50  # docs/boards.md: an event of the log, and the output that comes of it
SLOW_NL_DAY = 1_200_000  # a step in 3.6 s
STALL = f"""
title = "A stall at 24 mL/day, in short; each visit has time to end over a bad cable"
duration = "15500 ms"
actions = [
    {{ at = "500 ms", do = "magnet" }},
    {{ at = "4500 ms", do = "setup", file = "{EXAMPLES}/full_rate.toml" }},
    {{ at = "5500 ms", do = "program", file = "{EXAMPLES}/full_rate.toml" }},
    {{ at = "7500 ms", do = "start" }},
    {{ at = "9500 ms", do = "stall" }},
    {{ at = "12500 ms", do = "free" }},
    {{ at = "12500 ms", do = "acknowledge", alarm = "MOTOR_STALLED" }},
]
expect = [
    {{ state = "RUNNING", at = "9400 ms" }},
    {{ alarm = "MOTOR_STALLED", after = "9500 ms", by = "12400 ms" }},
    {{ state = "HELD", at = "12400 ms" }},
    {{ state = "RUNNING", at = "15400 ms" }},
]
"""


class Run:
    """The scenario over a bad cable; then a good one; then none to the board."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "stall.toml"
        self.path.write_text(STALL)
        self.to_board = Way(1, LOST_OF_1000, DELAY_MS)
        self.from_board = Way(2, LOST_OF_1000, DELAY_MS, schema.START | schema.ANSWER)
        self.pico, self.port, self.board = on_the_bench(self.to_board, self.from_board)
        self.files_before = self.pico.files()
        self.light = self._edges(LED)
        self.supply = self._edges(SUPPLY)
        self.rigs: list[BoardRig] = []
        self.verdict: Verdict = scenario.run(
            scenario_file.read(self.path), make_rig=self._make_rig
        )
        self.way = self.board.bridge.measured.plain()
        self.to_board.mend()
        self.from_board.mend()
        self.board.run_for_ms(300)
        self.way_after = self.board.bridge.measured.plain()
        self.files_after = self.pico.files()
        self._slow_down()

    def _edges(self, gpio: int) -> list[int]:
        """Takes the ms of each, by the board's own stamp."""
        found: list[int] = []
        self.board.watch(gpio, lambda _level: found.append(self.board.now_us // 1_000))
        return found

    def _slow_down(self) -> None:
        """So slow that steps without an encoder are not what ends delivery without a host."""
        with Client(RigLink(self.rigs[0])) as pump:
            pump.hello()
            proposal: Any = prescription([(0, SLOW_NL_DAY)], 500)
            pump.confirm(pump.propose(proposal)["digest"])

    def _make_rig(self, seed, sinks, **plant):  # type: ignore[no-untyped-def]
        rig = BoardRig(lambda seed: BoardWorld(self.board, seed), seed, sinks, **plant)
        self.rigs.append(rig)
        return rig


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("hil"))


def test_the_verdict_is_that_of_emulation_in_spite_of_the_cable(run: Run) -> None:
    """Also of the dose, although the answer to START was lost and is heard half a second late."""
    emulated = scenario.run(scenario_file.read(run.path))
    assert emulated.holds
    found, theirs = run.verdict.account, emulated.account
    assert not run.from_board.loses_answer
    assert run.verdict.holds, run.verdict.checks
    assert [check.what for check in run.verdict.checks] == [
        check.what for check in emulated.checks
    ]
    assert abs(found.commanded - found.permitted) < found.step
    longer_ms = run.verdict.chronicle.end_ms - emulated.chronicle.end_ms  # by the last look
    owed_steps = longer_ms * FULL_NL_DAY / (86_400_000 * STEP_NL)
    apart_steps = found.commanded_steps - theirs.commanded_steps
    assert abs(apart_steps - owed_steps) <= APART_STEPS_MAX
    assert found.commanded_steps > 20


def test_an_alarm_counts_from_when_the_board_raised_it_however_late_that_is_heard(
    run: Run,
) -> None:
    """The light comes on with it, and goes out with the acknowledgement."""
    (alarm,) = run.verdict.chronicle.alarms
    *_, on_ms, off_ms = run.light
    assert 0 <= on_ms - alarm.raised_ms <= APART_MS_MAX
    assert alarm.acknowledged_ms is not None
    assert alarm.cleared_ms is not None
    assert 0 <= off_ms - alarm.acknowledged_ms <= APART_MS_MAX
    assert 0 <= off_ms - alarm.cleared_ms <= APART_MS_MAX


def test_a_state_counts_from_when_the_board_entered_it(run: Run) -> None:
    """RUNNING, HELD and RUNNING again from the edges of the supply; what it was before, too."""
    states = run.verdict.chronicle.states
    assert [name for _, name in states] == [
        "UNCOMMISSIONED",
        "STOPPED",
        "RUNNING",
        "HELD",
        "RUNNING",
    ]
    assert [t_ms for t_ms, _ in states[2:]] == run.supply[-3:]


def test_no_step_is_lost_between_pump_and_plant(run: Run) -> None:
    """Each event and each edge arrives once, whatever was lost: it is told until it is seen."""
    found = run.verdict.account
    assert run.to_board.lost >= 4
    assert run.from_board.lost >= 4
    assert 0 <= found.head_steps - found.verified_steps <= 1
    assert found.unasked_steps == 0


def test_lost_messages_are_counted_as_they_were_lost(run: Run) -> None:
    assert run.way_after["lost_from_board"] == run.from_board.lost
    assert run.way_after["lost_to_board"] == run.to_board.lost
    assert run.way_after["damaged"] == 0


def test_the_measured_round_trip_is_the_delay_that_was_injected(run: Run) -> None:
    """Each way DELAY_MS to twice as much; the board's own time is taken off by the board."""
    median_ms = run.way["round_trip_us_median"] / 1_000
    assert 2 * DELAY_MS <= median_ms <= 4 * DELAY_MS + READ_MS


def test_the_pump_on_the_bench_leaves_nothing_on_the_board(run: Run) -> None:
    assert run.files_after == run.files_before


def test_without_its_host_the_motor_goes_off_and_the_board_starts_anew(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The host still hears the board: what the pump did is told with the board's own time."""
    monkeypatch.setattr(hil_bridge, "SILENT_S", 10 * BEAT_MS / 1_000)
    supply_us: list[int] = []
    run.board.watch(SUPPLY, lambda level: supply_us.append(run.board.now_us))
    assert run.board.level(SUPPLY) == 1
    cut_us, cut_at_us = run.board.now_us, run.pico.now_us
    run.to_board.is_cut = True
    with pytest.raises(BoardLinkError):
        run.board.run_for_ms(3 * RESET_MS)
    assert run.board.level(SUPPLY) == 0
    assert supply_us[0] - cut_us <= (BEAT_MS + LOST_MS + TURN_MS) * 1_000
    ((reset_us, cause),) = run.pico.resets
    assert cause == "machine"
    assert reset_us - cut_at_us <= (BEAT_MS + RESET_MS + TURN_MS) * 1_000
    assert supply_us[0] - cut_us >= (LOST_MS - BEAT_MS) * 1_000
