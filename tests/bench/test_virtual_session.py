"""A whole session of the real programmer with a pump on the virtual Pico, and a scenario judged.

The scenario is run as `pump-emulator run` does it, and on the board; both get the same verdict.
"""

from pathlib import Path

import pytest

from emulator import scenario
from emulator.bench.board_rig import BoardRig
from emulator.bench.pico import VirtualPico
from emulator.bench.wiring import BoardWorld
from emulator.rig import RigLink
from emulator.scenario import Verdict
from emulator.story import scenario_file
from firmware.version import VERSION
from protocol.programmer.client import Client
from protocol.programmer.interrogation import Interrogation, interrogate
from protocol.wire import schema
from tests.bench.pico_bed import stock_image, unchecked

pytestmark = pytest.mark.xdist_group("virtual_session")
KINK = Path(__file__).parents[2] / "docs/scenarios/kink_at_full_rate.toml"
# Between the two runs: a visit takes half a second more or less, by the phase of the loop's
# slices and by the records that it writes; at 24 mL/day that is three steps, one way or the other.
APART_STEPS_MAX = 6
STEP_NL = 50
APART_MS_MAX = 500
VOLUMES = ("prescribed", "permitted", "commanded", "verified", "delivered", "let_go")


class Seen:
    """The verdict on the board, and what the programmer read there afterwards."""

    def __init__(self) -> None:
        rigs: list[BoardRig] = []

        def make(seed, sinks, **plant):  # type: ignore[no-untyped-def]
            rigs.append(BoardRig(board, seed, sinks, **plant))
            return rigs[0]

        self.verdict: Verdict = scenario.run(scenario_file.read(KINK), make_rig=make)
        with Client(RigLink(rigs[0])) as pump:
            self.found: Interrogation = interrogate(pump, pump.hello())


def board(seed: int) -> BoardWorld:
    return BoardWorld(VirtualPico(stock_image(), unchecked()), seed)


@pytest.fixture(scope="module")
def seen() -> Seen:
    return Seen()


@pytest.fixture(scope="module")
def emulated() -> Verdict:
    return scenario.run(scenario_file.read(KINK))


def test_the_scenario_has_the_same_verdict_as_in_emulation(seen: Seen, emulated: Verdict) -> None:
    mine, theirs = seen.verdict, emulated
    assert [(check.what, check.holds) for check in mine.checks] == [
        (check.what, True) for check in theirs.checks
    ], mine.checks
    assert theirs.holds


def test_the_same_alarms_come_go_and_are_acknowledged(seen: Seen, emulated: Verdict) -> None:
    mine, theirs = seen.verdict.chronicle.alarms, emulated.chronicle.alarms
    assert [(one.name, one.priority) for one in mine] == [
        (one.name, one.priority) for one in theirs
    ]
    for one, other in zip(mine, theirs):
        for what in ("raised_ms", "acknowledged_ms", "cleared_ms"):
            t_ms, other_ms = getattr(one, what), getattr(other, what)
            assert abs(t_ms - other_ms) <= APART_MS_MAX, (what, t_ms, other_ms)


def test_the_account_is_the_same_within_the_slack_of_a_visit(
    seen: Seen, emulated: Verdict
) -> None:
    mine, theirs = seen.verdict.account, emulated.account
    for name in VOLUMES:
        apart_nl = abs(mine.volume(name) - theirs.volume(name))
        assert apart_nl <= APART_STEPS_MAX * STEP_NL, (name, apart_nl)
    assert mine.verified_steps == mine.commanded_steps > 300
    assert 0 <= mine.head_steps - mine.verified_steps <= 1, "one may be under way"


def test_the_programmer_reads_on_the_board_what_came_of_it(seen: Seen) -> None:
    found = seen.found
    assert found.hello["firmware_version"] == VERSION
    assert found.status["state"] == schema.RUNNING
    assert found.setup is not None
    assert found.setup["serial"] == "OITB-0024"
    assert found.program is not None
    assert found.program.total_nl_day == 24_000_000
    assert found.totals["verified_steps"] >= seen.verdict.account.verified_steps
    occlusion = next(row for row in found.alarms if row["alarm"] == schema.OCCLUSION)
    assert (occlusion["active"], occlusion["acknowledged"], occlusion["count"]) == (0, 1, 1)
