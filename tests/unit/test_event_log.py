"""The event log: nothing that fits is lost, what does not is counted, and no failure gets out."""

import hashlib
import struct
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from emulator.ram_disk import RamDisk
from firmware import event_log, log_ring
from firmware.event_log import EventLog
from firmware.files import Files
from protocol.wire import events, schema

EIO = 5
ENOSPC = 28
HOUR_MS = 3_600_000
RECORD = 37
HEADER = 8


class Flash(Files):
    """Files in memory, with a flash that can fail. fail: name of an operation -> errno."""

    def __init__(self) -> None:
        self.disk = RamDisk()
        super().__init__(self.disk, self.disk.open)
        self.fail: dict[str, int] = {}
        self.unreadable: set[str] = set()
        self.lies = False
        self.tears_after = -1  # bytes of an append that get there before it fails
        self.limit_files = 1_000
        self.calls: list[str] = []
        self.disk.mkdir("/pump")

    def _try(self, what: str) -> None:
        self.calls.append(what)
        if what in self.fail:
            raise OSError(self.fail[what])

    def read(self, path: str) -> bytes:
        if path in self.unreadable:
            raise OSError(EIO)
        return super().read(path)

    def write(self, path: str, data: bytes) -> None:
        self._try("write")
        if len(self.names()) >= self.limit_files:
            raise OSError(ENOSPC)
        if not self.lies:
            super().write(path, data)

    def append(self, path: str, data: bytes) -> None:
        self._try("append")
        if self.tears_after >= 0:
            super().append(path, data[: self.tears_after])
            raise OSError(EIO)
        if not self.lies:
            super().append(path, data)

    def remove(self, path: str) -> None:
        self._try("remove")
        super().remove(path)

    def names(self) -> list[str]:
        return sorted(super().list(log_ring.FOLDER))

    def segment(self, start: int) -> bytes:
        return self.read(path_of(start))

    def put(self, start: int, data: bytes) -> None:
        super().write(path_of(start), data)

    def list(self, folder: str) -> "list[str]":
        self._try("list")
        return super().list(folder)


def path_of(start: int) -> str:
    return f"{log_ring.FOLDER}/{start:08x}"


class Stand:
    """What the log asks of the pump: a clock, a wall clock, a ledger, room, alarms."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.boots = 1
        self.room = True
        self.due_ms = 0
        self.raised: list[tuple[int, int]] = []
        self.cleared: list[int] = []
        self.verified = self.unverified = self
        self.is_sound = True

    def read(self) -> int:
        return self.now_ms

    def uptime_s(self) -> int:
        return self.now_ms // 1_000

    def wall_s(self, at_ms: int) -> int:
        return 820_000_000 + at_ms // 1_000

    def value(self) -> int:
        return 77

    def has_room(self, _now_ms: int, want_ms: int) -> bool:
        assert want_ms >= 400, "an erase of the worst case"
        return self.room

    def raise_alarm(self, alarm: int, value: int) -> None:
        self.raised.append((alarm, value))

    def clear(self, alarm: int) -> None:
        self.cleared.append(alarm)


class Life:
    """A log from one boot to the next, on a flash that stays."""

    def __init__(self, flash: Flash | None = None) -> None:
        self.flash = flash or Flash()
        self.boots = 0
        self.boot()

    def boot(self) -> None:
        self.boots += 1
        stand: Any = Stand()
        stand.boots = self.boots
        self.stand = stand
        self.log = EventLog(self.flash, stand, stand, stand, stand, stand)
        self.log.start(0)

    def run(self, ms: int) -> None:
        """Poll when due, as the loop does."""
        end_ms = self.stand.now_ms + ms
        for _ in range(10_000):
            if self.log.due_ms > end_ms:
                break
            self.stand.now_ms = max(self.stand.now_ms, self.log.due_ms)
            self.log.poll(self.stand.now_ms)
        else:
            raise AssertionError("the log does not come to rest")
        self.stand.now_ms = end_ms

    def fill(self, count: int) -> None:
        """So many events, on the flash."""
        for _ in range(count):
            self.log.note(events.FAULT)
            if len(self.log._fresh) == 100:
                self.run(event_log.SPACING_MS)
        self.run(event_log.SPACING_MS)

    def records(self, first: int = 0, chained: bool = True) -> list[bytes]:
        """All that can be read, page by page. chained: each page to the one before."""
        found: list[bytes] = []
        chain = None
        while True:
            page = self.log.page(first)
            if not page["records"]:
                return found
            assert len(page["records"]) <= events.PAGE_RECORDS
            if chained and chain is not None and page["first_event"] == first:
                assert page["before"] == chain
            part = [row["record"] for row in page["records"]]
            found += part
            chain = part[-1][25:33]
            first = page["first_event"] + len(part)

    def rows(self) -> list[tuple[int, ...]]:
        return [struct.unpack("<IHHIIBII", record[:25]) for record in self.records()]

    def kinds(self) -> list[int]:
        return [row[5] for row in self.rows()]


@pytest.fixture
def life() -> Life:
    return Life()


def sound_chain(records: list[bytes], chain: bytes = bytes(8)) -> bool:
    """Written from the description of a record alone."""
    for record in records:
        chain = hashlib.sha256(chain + record[:25]).digest()[:8]
        if record[25:33] != chain or record[33:] != zlib.crc32(record[:33]).to_bytes(4, "little"):
            return False
    return True


def test_an_event_is_kept_with_its_number_times_and_arguments(life: Life) -> None:
    life.stand.now_ms = 5_007
    life.log.note(events.ALARM_RAISED, 3, -20_000)
    life.log.note_at(events.RATE, 24_000_000, 2, 4_001)
    life.log.note(events.CLOCK_SET, schema.WALL_S_MAX, schema.U32_MAX)
    assert life.rows() == [
        (1, 1, 7, 5, 820_000_005, events.ALARM_RAISED, 3, (1 << 32) - 20_000),
        (2, 1, 1, 4, 820_000_004, events.RATE, 24_000_000, 2),
        (3, 1, 7, 5, 820_000_005, events.CLOCK_SET, schema.WALL_S_MAX, schema.U32_MAX),
    ]
    assert sound_chain(life.records())


def test_an_event_in_memory_is_read_like_one_on_the_flash(life: Life) -> None:
    life.fill(7)
    before = life.records()
    life.log.note(events.FAULT)
    assert len(life.records()) == 8
    assert life.records()[:7] == before
    read = life.records()
    life.run(event_log.SPACING_MS)
    assert len(life.flash.segment(1)) == HEADER + 8 * RECORD
    assert life.records() == read
    assert sound_chain(read)


def test_a_page_after_the_newest_is_empty_and_tells_its_chain(life: Life) -> None:
    assert life.log.page(0) == {
        "oldest_event": 1,
        "newest_event": 0,
        "first_event": 1,
        "before": bytes(8),
        "records": [],
    }
    life.log.note(events.FAULT)
    page = life.log.page(schema.U32_MAX)
    assert (page["newest_event"], page["records"]) == (1, [])
    assert page["before"] == life.records()[0][25:33]
    life.fill(3)
    assert life.log.page(schema.U32_MAX)["before"] == life.records()[-1][25:33]


def test_a_note_writes_nothing_and_an_urgent_one_is_written_a_second_later(life: Life) -> None:
    life.run(60_000)
    life.flash.calls.clear()
    life.log.note(events.ALARM_RAISED)
    life.run(event_log.GATHER_MS - 1)
    assert life.flash.calls == []
    life.log.note(events.STATE)
    life.run(1)
    assert life.flash.calls == ["write"]
    life.log.note(events.COMMAND)
    life.run(event_log.SPACING_MS - 1)
    assert life.flash.calls == ["write"]
    life.run(1)
    assert life.flash.calls == ["write", "append"]


def test_rates_and_refusals_wait_for_the_hour_and_its_checkpoint(life: Life) -> None:
    life.log.note(events.REFUSAL)
    life.log.rate_changed(1_000_000, 1, 0)
    life.run(HOUR_MS - 1)
    assert life.flash.names() == []
    life.run(1)
    life.boot()
    assert life.kinds() == [events.REFUSAL, events.RATE, events.LEDGER]
    assert life.rows()[-1][6:] == (77, 77)


def test_nothing_is_written_while_a_step_is_near(life: Life) -> None:
    life.log.note(events.FAULT)
    life.stand.room = False
    for due_ms in (1_500, 2_500, 3_500):
        life.stand.due_ms = due_ms
        life.stand.now_ms = life.log.due_ms
        life.log.poll(life.log.due_ms)
        assert life.log.due_ms == due_ms + 1, "right after the step"
    assert life.flash.names() == []
    life.stand.room = True
    life.run(10_000)
    assert life.flash.names() == ["00000001"]


def test_one_operation_of_the_flash_at_a_time(life: Life) -> None:
    life.fill(log_ring.SEGMENT_RECORDS - 3)
    for _ in range(100):
        life.log.note(events.FAULT)
    life.flash.calls.clear()
    life.stand.now_ms = life.log.due_ms
    life.log.poll(life.stand.now_ms)
    assert life.flash.calls == ["append"]
    assert life.log.due_ms <= life.stand.now_ms, "the rest at the next turn"
    life.log.poll(life.stand.now_ms)
    assert life.flash.calls == ["append", "write"]
    assert sound_chain(life.records())


def test_the_log_goes_on_after_a_reset(life: Life) -> None:
    for boot in range(1, 8):
        life.fill(37)
        life.boot()
        assert len(life.records()) == 37 * boot
    life.fill(1)
    assert sound_chain(life.records())
    assert [row[0] for row in life.rows()] == list(range(1, 37 * 7 + 2))
    assert [row[1] for row in life.rows()] == [1 + n // 37 for n in range(37 * 7)] + [8]


def test_the_oldest_goes_and_thirty_days_with_a_thousand_faults_stay(life: Life) -> None:
    """A day: 24 checkpoints, 24 edges of a schedule, 12 events; a fault: raised, cleared,
    acknowledged, held, resumed, two rates."""
    enough = 30 * (24 + 24 + 12) + 1_000 * 7
    life.fill(log_ring.SEGMENTS_MAX * log_ring.SEGMENT_RECORDS + 1_000)
    assert len(life.flash.names()) <= log_ring.SEGMENTS_MAX
    page = life.log.page(0)
    assert page["oldest_event"] > 1_000 - log_ring.SEGMENT_RECORDS
    assert page["newest_event"] - page["oldest_event"] + 1 >= enough
    records = life.records()
    assert len(records) == page["newest_event"] - page["oldest_event"] + 1
    assert sound_chain(records, page["before"])
    assert all(len(life.flash.segment(int(name, 16))) <= 4_096 for name in life.flash.names())


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


def broken(**fail: int) -> Callable[[Flash], None]:
    return lambda flash: flash.fail.update(fail)


def lying(flash: Flash) -> None:
    flash.lies = True


@pytest.mark.parametrize(
    "breaks",
    [broken(write=EIO, append=EIO), broken(write=ENOSPC, append=ENOSPC, remove=EIO), lying],
    ids=["error", "full and stuck", "silent"],
)
def test_a_log_that_cannot_be_written_alarms_and_tells_afterwards_what_is_lost(
    life: Life, breaks: Callable[[Flash], None]
) -> None:
    life.fill(3)
    kept = life.records()
    assert life.stand.raised == []
    breaks(life.flash)
    life.log.note(events.FAULT)
    life.run(event_log.SPACING_MS)
    assert life.stand.raised[0][0] == schema.LOG_FAILED
    tries = len(life.flash.calls)
    life.run(50 * 60_000)
    assert len(life.flash.calls) == tries, "it does not try without end"
    for _ in range(1_000):
        life.log.note(events.STATE, 1, 2)
    life.run(10 * HOUR_MS)
    assert len(life.log._fresh) + len(life.log._sealed) <= event_log.PENDING_MAX + 1
    life.flash.fail.clear()
    life.flash.lies = False
    life.stand.cleared.clear()
    life.run(HOUR_MS)
    assert schema.LOG_FAILED in life.stand.cleared
    assert life.records()[:3] == kept
    assert sound_chain(life.records())
    gaps = [row for row in life.rows() if row[5] == events.LOG_GAP]
    noted = 3 + 1 + 1_000 + 11
    assert len(life.rows()) - len(gaps) + sum(row[6] for row in gaps) == noted
    assert {row[7] for row in gaps} == {events.OVERFLOW}
    life.boot()
    assert sound_chain(life.records())


def test_a_flash_that_is_full_of_something_else_makes_the_ring_shorter(life: Life) -> None:
    """And leaves some of it to the records."""
    life.flash.limit_files = 10
    life.fill(20 * log_ring.SEGMENT_RECORDS)
    assert life.stand.raised == []
    assert len(life.flash.names()) == 10 - log_ring.LEFT_FREE
    assert life.rows()[-1][0] == 20 * log_ring.SEGMENT_RECORDS
    assert sound_chain(life.records(), life.log.page(0)["before"])


def test_a_flash_with_room_for_one_segment_keeps_the_newest_events(life: Life) -> None:
    life.flash.limit_files = 1
    life.fill(5 * log_ring.SEGMENT_RECORDS)
    assert len(life.flash.names()) == 1
    assert life.rows()[-1][0] == 5 * log_ring.SEGMENT_RECORDS


def test_a_folder_that_cannot_be_listed_at_boot_is_not_written_over(life: Life) -> None:
    life.fill(3)
    kept = life.flash.segment(1)
    life.flash.fail["list"] = EIO
    life.boot()
    assert life.stand.raised == [(schema.LOG_FAILED, 0)]
    life.log.note(events.BOOT)
    life.run(60_000)
    assert life.log.page(0)["records"] == []
    assert life.flash.segment(1) == kept
    life.flash.fail.clear()
    life.run(HOUR_MS)
    assert life.kinds() == [events.FAULT] * 3 + [events.BOOT, events.LEDGER]
    assert sound_chain(life.records())


def test_refusals_without_end_push_nothing_else_out(life: Life) -> None:
    for _ in range(500):
        life.log.note(events.REFUSAL, schema.START, schema.NO_PRESCRIPTION)
    life.log.note(events.ALARM_RAISED)
    life.run(HOUR_MS)
    kinds = life.kinds()
    assert kinds.count(events.REFUSAL) == event_log.REFUSALS_MAX
    assert kinds.count(events.ALARM_RAISED) == 1
    lost = [row[6] for row in life.rows() if row[5] == events.LOG_GAP]
    assert lost == [500 - event_log.REFUSALS_MAX]


def test_whoever_reads_a_full_memory_is_told_of_every_event_that_is_lost(life: Life) -> None:
    for lost in range(1, 5):
        for _ in range(event_log.PENDING_MAX if lost == 1 else 0):
            life.log.note(events.STATE)
        known = life.log.page(schema.U32_MAX)
        life.log.note(events.COMMAND)
        page = life.log.page(known["newest_event"] + 1)
        assert page["records"] or page["before"] != known["before"]
        assert life.rows()[-1][5:] == (events.LOG_GAP, lost, events.OVERFLOW)
    assert sound_chain(life.records())


def test_no_memory_for_an_event_is_counted(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(_at_ms: int) -> int:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(life.stand, "wall_s", no_memory)
        life.log.note(events.FAULT)
    life.log.note(events.STATE)
    assert [(row[5], row[6]) for row in life.rows()] == [(events.STATE, 0), (events.LOG_GAP, 1)]


def test_a_year_of_moved_epochs_changes_no_deadline(life: Life) -> None:
    day_ms = 86_400_000
    written = 0
    for _ in range(365):
        life.run(day_ms)
        life.stand.now_ms -= day_ms
        life.log.rebase(day_ms)
        written += 24
    assert life.log.page(0)["newest_event"] == written
    life.run(event_log.SPACING_MS)
    life.log.note(events.FAULT)
    assert life.log.due_ms == life.stand.now_ms + event_log.GATHER_MS
