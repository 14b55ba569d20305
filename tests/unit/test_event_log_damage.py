"""The event log after a cut, on a flash that changed or does not read: what is sound is kept."""

import struct

import pytest

from firmware import event_log, log_ring
from firmware.files import Files
from protocol.wire import events
from tests.unit.log_life import HEADER, RECORD, Life, path_of, sound_chain


@pytest.mark.parametrize("before", [0, 3, log_ring.SEGMENT_RECORDS])
def test_a_cut_at_any_byte_of_an_append_keeps_what_was_whole(before: int) -> None:
    """Of a file system that tears: littlefs does not."""
    whole = Life()
    whole.fill(before)
    start = before + 1 if before in (0, log_ring.SEGMENT_RECORDS) else 1
    old = b"" if start > before else whole.flash.segment(start)
    whole.fill(4)
    new = whole.flash.segment(start)
    for size in range(len(old), len(new)):
        whole.flash.put(start, new[:size])
        whole.boot()
        kept = max(0, size - HEADER) // RECORD + start - 1
        torn = size > HEADER and (size - HEADER) % RECORD and size >= HEADER + RECORD
        records = whole.records()
        assert len(records) == kept + bool(torn)
        assert sound_chain(records)
        if torn:
            assert whole.rows()[-1][5:] == (events.LOG_GAP, 1, events.DAMAGED)
        whole.fill(2)
        assert sound_chain(whole.records())
        assert len(whole.records()) == kept + bool(torn) + 2
        whole.boot()
        assert len(whole.records()) == kept + bool(torn) + 2
        for name in whole.flash.names():
            if int(name, 16) > start:
                whole.flash.remove(f"{log_ring.FOLDER}/{name}")


@pytest.mark.parametrize("there", [0, 5, RECORD, 2 * RECORD + 9, 3 * RECORD])
def test_what_a_failed_append_left_behind_is_not_read(life: Life, there: int) -> None:
    """The flash took some of it and said no: the records are written again, elsewhere."""
    life.fill(3)
    for _ in range(3):
        life.log.note(events.STATE)
    life.flash.tears_after = there
    life.run(event_log.SPACING_MS)
    life.flash.tears_after = -1
    assert len(life.flash.segment(1)) == HEADER + 3 * RECORD + there
    life.log.note(events.ALARM_RAISED)
    life.run(event_log.SPACING_MS)
    life.flash.put(1, life.flash.segment(1)[: HEADER + 3 * RECORD] + b"x" * 2 * RECORD)
    for _ in range(2):
        assert [row[0] for row in life.rows()] == list(range(1, 8))
        assert life.kinds()[3:] == [events.STATE] * 3 + [events.ALARM_RAISED]
        assert sound_chain(life.records())
        life.boot()
    assert life.flash.names() == ["00000001", "00000004"]


def test_a_segment_under_a_wrong_name_is_damaged(life: Life) -> None:
    life.fill(3)
    life.flash.put(50, life.flash.segment(1))
    life.flash.remove(path_of(1))
    life.boot()
    newest = life.records(chained=False)[-1]
    assert struct.unpack("<BII", newest[16:25]) == (events.LOG_GAP, 3, events.DAMAGED)


def test_a_changed_byte_anywhere_in_the_newest_segment_is_a_gap_after_the_next_boot() -> None:
    life = Life()
    life.fill(4)
    sound = life.flash.segment(1)
    for at in range(len(sound)):
        life.flash.put(1, sound[:at] + bytes([sound[at] ^ 0x10]) + sound[at + 1 :])
        life.boot()
        kept = max(0, at - HEADER) // RECORD
        records = life.records(chained=False)
        gap = struct.unpack("<IHHIIBII", records[-1][:25])
        assert gap[0] == 5, "no number is used twice"
        assert gap[5:] == (events.LOG_GAP, 4 - kept, events.DAMAGED)
        last = bytes(8) if at >= HEADER else life.flash.segment(1)[:HEADER]
        chain = sound[HEADER + kept * RECORD - 12 : HEADER + kept * RECORD - 4] if kept else last
        assert sound_chain(records[4:], chain), "the chain goes on from the last sound one"


def test_a_newest_segment_that_cannot_be_read_keeps_its_numbers(life: Life) -> None:
    life.fill(3)
    life.flash.unreadable.add(path_of(1))
    life.boot()
    assert [row[0] for row in life.rows()] == [log_ring.SEGMENT_RECORDS + 1]
    assert life.rows()[0][5:] == (events.LOG_GAP, log_ring.SEGMENT_RECORDS, events.DAMAGED)
    life.fill(1)
    assert life.flash.names() == ["00000001", f"{log_ring.SEGMENT_RECORDS + 1:08x}"]


def test_a_segment_in_the_middle_that_cannot_be_read_is_left_out(life: Life) -> None:
    life.fill(3 * log_ring.SEGMENT_RECORDS)
    life.flash.unreadable.add(path_of(log_ring.SEGMENT_RECORDS + 1))
    numbers = [row[0] for row in life.rows()]
    one = log_ring.SEGMENT_RECORDS
    assert numbers == [*range(1, one + 1), *range(2 * one + 1, 3 * one + 1)]


def test_what_else_lies_in_the_folder_is_left_alone(life: Life) -> None:
    life.fill(2)
    for name in ("notes.txt", "0000000G", "12", "FFFFFFFF"):
        Files.write(life.flash, f"{log_ring.FOLDER}/{name}", b"not a segment of the log" * 9)
    life.boot()
    life.fill(1)
    assert len(life.records()) == 3
