"""No byte of a log that was read, or of an exported file, can change without being found."""

import hashlib
from pathlib import Path

import pytest

from firmware import log_ring
from protocol.programmer import log_file
from protocol.programmer.app import ALARM
from protocol.programmer.event_log import Log, Part
from protocol.wire import events
from tests.wire.altered_logs import as_it_is, change, changes_missed, copy, resealed
from tests.wire.desk import Desk


def test_a_change_of_any_byte_of_any_record_is_found(log: Log) -> None:
    count = len(log.events)
    assert changes_missed(log, as_it_is) == (count * events.RECORD_BYTES, 0)
    assert changes_missed(log, resealed) == (count * (events.RECORD_BYTES - 4), 0)


def test_a_change_of_any_byte_of_the_chain_before_is_found(log: Log) -> None:
    altered = copy(log)
    part = log.parts[0]
    for at in range(events.CHAIN_BYTES):
        before = bytearray(part.before)
        before[at] ^= 0x40
        altered.parts[0] = Part(part.first, bytes(before), part.events)
        assert altered.faults() == ["event 1 was altered"]


def test_a_changed_chain_between_two_segments_is_found_and_nothing_else_is(used: Desk) -> None:
    used.bed.run(hours=24 * 4)
    second = log_ring.SEGMENT_RECORDS + 1
    change(used.bed.world, f"{second:08x}", 3)
    faults = used.ask("log", "export")["result"]["faults"]
    assert faults == [f"the chain before event {second} was altered"]


def test_records_under_other_numbers_are_found(log: Log) -> None:
    altered = copy(log)
    part = log.parts[0]
    altered.parts[0] = Part(part.first + 1, part.before, part.events)
    altered.oldest, altered.newest = log.oldest + 1, log.newest + 1
    assert altered.faults()[0] == "event 2 was altered"


def test_a_record_left_out_put_in_or_moved_is_found(log: Log) -> None:
    for place in range(len(log.events)):
        altered = copy(log)
        del altered.parts[0].events[place]
        assert altered.faults(), place
    for place in range(1, len(log.events)):
        altered = copy(log)
        kept = altered.parts[0].events
        kept[place - 1], kept[place] = kept[place], kept[place - 1]
        assert altered.faults(), place
        altered = copy(log)
        altered.parts[0].events.insert(place, kept[0])
        assert altered.faults(), place
    altered = copy(log)
    del altered.parts[0].events[-2:]
    last = log.newest
    assert altered.faults() == [f"events {last - 1} to {last} are missing"]


def test_a_change_of_any_byte_of_an_exported_file_is_found(log: Log) -> None:
    text = log_file.to_jsonl(log, "OITB-0001").encode()
    again, serial = log_file.parse(text)
    assert (again.events, again.faults(), serial) == (log.events, [], "OITB-0001")
    changed = bytearray(text)
    for at in range(len(text)):
        changed[at] ^= 1
        with pytest.raises(ValueError, match=r"altered|decode"):
            log_file.parse(bytes(changed))
        changed[at] ^= 1
    for size in range(len(text)):
        with pytest.raises(ValueError, match=r"altered"):
            log_file.parse(text[:size])


def test_a_file_that_was_sealed_anew_over_altered_records_is_found(
    log: Log, desk: Desk, tmp_path: Path
) -> None:
    lines = log_file.to_jsonl(log, "OITB-0001").splitlines(keepends=True)
    body = "".join(lines[:5] + lines[6:-1])
    path = tmp_path / "log.jsonl"
    path.write_text(body + '{"sha256":"%s"}\n' % hashlib.sha256(body.encode()).hexdigest())
    done = desk.run("log", "verify", str(path))
    assert done.exit_code == ALARM
    assert "event 4 was altered" in done.output
