"""The event log over the line: everything that happened is in it, and no byte of it can change."""

import csv
import hashlib
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from emulator.emu_link import EmuLink
from emulator.world import World
from firmware import log_ring
from protocol import names
from protocol.programmer import log_file
from protocol.programmer.app import ALARM, LINK
from protocol.programmer.client import Client
from protocol.programmer.event_log import Event, Log, Part, event
from protocol.programmer.link import LinkError
from protocol.wire import events, schema
from tests.pumps import Bed
from tests.wire.desk import NIGHT, OK, SIMPLE, Desk


def told(found: list[Event]) -> list[tuple[Any, ...]]:
    """(name, arguments) of events, without the ledger's."""
    return [(one.name, *one.arguments.values()) for one in found if one.name != "LEDGER"]


def read(bed: Bed) -> Log:
    client = Client(EmuLink(bed.world))
    client.hello()
    log = Log()
    log.read_on(client)
    return log


def two_days() -> Bed:
    """Two days of a pump: set up, programmed, running, stalled, acknowledged, stopped."""
    bed = Bed()
    bed.running((0, 300_000), (720, 900_000))
    bed.run(hours=30)
    bed.plant.stall(True)
    bed.run(hours=1)
    bed.plant.stall(False)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    bed.run(hours=2)
    bed.ask(schema.STOP)
    bed.run(hours=1)
    return bed


@pytest.fixture(scope="module")
def life() -> Bed:
    return two_days()


@pytest.fixture(scope="module")
def log(life: Bed) -> Log:
    return read(life)


def test_everything_that_happened_is_in_the_log_in_its_order(life: Bed, log: Log) -> None:
    commands = [names.MESSAGES[one.a] for one in log.events if one.kind == events.COMMAND]
    assert commands == [
        "SETUP", "SET_CLOCK", "CONFIRM", "START", "ACKNOWLEDGE", "STOP",
    ]  # fmt: skip
    counters = [one.b for one in log.events if one.kind == events.COMMAND]
    digest = life.ask(schema.READ_BACK)["digest"]
    start, following = struct.unpack(">II", digest[:8])
    stall = schema.MOTOR_STALLED
    assert told(log.events) == [
        ("BOOT", 0, 0),
        ("SELF_TEST", 0),
        ("STATE", schema.UNCOMMISSIONED, schema.STOPPED),
        ("COMMAND", schema.SETUP, counters[0]),
        ("CLOCK_SET", 0, 8 * 3600),
        ("COMMAND", schema.SET_CLOCK, counters[1]),
        ("PRESCRIPTION", start, following),
        ("COMMAND", schema.CONFIRM, counters[2]),
        ("STATE", schema.STOPPED, schema.RUNNING),
        ("RATE", 300_000, 1),
        ("COMMAND", schema.START, counters[3]),
        ("RATE", 900_000, 2),
        ("RATE", 300_000, 1),
        ("RATE", 900_000, 2),
        ("ALARM_RAISED", stall, 0),
        ("STATE", schema.RUNNING, schema.HELD),
        ("RATE", 0, 0),
        ("ALARM_ACKNOWLEDGED", stall),
        ("STATE", schema.HELD, schema.RUNNING),
        ("RATE", 900_000, 2),
        ("COMMAND", schema.ACKNOWLEDGE, counters[4]),
        ("STATE", schema.RUNNING, schema.STOPPED),
        ("RATE", 0, 0),
        ("COMMAND", schema.STOP, counters[5]),
    ]
    assert log.faults() == []


def test_a_rate_is_in_the_log_with_the_instant_from_which_it_holds(log: Log) -> None:
    edges = [one for one in log.events if one.kind == events.RATE][1:4]
    assert [one.wall_s % 86_400 for one in edges] == [12 * 3600, 0, 12 * 3600]
    apart_ms = [one.uptime_s * 1_000 + one.ms - edges[0].uptime_s * 1_000 for one in edges]
    assert [ms - edges[0].ms for ms in apart_ms] == [0, 12 * 3_600_000, 24 * 3_600_000]


def test_the_ledger_is_in_the_log_every_hour(life: Bed, log: Log) -> None:
    kept = [one for one in log.events if one.kind == events.LEDGER]
    assert [one.uptime_s // 3_600 for one in kept] == list(range(35))
    totals = life.totals()
    last = kept[-1].arguments
    assert last["verified_steps"] == totals["verified_steps"]
    assert last["unverified_steps"] == totals["unverified_steps"]


def test_refusals_and_faults_are_in_the_log() -> None:
    bed = Bed()
    bed.ready()
    number = bed.programmer.counter + 1
    assert bed.programmer.exchange(schema.START, b"", number)[0] == schema.REFUSED
    assert bed.programmer.exchange(schema.TOTALS, b"", number + 9)[0] == schema.REFUSED
    bed.pump.fault_stop(3)
    assert sorted(told(read(bed).events)[-6:]) == [
        ("ALARM_RAISED", schema.INVARIANT_BROKEN, 3),
        ("FAULT", 3),
        ("RATE", 0, 0),
        ("REFUSAL", schema.TOTALS, schema.OUT_OF_SEQUENCE),
        ("REFUSAL", schema.START, schema.NO_PRESCRIPTION),
        ("STATE", schema.STOPPED, schema.FAULT),
    ]


def test_after_a_reset_the_log_goes_on_with_its_cause() -> None:
    bed = Bed()
    bed.running()
    bed.run(hours=1)
    before = read(bed).events
    bed.run(s=20)
    bed.world.reset(bed.world.chip.WDT_RESET)
    bed.run(s=20)
    log = read(bed)
    assert log.events[: len(before)] == before
    assert log.faults() == []
    boot = log.events[len(before)]
    assert boot.arguments["reset_cause"] == names.RESETS.index("WATCHDOG")
    assert [one.boot for one in (before[-1], boot)] == [1, 2]
    after = told(log.events[len(before) :])
    assert ("STATE", schema.STOPPED, schema.RUNNING) in after
    clock = next(one for one in after if one[0] == "CLOCK_SET")
    assert clock[1] == 0, "it was not set after the start"
    assert before[-1].wall_s - 3_600 <= clock[2] <= boot.uptime_s + before[-1].wall_s + 20


def copy(log: Log) -> Log:
    """Another object with the same log."""
    other = Log()
    other.oldest, other.newest = log.oldest, log.newest
    other.parts = [Part(part.first, part.before, list(part.events)) for part in log.parts]
    return other


def as_it_is(record: bytes) -> bytes:
    return record


def resealed(record: bytes) -> bytes:
    """The record with a CRC that fits."""
    return record[:33] + zlib.crc32(record[:33]).to_bytes(4, "little")


def changes_missed(log: Log, seal: Callable[[bytes], bytes]) -> tuple[int, int]:
    """Change each byte of each record: (how many changes, how many of them were not told)."""
    altered = copy(log)
    kept = altered.parts[0].events
    tried = missed = 0
    for place, one in enumerate(log.events):
        for at in range(events.RECORD_BYTES):
            changed = bytearray(one.record)
            changed[at] ^= 1 << place % 8
            record = seal(bytes(changed))
            if record != one.record:
                kept[place] = event(record)
                tried += 1
                missed += f"event {place + 1} was altered" not in altered.faults()
        kept[place] = one
    assert altered.faults() == []
    return tried, missed


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


@pytest.fixture
def used(desk: Desk) -> Desk:
    """A pump that has had a night program for a day."""
    desk.program(NIGHT)
    assert desk.run("start", "--yes").exit_code == OK
    desk.bed.run(hours=24)
    return desk


def test_export_writes_every_event_and_says_that_all_is_there(used: Desk, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "log.jsonl"
    done = used.run("log", "export", "--out", str(out))
    assert done.exit_code == OK
    assert "Nothing is missing, nothing was altered." in done.output
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[0]["serial"] == "OITB-0001"
    kinds = [row["event"] for row in rows if "event" in row]
    assert kinds[0] == "BOOT"
    assert kinds.count("LEDGER") == 25
    confirmed = next(row for row in rows if row.get("command") == schema.CONFIRM)
    assert (confirmed["command_name"], confirmed["wall"][:10]) == ("CONFIRM", "2026-01-01")
    assert used.run("log", "verify", str(out)).exit_code == OK
    shown = used.run("log", "export")
    assert out.read_text().splitlines()[1:-1] == shown.stdout.splitlines()[1:-1][: len(rows) - 2]
    result = used.ask("log", "export")["result"]
    assert (result["faults"], result["events"][0]["event"]) == ([], "BOOT")


def test_export_as_csv_has_a_row_for_each_event(used: Desk, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    assert used.run("log", "export", "--format", "csv", "--out", str(out)).exit_code == OK
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["sequence"]) for row in rows] == list(range(1, len(rows) + 1))
    rate = next(row for row in rows if row["event"] == "RATE")
    assert (rate["a"], rate["a_value"], rate["b"]) == ("rate_nl_day", "144000", "segment")
    assert all(len(row["record"]) == 2 * events.RECORD_BYTES for row in rows)


def change(world: World, name: str, at: int) -> None:
    """Change one byte in a segment, behind the firmware's back."""
    path = f"{log_ring.FOLDER}/{name}"
    with world.disk.open(path, "rb") as file:
        data = bytearray(file.read())
    data[at] ^= 1
    with world.disk.open(path, "wb") as file:
        file.write(data)


def test_a_byte_that_the_flash_has_changed_is_told_with_exit_code_1(used: Desk) -> None:
    change(used.bed.world, "00000001", 8 + 2 * events.RECORD_BYTES + 20)
    done = used.run("log", "export")
    assert done.exit_code == ALARM
    assert "event 3 was altered" in done.stderr
    assert used.ask("log", "export")["result"]["faults"] == ["event 3 was altered"]


def test_a_segment_that_is_gone_is_told_with_its_numbers(used: Desk) -> None:
    used.bed.run(hours=24 * 5)
    assert used.run("log", "export").exit_code == OK
    path = f"{log_ring.FOLDER}/00000001"
    used.bed.world.disk.remove(path)
    done = used.run("log", "export")
    assert done.exit_code == ALARM
    assert f"events 1 to {log_ring.SEGMENT_RECORDS} are missing" in done.stderr


def test_what_the_pump_itself_could_not_keep_is_told(used: Desk) -> None:
    for _ in range(200):
        used.bed.pump.log.note(events.REFUSAL, schema.START, schema.THERAPY_RUNNING)
    done = used.run("log", "export")
    assert done.exit_code == ALARM
    assert "the pump itself has lost" in done.stderr


class CutLink(EmuLink):
    """A line that breaks after so many readings; each new one as well.

    uses: readings that each of the following lines allows.
    """

    uses: ClassVar[list[int]] = []

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self._left = self.uses.pop(0) if self.uses else 1 << 30

    def read(self, timeout_ms: int) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise LinkError(self.name, OSError("cut"))
        return super().read(timeout_ms)


def test_export_goes_on_where_the_line_was_cut(used: Desk, monkeypatch: Any) -> None:
    whole = used.ask("log", "export")["result"]["events"]
    monkeypatch.setattr(used, "link_type", CutLink)
    for cuts in ([3, 2, 4, 9], [2] * 7, [5, 1, 4, 1, 30]):
        monkeypatch.setattr(CutLink, "uses", list(cuts))
        result = used.ask("log", "export")["result"]
        assert CutLink.uses == []
        assert result["events"] == whole
        assert result["faults"] == []


def test_a_line_that_stays_cut_ends_with_exit_code_3(used: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(used, "link_type", CutLink)
    for cuts in ([0], [5, 0, 0, 0], [1, 1, 1]):
        monkeypatch.setattr(CutLink, "uses", list(cuts))
        assert used.run("log", "export").exit_code == LINK


def test_another_pump_after_the_cut_is_not_read_on(used: Desk) -> None:
    other = Desk()
    other.commission()
    other.bed.programmer.hold_magnet()
    assert other.run("setup", SIMPLE, "--serial", "OITB-0666", "--yes").exit_code == OK
    cut = CutLink(used.bed.world, "first")
    cut._left = 3
    links: list[EmuLink] = [cut, EmuLink(other.bed.world)]
    used.link_type = lambda _world, _url: links.pop(0)
    done = used.run("log", "export")
    assert done.exit_code == ALARM
    assert "Another pump answers" in done.stderr


def test_reading_the_log_disturbs_no_step_at_the_highest_rate() -> None:
    alone, read_from = Bed(), Bed()
    for bed in (alone, read_from):
        bed.running((0, 24_000_000))
        bed.run(minutes=2)
    client = Client(EmuLink(read_from.world))
    client.hello()
    for _ in range(5):
        Log().read_on(client)
    alone.world.run_until(read_from.world.now_us)
    assert read_from.steps == alone.steps
    assert len(alone.steps) > 600
