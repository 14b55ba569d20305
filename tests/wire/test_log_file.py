"""An exported file that somebody sealed anew: what is found, what cannot be, and no traceback."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from protocol.programmer import log_file
from protocol.programmer.app import ALARM, USAGE
from protocol.programmer.event_log import Log
from tests.wire.desk import OK, Desk

Lines = list[str]


def lines_of(log: Log) -> Lines:
    """Those of an export, without the sum."""
    return log_file.to_jsonl(log, "OITB-0001").splitlines()[:-1]


def sealed(lines: Lines) -> str:
    """A file of these lines, with a sum that fits."""
    body = "".join(line + "\n" for line in lines)
    return body + '{"sha256":"%s"}\n' % hashlib.sha256(body.encode()).hexdigest()


def other(line: str, **values: object) -> str:
    """The line with other values."""
    return json.dumps({**json.loads(line), **values}, separators=(",", ":"))


def faults(lines: Lines) -> list[str]:
    return log_file.parse(sealed(lines).encode())[0].faults()


def test_a_change_of_any_readable_field_of_any_event_is_found(log: Log) -> None:
    lines = lines_of(log)
    tried = 0
    for at in range(2, len(lines)):
        for name, value in json.loads(lines[at]).items():
            if name == "record":
                continue
            wrong = value + 1 if isinstance(value, int) else value + "x"
            changed = [*lines[:at], other(lines[at], **{name: wrong}), *lines[at + 1 :]]
            assert faults(changed) == [
                f"event {at - 1}: its line does not say what its record does"
            ]
            tried += 1
    assert tried > 400


def test_a_field_that_is_said_twice_put_in_or_left_out_is_found(log: Log) -> None:
    lines = lines_of(log)
    line = lines[4]
    less = json.loads(line)
    del less["wall"]
    for changed in (
        line.replace("{", '{"event":"STOP",', 1),
        other(line, note="all is well"),
        json.dumps(less, separators=(",", ":")),
    ):
        told = faults([*lines[:4], changed, *lines[5:]])
        assert told == ["event 3: its line does not say what its record does"]


def test_a_changed_readable_field_is_told_by_the_command(
    log: Log, desk: Desk, tmp_path: Path
) -> None:
    lines = lines_of(log)
    file = tmp_path / "log.jsonl"
    file.write_text(sealed([*lines[:4], other(lines[4], wall="1999-01-01 00:00"), *lines[5:]]))
    done = desk.run("log", "verify", str(file))
    assert done.exit_code == ALARM
    assert "event 3: its line does not say what its record does" in done.stderr


def test_what_was_cut_off_at_the_end_is_seen_in_the_numbers_alone(
    log: Log, desk: Desk, tmp_path: Path
) -> None:
    """As docs/storage.md says: there is no key, and nothing in a record says which is the last."""
    lines = lines_of(log)
    newest = log.newest - 20
    file = tmp_path / "log.jsonl"
    file.write_text(sealed([other(lines[0], newest_event=newest), *lines[1:-20]]))
    done = desk.run("log", "verify", str(file))
    assert done.exit_code == OK
    assert f"{newest} events, 1 to {newest}" in done.stderr
    file.write_text(sealed(lines[:-20]))
    assert desk.run("log", "verify", str(file)).exit_code == ALARM


def test_a_log_without_an_event_is_no_whole_log(log: Log, desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text(sealed([other(lines_of(log)[0], oldest_event=1, newest_event=0)]))
    done = desk.run("log", "verify", str(file))
    assert done.exit_code == ALARM
    assert "there is not a single event in it" in done.stderr


BROKEN: dict[str, Callable[[Lines], Lines]] = {
    "nothing but the sum": lambda lines: [],
    "head without keys": lambda lines: ['{"oldest_event":1}', *lines[1:]],
    "head a list": lambda lines: ['["oldest_event"]', *lines[1:]],
    "head of another kind": lambda lines: [other(lines[0], newest_event="48"), *lines[1:]],
    "head of another format": lambda lines: [other(lines[0], format=2), *lines[1:]],
    "event before its part": lambda lines: [lines[0], *lines[2:]],
    "part without its chain": lambda lines: [lines[0], '{"first_event":1}', *lines[2:]],
    "record a number": lambda lines: [*lines[:3], '{"record":5}', *lines[4:]],
    "record no hexadecimal": lambda lines: [*lines[:3], '{"record":"xyz"}', *lines[4:]],
    "record too short": lambda lines: [*lines[:3], '{"record":"00"}', *lines[4:]],
    "no JSON": lambda lines: [*lines[:3], "record", *lines[4:]],
    "deep": lambda lines: [lines[0], "[" * 100_000, *lines[1:]],
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_file_that_is_no_export_is_told_in_one_line(
    how: str, log: Log, desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "log.jsonl"
    file.write_text(sealed(BROKEN[how](lines_of(log))))
    done = desk.run("log", "verify", str(file))
    assert done.exit_code == ALARM
    assert "no exported log" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_file_that_cannot_be_made_is_told_in_one_line(used: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = used.run("log", "export", "--out", str(tmp_path / "file" / "log.jsonl"))
    assert done.exit_code == USAGE
    assert "cannot be written" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert used.run("log", "export", "--out", str(tmp_path)).exit_code == USAGE
