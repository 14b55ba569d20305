"""What reads as written at a start is written for good: Files.restore."""

from typing import Any

import pytest

from emulator.block_device import BlockDevice
from emulator.flash import BLOCK_BYTES, BLOCKS, PAGE_BYTES, Flash
from emulator.little_disk import LittleDisk
from emulator.stops import PowerCut
from firmware.files import Files

OLD = bytes(range(256))
NEW = b"\x5a" * PAGE_BYTES
BLOCK = 7


def restored(flash: Flash) -> None:
    disk = LittleDisk(flash)
    Files(disk, disk.open, disk).restore()


def doubtful(kind: str, seed: int, pages: int, bits: int = 3) -> Flash:
    """Some pages of a block; the power failed in the last one."""
    flash = Flash(seed=seed)
    for page in range(pages - 1):
        flash.program(BLOCK, page * PAGE_BYTES, OLD)
    flash.cut(0, kind, bits)
    with pytest.raises(OSError, match="5"):
        flash.program(BLOCK, (pages - 1) * PAGE_BYTES, NEW)
    flash.power_on()
    return flash


def read(flash: Flash) -> bytes:
    return flash.read(BLOCK, 0, BLOCK_BYTES)


def clear(data: bytes) -> int:
    """Its bits that are clear."""
    return ~int.from_bytes(data, "big") & (1 << 8 * len(data)) - 1


@pytest.mark.parametrize("pages", range(1, 17))
def test_cells_that_read_as_written_do_so_after_every_other_start(pages: int) -> None:
    for seed in range(20):
        flash = doubtful("weak", seed, pages)
        before = clear(read(flash))
        restored(flash)
        for _ in range(20):
            flash.power_on()
            assert clear(read(flash)) & before == before, seed


def test_without_it_they_do_not() -> None:
    """This file's own guard."""
    changed = 0
    for seed in range(20):
        flash = doubtful("weak", seed, 3)
        before = clear(read(flash))
        flash.power_on()
        changed += clear(read(flash)) & before != before
    assert changed > 5


def test_cells_that_waver_come_to_rest() -> None:
    """Each has four readings to show itself: one of 16 does not."""
    at_rest = 0
    for seed in range(100):
        flash = doubtful("wavering", seed, 5, bits=1)
        restored(flash)
        at_rest += len({read(flash) for _ in range(20)}) == 1
    assert at_rest >= 85


def test_it_changes_nothing_that_is_not_in_doubt() -> None:
    flash = Flash()
    for block in range(0, BLOCKS, 3):
        for page in range(block % 17):
            flash.program(block, page * PAGE_BYTES, bytes([block, page]) * (PAGE_BYTES // 2))
    image, operations, busy_us = flash.image(), flash.operations, flash.busy_us
    restored(flash)
    assert (flash.image(), flash.operations) == (image, operations)
    used = len([block for block in range(0, BLOCKS, 3) if block % 17])
    assert flash.busy_us - busy_us == used * flash.page_us, "one page a block"
    assert sum(flash.worn) == 0


@pytest.mark.parametrize("defect", ["read error", "program error"])
def test_a_bad_block_keeps_nothing_from_the_others(defect: str) -> None:
    for seed in range(10):
        flash = doubtful("weak", seed, 2)
        flash.program(BLOCK - 1, 0, OLD)
        flash.defects[BLOCK - 1] = defect
        before = clear(read(flash))
        restored(flash)
        for _ in range(10):
            flash.power_on()
            assert clear(read(flash)) & before == before


def test_a_power_failure_in_it_ends_the_turn() -> None:
    flash = doubtful("weak", 1, 2)
    flash.cut(0, "before")
    with pytest.raises(PowerCut):
        restored(flash)
    with pytest.raises(PowerCut):
        BlockDevice(flash).readblocks(0, bytearray(PAGE_BYTES), 0)


def test_the_device_answers_as_the_port_does() -> None:
    flash = Flash(blocks=9)
    device: Any = BlockDevice(flash)
    assert device.ioctl(4, 0) == 9
    with pytest.raises(ValueError, match="6"):
        device.ioctl(6, 0)
    device.writeblocks(2, bytearray(OLD), 512)
    assert flash.unsynced == 0
    page = bytearray(PAGE_BYTES)
    device.readblocks(2, page, 512)
    assert page == OLD
    assert flash.worn == [0] * 9
