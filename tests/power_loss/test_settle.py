"""Cells that a cut left between set and clear take nothing with them that was written later."""

from collections.abc import Iterator

import pytest

from emulator.flash import Flash
from emulator.little_disk import LittleDisk
from emulator.stops import PowerCut
from firmware.files import Files
from firmware.store import Record

FOLDER = "/record"


def filed(disk: LittleDisk) -> Files:
    disk.mount()
    return Files(disk, disk.open)


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
    assert files.list(FOLDER) == (["0"] if writes else [])
    assert not writes or files.read(FOLDER + "/0") == bytes([writes - 1]) * 200


@pytest.mark.parametrize("seed", range(40))
def test_what_was_saved_after_a_weak_write_stays(seed: int) -> None:
    """One cell in the page that was being written; each start draws how it reads."""
    disk = LittleDisk(Flash(blocks=24, seed=seed))
    record = Record(filed(disk), FOLDER, 1)
    assert record.load() is None
    record.save(b"first" * 40)
    disk.flash.cut(0, "weak", 1)
    with pytest.raises(PowerCut):
        record.save(b"cut" * 60)
    disk.power_on()
    record = Record(filed(disk), FOLDER, 1)
    found = record.load()
    assert found in (b"first" * 40, b"cut" * 60)
    for _ in range(6):
        disk.power_on()
        record = Record(filed(disk), FOLDER, 1)
        assert record.load() == found, "it does not change its mind"
    record.save(b"later" * 40)
    for _ in range(6):
        disk.power_on()
        assert Record(filed(disk), FOLDER, 1).load() == b"later" * 40


def test_a_name_that_is_no_text_is_a_fault_of_the_flash() -> None:
    """MicroPython raises UnicodeError, a ValueError, where a name's bytes are not UTF-8."""

    class Spoilt(LittleDisk):
        def ilistdir(self, _path: str = "/") -> Iterator[tuple[str, int, int, int]]:
            return iter([(b"\xb1".decode(), 0, 0, 0)])

    disk = Spoilt(Flash(blocks=24))
    with pytest.raises(OSError, match="84"):
        filed(disk).list(FOLDER)
