"""An exported log, played again, gives the same ledger; a log that was changed does not."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.cli import main
from emulator.story.log_replay import replay
from protocol.programmer import log_file
from protocol.programmer.event_log import Log, event
from protocol.wire import events, schema
from tests.pumps import Bed
from tests.wire.logs import read

FAILED = 1
USAGE = 2


@pytest.fixture(scope="module")
def life() -> Bed:
    """Eight hours: an edge of the schedule, a stall, an acknowledgement, a bolus, a stop."""
    bed = Bed()
    bed.running((0, 300_000), (720, 900_000))
    bed.run(hours=5, minutes=20)
    bed.plant.stall(True)
    bed.run(minutes=30)
    bed.plant.stall(False)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    bed.programmer.bolus(20_000, 4_800_000)
    bed.run(hours=1)
    bed.ask(schema.STOP)
    bed.run(hours=1, minutes=20)
    return bed


@pytest.fixture(scope="module")
def log(life: Bed) -> Log:
    return read(life)


@pytest.mark.parametrize("seed", [1, 9])
def test_the_ledger_is_that_of_the_log_at_every_checkpoint(life: Bed, log: Log, seed: int) -> None:
    """The two steps of the stall that did not arrive among them."""
    checkpoints = replay(log.events, seed)
    assert len(checkpoints) == 8
    assert all(one.agrees and not one.slack_steps for one in checkpoints)
    totals = life.totals()
    assert checkpoints[-1].played_verified_steps == totals["verified_steps"] > 2_000
    assert checkpoints[-1].played_unverified_steps == totals["unverified_steps"] == 2


def test_calibration_occlusion_and_restarts_are_played_as_well() -> None:
    bed = Bed()
    bed.ready((0, 900_000))
    bed.programmer.hold_magnet()
    bed.ask(schema.CALIBRATE, steps=1_000, volume_nl=52_345)
    bed.ask(schema.START)
    bed.run(hours=1)
    bed.plant.kink(1.0)
    bed.run(hours=2)
    bed.plant.release()
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.OCCLUSION)
    bed.run(hours=1, minutes=30)
    bed.world.reset(bed.world.chip.WDT_RESET)
    bed.run(hours=2, minutes=10)
    bed.ask(schema.STOP)
    bed.run(minutes=7)
    bed.ask(schema.START)
    bed.run(hours=1)
    found = read(bed)
    assert any(one.kind == events.STATE and one.b == schema.HELD for one in found.events)
    checkpoints = replay(found.events, 1)
    assert [one.boot for one in checkpoints] == [1] * 4 + [2] * 3
    assert all(one.agrees for one in checkpoints)
    assert checkpoints[-1].verified_steps > 1_000


def rate_at(log: Log, number: int) -> int:
    """Where the n-th rate stands that is not 0, from 0."""
    return [at for at, one in enumerate(log.events) if one.kind == events.RATE and one.a][number]


def test_a_log_whose_beginning_is_gone_is_played_with_a_step_of_slack(log: Log) -> None:
    checkpoints = replay(log.events[rate_at(log, 1) - 1 :], 1)
    assert checkpoints
    assert all(one.slack_steps == 1 for one in checkpoints)
    assert all(one.agrees for one in checkpoints)


def test_a_log_that_tells_another_story_does_not_agree(log: Log) -> None:
    at = rate_at(log, 1)
    for other in (
        {"a": log.events[at].a + 9_000},
        {"uptime_s": log.events[at].uptime_s + 200},
    ):
        story = list(log.events)
        story[at] = dataclasses.replace(story[at], **other)
        assert not all(one.agrees for one in replay(story, 1))


def test_the_command_compares_and_says_so(log: Log, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text(log_file.to_jsonl(log, "OITB-0001"))
    done = CliRunner().invoke(main, ["replay", str(file), "--seed", "4"])
    assert done.exit_code == 0, done.output
    assert "The ledgers agree." in done.output
    told = CliRunner().invoke(main, ["replay", str(file), "--json"])
    result = json.loads(told.stdout)
    assert result["serial"] == "OITB-0001"
    assert len(result["checkpoints"]) == 8
    file.write_text(file.read_text().replace("LEDGER", "LEDGES"))
    assert CliRunner().invoke(main, ["replay", str(file)]).exit_code == USAGE


def test_a_log_without_two_checkpoints_of_a_start_says_that_nothing_was_compared(
    log: Log, tmp_path: Path
) -> None:
    first = next(at for at, one in enumerate(log.events) if one.kind == events.LEDGER)
    part = log.parts[0]
    for count in (0, 1, first, first + 1):
        short = Log()
        short.oldest, short.newest = log.oldest, count
        short.parts = [dataclasses.replace(part, events=part.events[:count])]
        file = tmp_path / "log.jsonl"
        file.write_text(log_file.to_jsonl(short, "OITB-0001"))
        done = CliRunner().invoke(main, ["replay", str(file)])
        assert done.exit_code == FAILED
        assert "NOTHING WAS COMPARED" in done.output
        assert "agree" not in done.output


@pytest.mark.parametrize("rate_nl_day", [1, schema.RATE_NL_DAY_MAX + 1])
def test_a_rate_that_no_pump_delivers_is_no_traceback(
    rate_nl_day: int, log: Log, tmp_path: Path
) -> None:
    at = rate_at(log, 0)
    record = bytearray(log.events[at].record)
    record[17:21] = rate_nl_day.to_bytes(4, "little")
    altered = Log()
    altered.oldest, altered.newest = log.oldest, log.newest
    part = log.parts[0]
    kept = [*part.events[:at], event(bytes(record)), *part.events[at + 1 :]]
    altered.parts = [dataclasses.replace(part, events=kept)]
    file = tmp_path / "log.jsonl"
    file.write_text(log_file.to_jsonl(altered, "OITB-0001"))
    done = CliRunner().invoke(main, ["replay", str(file)])
    assert done.exit_code == USAGE
    assert "rate_nl_day is out of range" in done.stderr


@pytest.mark.parametrize("head", ["[1]", '["oldest_event"]', '{"oldest_event":1}', "5", ""])
def test_a_file_of_neither_kind_is_told_in_one_line(head: str, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    body = head + "\n{}\n"
    file.write_text(body + '{"sha256":"%s"}\n' % hashlib.sha256(body.encode()).hexdigest())
    done = CliRunner().invoke(main, ["replay", str(file)])
    assert done.exit_code == USAGE
    assert len(done.stderr.splitlines()) == 1


def test_a_log_with_a_part_missing_is_exit_code_1(log: Log, tmp_path: Path) -> None:
    short = Log()
    short.oldest, short.newest = log.oldest, log.newest
    part = log.parts[0]
    short.parts = [dataclasses.replace(part, events=part.events[:-3])]
    file = tmp_path / "log.jsonl"
    file.write_text(log_file.to_jsonl(short, "OITB-0001"))
    done = CliRunner().invoke(main, ["replay", str(file)])
    assert done.exit_code == FAILED
    assert "are missing" in done.output


def test_a_pump_that_was_reset_between_set_up_and_first_therapy_is_played_as_well() -> None:
    """It earns a whole step first, though nothing had been prescribed before."""
    bed = Bed()
    bed.ready()
    bed.world.reset(bed.world.chip.PWRON_RESET)
    bed.run(minutes=1)
    bed.programmer.hello()
    bed.programmer.ask(schema.SET_CLOCK, {"wall_s": 30_000_000})
    bed.programmer.prescribe([(0, 48_000)])
    bed.programmer.start()
    bed.programmer.goodbye()
    bed.run(hours=9)
    checkpoints = replay(read(bed).events, 1)
    assert len(checkpoints) == 9
    assert all(one.agrees for one in checkpoints)
    assert checkpoints[-1].verified_steps > 300
