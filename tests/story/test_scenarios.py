"""Every scenario of the documents holds; and a verdict can fail, each of its checks."""

import functools
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator import report, scenario
from emulator.cli import main
from emulator.scenario import Verdict
from emulator.story import scenario_file
from emulator.story.account import VOLUMES
from emulator.story.happenings import HAPPENINGS, MEANINGS
from protocol.programmer.toml_file import FileError
from tests.story.served import ROOT

FOLDER = ROOT / "docs" / "scenarios"
FILES = sorted(FOLDER.glob("*.toml"))
EXAMPLES = ROOT / "docs" / "examples"
SET_UP = f"""
    {{ at = "1 s", do = "magnet" }},
    {{ at = "10 s", do = "setup", file = "{EXAMPLES}/simple.toml" }},
    {{ at = "20 s", do = "program", file = "{EXAMPLES}/simple.toml" }},
    {{ at = "30 s", do = "start" }},
"""


def written(folder: Path, actions: str, expect: str = "", hours: float = 1) -> Path:
    path = folder / "test.toml"
    minutes = round(hours * 60)
    path.write_text(
        f'title = "a test"\nduration = "{minutes} min"\n'
        f"actions = [{actions}]\nexpect = [{expect}]\n"
    )
    return path


def ran(folder: Path, actions: str, expect: str = "", hours: float = 1) -> Verdict:
    return scenario.run(scenario_file.read(written(folder, actions, expect, hours)))


def failures(verdict: Verdict) -> str:
    return "; ".join(f"{one.what} -> {one.found}" for one in verdict.checks if not one.holds)


@functools.cache
def verdict_of(path: Path) -> Verdict:
    return scenario.run(scenario_file.read(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario_of_the_documents_holds(path: Path) -> None:
    verdict = verdict_of(path)
    assert verdict.holds, failures(verdict)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_two_ledgers_agree(path: Path) -> None:
    """Said again, beside the verdict's own check: steps within one, volumes by named losses."""
    found = verdict_of(path).account
    hidden = found.hidden_steps
    assert -1 <= found.head_steps - found.verified_steps <= 1 + hidden
    assert hidden == 0 or path.stem in ("power_failure", "day_with_a_bolus")
    ways = found.delivered + found.stored + found.leaked + found.returned
    apart = found.steps_apart * float(found.step)  # a step that is still to be verified, or hidden
    geometry = 1e-4  # the plant's own step: 50.002 nL
    assert ways == pytest.approx(float(found.verified) + apart, rel=geometry, abs=1)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_scenario_has_a_report_with_its_whole_story(path: Path, tmp_path: Path) -> None:
    verdict = verdict_of(path)
    page = tmp_path / "report.html"
    subject = report.Subject(path.stem, "")
    report.write(page, subject, verdict.chronicle, verdict.account, verdict.checks)
    text = page.read_text()
    for what in {what for _, what, _ in verdict.chronicle.happenings}:
        assert TOLD[what] in text, what


TOLD = {
    "magnet": "the magnet is held",
    "kink": "the catheter is kinked",
    "release": "the kink opens",
    "stall": "the rotor is jammed",
    "refill": "injected into the reservoir",
    "power": "the power fails",
}


def test_a_scenario_is_listed_and_every_word_explained() -> None:
    page = (FOLDER / "README.md").read_text()
    assert {path.name for path in FILES} == set(re.findall(r"\]\((\w+\.toml)\)", page))
    for word in [*scenario_file.CLINICAL, *HAPPENINGS, *VOLUMES, *scenario_file.PLANT]:
        assert f"`{word}`" in page, word
    assert set(MEANINGS) == set(HAPPENINGS)


def test_an_alarm_that_nobody_expected_fails(tmp_path: Path) -> None:
    verdict = ran(tmp_path, SET_UP + '{ at = "5 min", do = "stall" }')
    assert failures(verdict).startswith("no alarm -> MOTOR_STALLED at 0:0")


def test_an_alarm_that_does_not_come_fails(tmp_path: Path) -> None:
    verdict = ran(tmp_path, SET_UP, '{ alarm = "OCCLUSION", by = "1 h" }')
    assert failures(verdict) == "OCCLUSION is raised between 0:00:00 and 1:00:00 -> never"


def test_an_alarm_out_of_its_time_fails(tmp_path: Path) -> None:
    expect = '{ alarm = "MOTOR_STALLED", after = "30 min" }, { no_alarm = "MOTOR_STALLED" }'
    verdict = ran(tmp_path, SET_UP + '{ at = "5 min", do = "stall" }', expect)
    assert [check.holds for check in verdict.checks[:2]] == [False, False]


def test_a_state_or_a_volume_that_differs_fails(tmp_path: Path) -> None:
    expect = """
        { state = "HELD", at = "30 min" },
        { volume = "delivered", at_least = "7 uL", at_most = "8 uL" },
        { cleared = "OCCLUSION" },
    """
    verdict = ran(tmp_path, SET_UP, expect)
    assert [check.holds for check in verdict.checks[:3]] == [False, False, False]
    assert verdict.checks[0].found == "RUNNING"


def test_a_refusal_that_nobody_expected_fails(tmp_path: Path) -> None:
    verdict = ran(tmp_path, '{ at = "1 s", do = "start" }', hours=0.1)
    assert failures(verdict) == "start at 0:00:01: accepted -> NOT_COMMISSIONED"


def test_a_refusal_that_does_not_come_fails(tmp_path: Path) -> None:
    again = '{ at = "40 s", do = "stop", refused = "FAULTED" }'
    assert failures(ran(tmp_path, SET_UP + again)) == "stop at 0:00:40: FAULTED -> accepted"


def test_what_the_plant_cannot_do_fails(tmp_path: Path) -> None:
    actions = SET_UP + '{ at = "1 min", do = "refill", volume = "5 mL" }'
    assert "refill at 0:01:00 can be done" in failures(ran(tmp_path, actions))


def test_a_runaway_is_a_difference_with_a_name(tmp_path: Path) -> None:
    actions = SET_UP + '{ at = "10 min", do = "runaway", rate = "20 Hz" }'
    expect = '{ alarm = "UNPERMITTED_MOTION", after = "10 min" }, { state = "FAULT", at = "1 h" }'
    verdict = ran(tmp_path, actions, expect)
    assert verdict.holds, failures(verdict)
    assert 0 < verdict.account.unasked_steps <= 5
    ledgers = next(check for check in verdict.checks if check.what.startswith("two ledgers"))
    assert "by a runaway" in ledgers.found


def test_a_leak_is_missed_and_accounted_for(tmp_path: Path) -> None:
    verdict = ran(tmp_path, SET_UP + '{ at = "1 min", do = "leak", amount = "100 %" }', hours=4)
    assert verdict.holds, failures(verdict)  # nobody can see a leak yet: no alarm
    assert verdict.account.leaked == pytest.approx(float(verdict.account.commanded), rel=0.02)
    assert verdict.account.missed == pytest.approx(float(verdict.account.prescribed), rel=0.02)


def test_a_calibrated_pump_is_still_exact(tmp_path: Path) -> None:
    """The pump's idea of a step is 52 nL then; the plant's stays 50: 4 % less is delivered."""
    actions = f"""
        {{ at = "1 s", do = "magnet" }},
        {{ at = "10 s", do = "setup", file = "{EXAMPLES}/simple.toml" }},
        {{ at = "15 s", do = "calibrate", steps = 10000, volume = "520 uL" }},
        {{ at = "20 s", do = "program", file = "{EXAMPLES}/simple.toml" }},
        {{ at = "30 s", do = "start" }},
        {{ at = "4 h", do = "stop" }},
    """
    verdict = ran(tmp_path, actions, hours=5)
    assert verdict.holds, failures(verdict)
    assert verdict.account.step == 52
    assert float(verdict.account.prescribed) == pytest.approx(24_948, abs=1)


REFUSED = [
    ('title = "x"\nactions = []\nexpect = []', "test.toml, duration: is missing"),
    ('duration = "1 h"', "test.toml, title: is missing"),
    ('{ at = "1 s", do = "jump" }', 'action 1], do: "jump" is no action'),
    ('{ at = 5, do = "start" }', "action 1], at: 5 is a bare number without a unit"),
    ('{ at = "5 parsecs", do = "start" }', '"5 parsecs" is no span of time'),
    ('{ at = "3 min 2 h", do = "start" }', '"3 min 2 h" is no span of time'),
    ('{ at = "", do = "start" }', "an empty text is no span of time"),
    ('{ at = "1 s", do = "start", fast = true }', "action 1], fast: is not known"),
    ('{ at = "1 s", do = "kink" }', "action 1], amount: is missing"),
    ('{ at = "1 s", do = "kink", amount = 0.9 }', '"0.9" is no amount in %'),
    ('{ at = "1 s", do = "kink", amount = "140 %" }', "is more than the whole"),
    ('{ at = "1 s", do = "kink", amount = "9 %", refused = "FAULTED" }', "refused: is not known"),
    ('{ at = "1 s", do = "start", refused = "NO" }', '"NO" is no refusal'),
    ('{ at = "1 s", do = "acknowledge", alarm = "FIRE" }', '"FIRE" is no alarm'),
    ('{ at = "1 s", do = "clock", to = "8 am" }', '"8 am" is no date and time'),
    ('{ at = "1 s", do = "clock", to = "2026-02-30 08:00" }', "is no date and time: day"),
    ('{ at = "1 s", do = "clock", to = "1999-12-31 08:00" }', "is out of range"),
    ('{ at = "1 s", do = "posture", to = "standing" }', '"standing" is no posture'),
    ('{ at = "1 s", do = "runaway", rate = "20" }', '"20" is no amount in Hz'),
    ('{ at = "1 s", do = "calibrate", steps = 0, volume = "1 uL" }', "0 is no count"),
    ('{ at = "1 s", do = "program", file = "missing.toml" }', "missing.toml: No such file"),
    ('{ at = "1 s", do = "program", file = 5 }', "5 is no file name"),
    ('{ at = "2 s", do = "start" }, { at = "1 s", do = "stop" }', "is earlier than the action"),
    ('{ at = "2 d", do = "start" }', "is after the end"),
]
EXPECTATIONS = [
    ('{ by = "1 h" }', "expects nothing"),
    ('{ alarm = "FIRE" }', '"FIRE" is no alarm'),
    ('{ alarm = "OCCLUSION", befor = "1 h" }', "expectation 1], befor: is not known"),
    ('{ alarm = "OCCLUSION", by = "2 h" }', '"2 h" is after the end'),
    ('{ state = "OFF" }', '"OFF" is no state'),
    ('{ volume = "taken", at_least = "1 uL", at_most = "2 uL" }', '"taken" is no volume'),
    ('{ volume = "missed", at_least = 1, at_most = "2 uL" }', "1 is a bare number"),
]


@pytest.mark.parametrize(("what", "message"), REFUSED, ids=[row[1] for row in REFUSED])
def test_a_file_that_is_not_understood_is_refused(what: str, message: str, tmp_path: Path) -> None:
    path = written(tmp_path, what)
    if not what.startswith("{"):
        path.write_text(what)
    with pytest.raises(FileError) as refusal:
        scenario_file.read(path)
    assert message in str(refusal.value)


@pytest.mark.parametrize(("what", "message"), EXPECTATIONS, ids=[row[1] for row in EXPECTATIONS])
def test_an_expectation_that_is_not_understood_is_refused(
    what: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(FileError) as refusal:
        scenario_file.read(written(tmp_path, "", what))
    assert message in str(refusal.value)


def test_the_pump_table_is_read_and_strict(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    whole = path.read_text()
    path.write_text(whole + '[pump]\nreservoir = "40 mL"\ncontent = "5 mL"\ntolerance = "104 %"\n')
    plant = scenario_file.read(path).plant
    assert plant == {"capacity_nl": 40e6, "volume_nl": 5e6, "tolerance": 1.04}
    path.write_text(whole + '[pump]\ncontents = "5 mL"\n')
    with pytest.raises(FileError, match="known: reservoir, content, tolerance"):
        scenario_file.read(path)


def test_run_prints_a_verdict_and_sets_the_exit_code(tmp_path: Path) -> None:
    """0: it holds. 1: it does not. 2: the file cannot be used."""
    good = CliRunner().invoke(main, ["run", str(FOLDER / "stall.toml"), "--json"])
    assert good.exit_code == 0
    assert '"holds": true' in good.stdout
    bad = written(tmp_path, SET_UP, '{ state = "HELD" }', hours=0.1)
    failed = CliRunner().invoke(main, ["run", str(bad)])
    assert failed.exit_code == 1
    assert "FAILED   HELD at 0:06:00" in failed.stdout
    assert "The scenario FAILED." in failed.stdout
    usage = CliRunner().invoke(main, ["run", str(written(tmp_path, "{}"))])
    assert usage.exit_code == 2
    assert "test.toml, [action 1], at: is missing" in usage.stderr
