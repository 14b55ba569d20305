"""Flash and files on the virtual Pico: what is asked of them, how long it takes, what is damaged.

All of it as in emulation, from the same flash.
"""

import pytest
from littlefs import LittleFS, UserContext, lfs

from emulator.bench import file_set
from emulator.bench.boards.kind import BLOCK_BYTES
from emulator.bench.pico import VirtualPico
from emulator.flash import ERASE_US, PAGE_US
from emulator.little_disk import DISK_2_1
from firmware import records
from firmware.pins import SUPPLY
from tests.bench.copies import in_a_copy
from tests.bench.pico_bed import stock_image
from tests.power_loss.virtual_storage import (
    Apart,
    Lived,
    apart,
    damaged,
    found_in_a_world,
    found_on_board,
    in_a_world,
    lived,
    on_board,
)

pytestmark = pytest.mark.xdist_group("gated_pico")
APART_MAX = Apart(erases_in_all=1, erases=1, pages=4)
# Reading back and packing go on between two operations of a record, which erases once at most;
# longest at the start, where records follow each other.
CHIP_WORK_US_MAX = 75_000
COMPLAINS_MS_MAX = 4_000


@pytest.fixture(scope="module")
def life(gated_pico: VirtualPico) -> Lived:
    return in_a_copy(lived, gated_pico)


def test_the_emulated_flash_is_asked_for_the_same_operations(
    gated_pico: VirtualPico, life: Lived
) -> None:
    """And each write takes the flash's time and little of the chip's."""
    board = in_a_copy(on_board, gated_pico, life.system, ERASE_US, PAGE_US)
    found = apart(board, in_a_world(life.system))
    assert all(value <= most for value, most in zip(found, APART_MAX)), found
    for work in board:
        assert work.pages, work
        for busy_us, took_us, erases in work.writes:
            assert busy_us <= took_us <= busy_us + CHIP_WORK_US_MAX * max(1, erases), work


def test_a_blank_board_writes_the_version_of_the_disk_that_it_is_compared_with() -> None:
    pico = VirtualPico(stock_image())
    pico.run_for_ms(500)
    system = pico.flash[pico.kind.fs_start :]
    found = LittleFS(
        UserContext(buffer=bytearray(system)),
        block_size=BLOCK_BYTES,
        block_count=pico.kind.fs_blocks,
    )
    assert lfs.fs_stat(found.fs).disk_version == DISK_2_1


def test_a_damaged_file_of_each_record_leaves_the_other_one(
    gated_pico: VirtualPico, life: Lived
) -> None:
    """The newer one of each: therapy goes on by the same prescription, and the bracket holds."""
    sound = found_in_a_world(life.system)
    system = life.system
    for kind in (records.SETUP, records.THERAPY, records.CONDITION, records.LEDGER):
        system = damaged(system, kind, "new")
    found = in_a_copy(found_on_board, gated_pico, system)
    assert found == found_in_a_world(system)
    same = ("serial", "prescription", "state", "step_pl")
    assert [found[name] for name in same] == [sound[name] for name in same]
    assert found["state"] == "RUNNING"
    assert "RESTORE_FAILED" not in found["waiting"]
    low = found["verified_steps"]
    assert life.steps > 0
    assert low <= life.steps <= low + found["unverified_steps"]


def test_a_prescription_of_which_both_files_are_damaged_is_a_critical_alarm(
    gated_pico: VirtualPico, life: Lived
) -> None:
    system = damaged(life.system, records.THERAPY, "01")
    found = in_a_copy(found_on_board, gated_pico, system)
    assert found == found_in_a_world(system)
    assert (found["state"], found["prescription"]) == ("STOPPED", "NO_PRESCRIPTION")
    assert "RESTORE_FAILED" in found["waiting"]


def test_a_damaged_file_of_the_program_is_told_and_nothing_is_started() -> None:
    """One bit, below the file system; there is no other set."""
    files = file_set.build()
    name = "a/firmware/alarm.mpy"
    pico = VirtualPico(stock_image(), files)
    flash = bytearray(pico.flash)
    place = flash.index(files[name][64:192])
    flash[place] ^= 0x10
    pico.put_flash(bytes(flash))
    said = bytearray()
    pico.usb.on_data = said.extend
    line = bytearray()
    pico.on_uart = lambda byte, _t_us: line.append(byte)
    while b"\n" not in line and pico.now_us < COMPLAINS_MS_MAX * 1_000:
        pico.run_for_ms(20)
    for told in (line.decode(), said.decode()):
        assert "/a is not sound: firmware/alarm.mpy is not the file of the manifest." in told
        assert "Nothing is started" in told
    assert not pico.is_driven(SUPPLY)
