"""Cells that a cut left between set and clear take nothing with them that was written later."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from emulator.flash import Flash
from emulator.little_disk import DISK_2_0, DISK_2_1, LittleDisk
from emulator.stops import PowerCut
from firmware.files import Files
from firmware.log_ring import LogRing, chain_of, seal
from protocol.wire.events import CHAIN_BYTES, CONTENT_BYTES
from tests.kept import loaded, save

FOLDER = "/record"
PATHS = ("/first/it", "/second/it")


def filed(disk: LittleDisk) -> Files:
    disk.mount()
    return Files(disk, disk.open, disk)


@pytest.mark.parametrize("writes", range(0, 34, 3))
def test_settling_writes_the_folder_into_another_block_wherever_it_stood(writes: int) -> None:
    disk = LittleDisk(Flash(blocks=24))
    files = filed(disk)
    files.list(FOLDER)
    for number in range(writes):
        files.write(FOLDER + "/0", bytes([number]) * 200)
    erased = list(disk.flash.worn)
    files.settle(FOLDER)
    assert sum(disk.flash.worn) > sum(erased)
    assert sorted(files.list(FOLDER)) == (["0", "settle"] if writes else ["settle"])
    assert not writes or files.read(FOLDER + "/0") == bytes([writes - 1]) * 200


def _after_a_spoilt_write(seed: int, kind: str, disk_version: int) -> str:
    """What is wrong with a record whose saving or settling left such cells; empty: nothing.

    Each start, or each reading, draws how they read. The folder stood anywhere before.
    """
    disk = LittleDisk(Flash(blocks=24, seed=seed), disk_version)
    record, _ = loaded(filed(disk), PATHS, seed % 2 == 0)
    for number in range(seed % 23):
        save(record, bytes([number]) * 200)
    save(record, b"first" * 40)
    disk.flash.cut(seed % 12, kind, 2)
    with suppress(PowerCut):
        save(record, b"cut" * 60)
        loaded(filed(disk), PATHS)
    found = None
    for _ in range(4):
        disk.power_on()
        before = found
        record, found = loaded(filed(disk), PATHS, seed % 2 == 0)
        if found not in (b"first" * 40, b"cut" * 60):
            return f"is {found!r}"
        if before not in (None, found):
            return "changes its mind"
    save(record, b"later" * 40)
    for _ in range(4):
        disk.power_on()
        if loaded(filed(disk), PATHS)[1] != b"later" * 40:
            return "loses what was saved later"
    return ""


@pytest.mark.parametrize("disk_version", [DISK_2_0, DISK_2_1])
@pytest.mark.parametrize("kind", ["weak", "wavering"])
def test_what_was_saved_after_a_spoilt_write_stays(kind: str, disk_version: int) -> None:
    wrong = {seed: _after_a_spoilt_write(seed, kind, disk_version) for seed in range(100)}
    assert not {seed: what for seed, what in wrong.items() if what}


class Torn(Files):
    """Settling a folder copies its files as cells that waver read then: wrongly, these."""

    spoils: tuple[str, ...] = ()

    def settle(self, folder: str) -> None:
        super().settle(folder)
        for path in self.spoils:
            if path.startswith(folder):
                self.write(path, b"no record")


def torn(disk: LittleDisk, *spoils: str) -> Torn:
    disk.mount()
    files = Torn(disk, disk.open, disk)
    files.spoils = spoils
    return files


def saved(disk: LittleDisk, twins: bool) -> None:
    """Put a record there whose newest payload is b"new"."""
    record, _ = loaded(filed(disk), PATHS, twins)
    for payload in (b"old", b"new"):
        save(record, payload)


@pytest.mark.parametrize("twins", [False, True])
@pytest.mark.parametrize("spoils", PATHS)
def test_a_record_that_settling_spoilt_is_not_lost(spoils: str, twins: bool) -> None:
    """One power failure leaves such cells in one folder. In turn: the one before is left, and
    has reserved what the newest did."""
    disk = LittleDisk(Flash(blocks=24))
    saved(disk, twins)
    expected = b"old" if not twins and spoils == PATHS[1] else b"new"
    again, found = loaded(torn(disk, spoils), PATHS, twins)
    assert found == expected
    assert loaded(filed(disk), PATHS, twins)[1] == expected
    save(again, b"newer")
    assert loaded(filed(disk), PATHS, twins)[1] == b"newer"


def test_log_records_that_were_sound_before_their_folder_was_settled_are_not_lost() -> None:
    disk = LittleDisk(Flash(blocks=24))
    filed(disk).list("/pump")
    ring = LogRing(filed(disk))
    assert ring.find_end(0) == 0
    content = [number.to_bytes(4, "little").ljust(CONTENT_BYTES, b"e") for number in (1, 2)]
    records = [seal(ring.chain, content[0])]
    records.append(seal(chain_of(records[0]), content[1]))
    ring.write(records)
    again = LogRing(torn(disk, "/pump/log/00000001"))
    assert again.find_end(0) == 0
    assert (again.newest, again.chain) == (2, ring.chain)
    for found in (again, LogRing(filed(disk))):
        found.find_end(0)
        assert found.page(1) == (1, bytes(CHAIN_BYTES), records)


def one_record(disk: LittleDisk) -> LogRing:
    filed(disk).list("/pump")
    ring = LogRing(filed(disk))
    ring.find_end(0)
    ring.write([seal(ring.chain, (1).to_bytes(4, "little").ljust(CONTENT_BYTES, b"e"))])
    return ring


def test_a_sound_segment_of_the_log_is_written_anew_at_each_start() -> None:
    """A cut in the middle of appending may have left cells in it that waver."""
    disk = LittleDisk(Flash(blocks=24))
    one_record(disk)
    written: list[str] = []

    class Told(Files):
        def write(self, path: str, data: bytes) -> None:
            written.append(path)
            super().write(path, data)

    disk.mount()
    again = LogRing(Told(disk, disk.open, disk))
    assert again.find_end(0) == 0
    assert written[-1] == "/pump/log/00000001"
    assert again.page(1)[0] == 1


@pytest.mark.parametrize("fails", [False, True])
def test_what_could_not_be_written_anew_is_not_appended_to(fails: bool) -> None:
    disk = LittleDisk(Flash(blocks=24))
    one_record(disk)

    class Failing(Files):
        def write(self, path: str, data: bytes) -> None:
            if fails and path.endswith("1"):
                raise OSError(28)
            super().write(path, data)

    disk.mount()
    again = LogRing(Failing(disk, disk.open, disk))
    assert (again.find_end(0), again.newest) == (0, 1)
    again.write([seal(again.chain, (2).to_bytes(4, "little").ljust(CONTENT_BYTES, b"e"))])
    names = [name for name in disk.listdir("/pump/log") if name != "settle"]
    assert names == ["00000001"] + ["00000002"] * fails


def test_a_folder_is_settled_when_its_writes_read_back() -> None:
    """Five in a row: where its blocks are it by turns, a write may go where nobody looks."""
    disk = LittleDisk(Flash(blocks=24))
    lost = 7
    writes: list[bool] = []

    class ByTurns(Files):
        def write(self, path: str, data: bytes) -> None:
            writes.append(len(writes) >= lost or len(writes) % 2 == 1)
            if writes[-1]:
                super().write(path, data)

    disk.mount()
    files = ByTurns(disk, disk.open, disk)
    files.list(FOLDER)
    files.settle(FOLDER)
    assert writes[-6:] == [True] * 6
    assert len(writes) == lost + 6  # the last one empty
    assert files.read(FOLDER + "/settle") == b""


def test_a_name_that_is_no_text_is_a_fault_of_the_flash() -> None:
    """MicroPython raises UnicodeError, a ValueError, where a name's bytes are not UTF-8."""

    class Spoilt(LittleDisk):
        def ilistdir(self, _path: str = "/") -> Iterator[tuple[str, int, int, int]]:
            return iter([(b"\xb1".decode(), 0, 0, 0)])

    disk = Spoilt(Flash(blocks=24))
    with pytest.raises(OSError, match="84"):
        filed(disk).list(FOLDER)
