"""What a start does first, and what it leaves for between the steps."""

from typing import Any

import pytest

from emulator.flash import ERASE_US_MAX, PAGE_US_MAX
from emulator.little_disk import LittleDisk
from emulator.ram_disk import RamDisk, mount
from emulator.world import World
from firmware import records
from firmware.event_log import EventLog
from firmware.files import Files
from firmware.restore import Rest
from firmware.store import Record
from protocol.wire import codec, schema
from tests.fault.test_restore import after_a_power_failure, corrupt, waiting
from tests.kept import BLOCK_STEPS, FOLDERS, path_of
from tests.pumps import Bed
from tests.started import has_started

ALL_RECORDS = 0b11_1110
FASTEST_NL_DAY = 24_000_000
CUTS = (("before", 0), ("torn", 90), ("weak", 8), ("out of order", 1), ("after", 0))


def on(disk: Any) -> Bed:
    """A pump with this disk."""

    def connect(world: World) -> None:
        world.disk = disk
        disk.connect(world._hold_off)

    return Bed(before=connect, capacity_nl=40_000_000)


def lose_all(bed: Bed) -> None:
    """All that the pump ever wrote; what is the program's is there."""
    disk = bed.world.disk
    for path in [path for path in disk._entries if path]:
        del disk._entries[path]
    disk.mkdir("/a")


def slow_and_running(rate_nl_day: int) -> Bed:
    """Its power has just failed, and its flash is as slow as it may be."""
    bed = on(LittleDisk())
    bed.run(s=2)
    bed.running((0, rate_nl_day))
    bed.run(minutes=1)
    flash = bed.world.disk.flash
    flash.erase_us, flash.page_us = ERASE_US_MAX, PAGE_US_MAX
    bed.world.power_cut()
    bed.steps.clear()
    return bed


@pytest.mark.parametrize("rate_nl_day", [1_000_000, 4_000_000, FASTEST_NL_DAY])
def test_therapy_does_not_wait_for_what_only_makes_sure_of_the_flash(rate_nl_day: int) -> None:
    """Four folders, with an erasure of 400 ms each; and no step is late by more than one of them
    and the log's, nor is one given up.
    """
    bed = slow_and_running(rate_nl_day)
    bed.world.power_on()
    settled: list[int] = []
    settle = Files.settle

    def told(files: Files, folder: str) -> None:
        settle(files, folder)
        settled.append(len(bed.steps))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Files, "settle", told)
        bed.run(s=20)
    assert len(settled) == len(FOLDERS) + 1, "and the log's"
    if rate_nl_day == FASTEST_NL_DAY:
        assert sorted(set(settled)) == settled, "a step between one and the next"
    assert bed.pump.state.state == schema.RUNNING
    due = 20_000 * rate_nl_day // (86_400_000 * 50)
    assert due - 12 <= len(bed.steps) <= due


def test_a_request_waits_until_all_that_is_written_is_certain() -> None:
    """One that comes while folders are written anew is answered after that."""
    bed = slow_and_running(FASTEST_NL_DAY)
    bed.world.power_on()
    while not bed.steps:
        bed.run(ms=1)
    assert not has_started(bed.pump)
    bed.programmer.hello()
    assert has_started(bed.pump)
    assert bed.pump.memory._unsettled == []


def test_each_piece_of_a_start_shows_the_heartbeat_that_the_loop_is_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Four erasures one after the other are longer than its monitor waits."""
    shown: list[bool] = []
    poll = Rest.poll

    def seen(rest: Rest, now_ms: int) -> None:
        rest._pump.loop.beat = False
        poll(rest, now_ms)
        shown.append(rest._pump.loop.beat)

    monkeypatch.setattr(Rest, "poll", seen)
    bed = Bed()
    bed.run(s=2)
    assert shown == [True] * (len(FOLDERS) + 1)


def test_a_start_that_finds_no_room_between_steps_comes_to_its_end_all_the_same() -> None:
    """With no step left that the ledger has reserved, none can be made before it does."""
    bed = slow_and_running(FASTEST_NL_DAY)
    bed.world.power_on()
    while bed.pump is None:
        bed.run(ms=1)
    bed.pump.ledger.left = 0
    bed.run(s=15)
    assert has_started(bed.pump)
    assert len(bed.steps) > 30


def test_what_one_generation_only_holds_is_in_both_before_it_is_relied_upon() -> None:
    """A start whose power fails when it has just begun leaves them alike."""
    bed = Bed()
    bed.running((0, 700_000))
    record: Record = bed.pump.memory._records[records.THERAPY - 1]
    disk = bed.world.disk
    older = disk.content(path_of(records.THERAPY, "01"[record._next]))
    bed.programmer.hello()
    bed.programmer.prescribe([(0, 900_000)])
    bed.world.power_cut()
    disk.keep(path_of(records.THERAPY, "01"[record._next]), older)
    bed.world.power_on()
    while bed.pump is None:
        bed.run(ms=1)
    assert not has_started(bed.pump)
    assert bed.pump.therapy.rate_nl_day == 900_000
    first, second = (disk.content(path_of(records.THERAPY, one))[8:-4] for one in "01")
    assert first == second


def test_a_ledger_that_does_not_read_back_is_written_once_its_folder_is_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cells that waver from one reading to the next are no broken flash."""
    bed = Bed()
    bed.running((0, 700_000))
    bed.world.power_cut()
    anew: list[str] = []
    settle, read = Files.settle, Files.read

    def wavers(files: Files, path: str) -> bytes:
        data = read(files, path)
        if path.startswith(FOLDERS[2]) and FOLDERS[2] not in anew:
            anew.append(path)
            return data[:-1] + b"?" if len(anew) % 2 == 0 else data
        return data

    monkeypatch.setattr(
        Files, "settle", lambda files, path: (settle(files, path), anew.append(path))
    )
    monkeypatch.setattr(Files, "read", wavers)
    bed.world.power_on()
    bed.run(s=5)
    assert bed.state == schema.RUNNING
    assert FOLDERS[2] in anew
    assert bed.pump.alarms.table[schema.STORE_FAILED].count == 0


def test_what_a_start_reserves_is_in_both_folders_though_one_of_them_wavers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One reads as what was written to it once, and then as before."""
    bed = Bed()
    bed.running((0, 700_000))
    bed.run(minutes=10)
    bed.world.power_cut()
    disk = bed.world.disk
    paths = [path_of(records.LEDGER, one) for one in "01"]
    before = {path: disk.content(path) for path in paths}
    reads = dict.fromkeys(paths, 0)
    doubtful = min(paths, key=lambda path: disk.content(path)[4:8][::-1])  # the older one
    read = Files.read

    def wavers(files: Files, path: str) -> bytes:
        data = read(files, path)
        if path != doubtful or data == before[path]:
            return data
        reads[path] += 1
        return data if reads[path] == 1 else before[path]

    monkeypatch.setattr(Files, "read", wavers)
    bed.world.power_on()
    while bed.pump is None:
        bed.run(ms=1)
    assert reads[doubtful] > 0
    (other,) = set(paths) - {doubtful}
    fields = codec.unpack(records.LEDGER_4, disk.content(other)[8:-4])
    assert fields["reserved_steps"] == BLOCK_STEPS
    assert fields["boots"] == bed.pump.ledger.boots


@pytest.mark.parametrize("becomes", ["older", "newer"])
def test_what_changes_while_its_folder_is_written_anew_is_put_right(
    becomes: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells that wavered read as one prescription at the start, and as another in the copy. The
    one that the pump goes by stands, now and after the next start.
    """
    bed = Bed()
    bed.running((0, 700_000))
    disk = bed.world.disk
    paths = [path_of(records.THERAPY, one) for one in "01"]
    before = {path: disk.content(path) for path in paths}
    bed.programmer.hello()
    bed.programmer.prescribe([(0, 900_000)])
    bed.run(minutes=1)
    after = {path: disk.content(path) for path in paths}
    bed.world.power_cut()
    goes_by, other = (after, before) if becomes == "older" else (before, after)
    for path in paths:
        disk.keep(path, goes_by[path])
    settle = Files.settle

    def turns(files: Files, folder: str) -> None:
        settle(files, folder)
        if paths[0].startswith(folder + "/"):
            disk.keep(paths[0], other[paths[0]])

    rate_nl_day = 900_000 if becomes == "older" else 700_000
    with monkeypatch.context() as patch:
        patch.setattr(Files, "settle", turns)
        bed.world.power_on()
        bed.run(s=5)
    assert bed.pump.therapy.rate_nl_day == rate_nl_day
    for path in paths:
        assert disk.content(path)[8:-4] == goes_by[path][8:-4]
    after_a_power_failure(bed)
    assert bed.pump.therapy.rate_nl_day == rate_nl_day


@pytest.mark.parametrize("lost", ["all", "ledger", "boluses"])
def test_what_is_lost_is_told_though_the_power_fails_again_at_once(lost: str) -> None:
    """Before the start is over: the next one finds the ledger that this one has written."""
    bed = Bed()
    bed.running((0, 700_000))
    bed.programmer.hello()
    bed.programmer.bolus(20_000, 4_800_000)
    bed.run(hours=1)
    bed.world.power_cut()
    if lost == "all":
        lose_all(bed)
    else:
        corrupt(bed, records.LEDGER if lost == "ledger" else records.BOLUSES)
    bed.world.power_on()
    while bed.pump is None:
        bed.run(ms=1)
    assert not has_started(bed.pump)
    after_a_power_failure(bed)
    assert "RESTORE_FAILED" in waiting(bed)
    assert bed.state == (schema.UNCOMMISSIONED if lost == "all" else schema.HELD)
    assert lost == "ledger" or bed.ask(schema.BOLUSES)["wait_s"] > 0


@pytest.mark.parametrize("error", [MemoryError, ValueError])
@pytest.mark.parametrize("part", ["folders", "log"])
def test_what_cannot_be_done_at_a_start_is_left_in_the_end(
    part: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Therapy goes on, or an alarm says why not; and somebody who asks is answered."""

    def fails(*_: object) -> None:
        raise error

    bed = Bed()
    bed.running((0, 1_000_000))
    bed.world.power_cut()
    bed.steps.clear()
    with monkeypatch.context() as patch:
        if part == "folders":
            patch.setattr(Files, "settle", fails)
        else:
            patch.setattr(EventLog, "_open", fails)
        bed.world.power_on()
        bed.run(s=60)
    assert has_started(bed.pump)
    if error is MemoryError:
        assert bed.state == schema.RUNNING
        bed.run(minutes=10)
        assert len(bed.steps) > 140
    else:
        assert bed.state == schema.FAULT
        assert "INVARIANT_BROKEN" in waiting(bed)


def test_a_new_pump_is_silent_and_forgets_that_it_was_new() -> None:
    blank: Any = RamDisk()
    mount(blank)
    assert blank.listdir("/pump") == [records.NEW]
    bed = on(blank)
    bed.run(s=2)
    assert not waiting(bed)
    assert "new" not in bed.world.disk.listdir("/pump")
    after_a_power_failure(bed)
    assert not waiting(bed)


@pytest.mark.parametrize("was_set_up", [False, True])
def test_a_pump_that_has_lost_every_record_says_so(was_set_up: bool) -> None:
    """It is as blank as a new one, but for what comes with the program to a new one. A bolus may
    just have been given.
    """
    bed = Bed()
    bed.run(s=2)
    if was_set_up:
        bed.running((0, 700_000))
    bed.world.power_cut()
    lose_all(bed)
    bed.world.power_on()
    bed.run(s=2)
    assert bed.state == schema.UNCOMMISSIONED
    rows = {row["alarm"]: row for row in bed.ask(schema.ALARMS)["alarms"]}
    assert rows[schema.RESTORE_FAILED]["value"] == ALL_RECORDS
    assert schema.ALARM_TABLE[schema.RESTORE_FAILED][1] == schema.CRITICAL
    assert "RESTORE_FAILED" in waiting(bed)
    assert bed.ask(schema.BOLUSES)["wait_s"] > 0
    after_a_power_failure(bed)
    assert "RESTORE_FAILED" in waiting(bed), "until somebody has acknowledged it"
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.RESTORE_FAILED)
    bed.run(s=2)
    after_a_power_failure(bed)
    assert not waiting(bed) - {"CLOCK_LOST"}, "told once"


@pytest.mark.parametrize("still_bad", [False, True])
def test_a_disk_that_the_port_has_formatted_is_told(still_bad: bool) -> None:
    """MicroPython formats what it cannot mount, before any program runs. Where that fails too
    there is no disk at all.
    """
    bed = on(LittleDisk())
    bed.run(s=2)
    bed.running((0, 700_000))
    bed.world.power_cut()
    flash = bed.world.disk.flash
    for block in (0, 1):
        flash._blocks[block] = bytes(flash.block_bytes)
        if still_bad:
            flash.defects[block] = "read error"
    bed.world.power_on()
    bed.run(s=5)
    assert bed.state == schema.UNCOMMISSIONED
    assert bed.pump.alarms.priority() == schema.CRITICAL
    assert "RESTORE_FAILED" in waiting(bed)
    assert bed.ask(schema.ALARMS)["alarms"][0]["value"] == ALL_RECORDS


def test_the_power_may_fail_anywhere_in_the_first_start_of_all() -> None:
    """A new pump stays one until its first record is there, and is never said to have lost any."""
    disk = LittleDisk()
    mount(disk)
    new = disk.flash.snapshot()
    disk.flash.restore(new)
    on(disk).run(s=3)
    count = disk.flash.operations
    assert count > 100
    for operation in range(count):
        kind, amount = CUTS[operation % len(CUTS)]
        disk.flash.restore(new)
        disk.flash.cut(operation, kind, amount)
        bed = on(disk)
        bed.run(s=3)
        assert disk.flash.dead, operation
        bed.world.power_on()
        for _ in range(2):
            bed.run(s=3)
            assert bed.state == schema.UNCOMMISSIONED, operation
            assert not waiting(bed), operation
            after_a_power_failure(bed)
        assert disk.listdir("/pump").count("new") == 0
