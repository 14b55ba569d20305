"""The power fails while a folder above the records is written anew, and littlefs moves what is in
it at the start after next: what it appends goes behind what the power failure has left.
"""

from contextlib import suppress

import pytest

from emulator.little_disk import LittleDisk
from firmware import records
from tests.power_loss.images import Image, aged, rewrite
from tests.power_loss.test_campaign import IS_LONG
from tests.power_loss.ward import Down, Ward
from tests.power_loss.workloads import upkeep

THREE_FREE = 2  # an image with a full log; what littlefs gives up is soon something else's
CYCLES = 101  # of a folder's revisions littlefs moves it with one: lfs_dir_needsrelocation
LOOKS_S = (320, 320, 40, 2, 150)  # that the pump runs after each start
KINDS = (("weak", 1), ("before", 0), ("torn", 90), ("after", 0)) if IS_LONG else (("weak", 1),)


def about_to_move(number: int) -> Image:
    """An aged pump whose folders of records move when they are next compacted but one."""
    ward = Ward(aged(number))
    ward.disk.mount()
    for folder in records.FOLDERS:
        while _compactions_left(ward.disk, folder) != 1:
            pass
    return ward.image()


def _compactions_left(disk: LittleDisk, folder: str) -> int:
    """Before the move, after one more change; -1: unknown, for it moved with that one."""
    before = disk.flash.snapshot()[0]
    rewrite(disk, folder, 1)
    changed = [
        new for old, new in zip(before, disk.flash.snapshot()[0], strict=True) if old != new
    ]
    if len(changed) > 1:
        return -1
    return (CYCLES - 1 - int.from_bytes(changed[0][:4], "little")) % CYCLES


def worked(image: Image, cut: tuple[int, str, int] | None) -> tuple[Ward, int]:
    """(the pump in or after its upkeep, the flash's operations before it)."""
    ward = Ward(image)
    ward.boot()
    ward.run(s=1)
    first = ward.flash.operations
    if cut is not None:
        ward.flash.cut(*cut)
    with suppress(Down):
        upkeep(ward)
    return ward, first


@pytest.mark.parametrize(("kind", "amount"), KINDS)
def test_a_cut_in_the_upkeep_costs_nothing_where_folders_move_next(kind: str, amount: int) -> None:
    image = about_to_move(THREE_FREE)
    ward, first = worked(image, None)
    count = ward.flash.operations - first
    assert count > 20
    wrong = {}
    for operation in range(count):
        ward, _ = worked(image, (operation, kind, amount))
        assert ward.flash.dead
        for start, run_s in enumerate(LOOKS_S):
            ward.reboot()
            found = ward.wrong()
            if found:
                wrong[operation, start] = found
                break
            ward.run(s=run_s)
            ward.settled()
    assert not wrong
