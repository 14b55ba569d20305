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
from tests.kept import FOLDERS
from tests.power_loss.virtual_storage import (
    BOLUS,
    KINDS,
    RATE_NL_DAY,
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
APART_MAX = Apart(erases_in_all=1, erases=1, pages=1, pages_anew=6)
# Of a stretch: packing, reading back, the answer, and up to 20 ms for collecting garbage. Where a
# step may be due that is one file; a command may write up to five in one go; in the start, up to
# three folders are settled between two steps, and all that is in them is read.
CHIP_WORK_US_MAX = {"delivery": 60_000, "start": 400_000}
COMMAND_WORK_US_MAX = 100_000
COMPLAINS_MS_MAX = 4_000
STEP_NL = 50


@pytest.fixture(scope="module")
def life(gated_pico: VirtualPico) -> Lived:
    return in_a_copy(lived, gated_pico)


def test_the_emulated_flash_is_asked_for_the_same_operations(
    gated_pico: VirtualPico, life: Lived
) -> None:
    """And what writes takes the flash's time and little of the chip's."""
    board = in_a_copy(on_board, gated_pico, life.system, ERASE_US, PAGE_US)
    found = apart(board, in_a_world(life.system))
    assert all(value <= most for value, most in zip(found, APART_MAX)), found
    assert board[0].erases > len(FOLDERS), "a start writes all folders anew"
    for work in board:
        assert work.pages, work
        for one in work.stretches:
            most_us = CHIP_WORK_US_MAX.get(work.name, COMMAND_WORK_US_MAX)
            assert 0 < one.chip_us <= most_us, work


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
    """The newer one of each: therapy goes on by the same prescription, and the brackets hold."""
    sound = found_in_a_world(life.system)
    system = life.system
    for kind in KINDS:
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
    (bolus,) = found["boluses"]
    assert (bolus["volume_nl"], bolus["rate_nl_day"]) == BOLUS
    assert (found["bolus_count"], bolus["outcome"]) == (1, "ENDED_BY_RESET")
    share = BOLUS[1] / (BOLUS[1] + RATE_NL_DAY)
    given_nl = (life.steps - life.steps_before) * STEP_NL * share
    assert given_nl > 5 * STEP_NL
    assert bolus["verified_nl"] - 2 * STEP_NL <= given_nl <= bolus["possible_nl"] + 2 * STEP_NL
    assert found["locked_out"]


def test_boluses_of_which_both_files_are_damaged_lock_out_and_are_a_critical_alarm(
    gated_pico: VirtualPico, life: Lived
) -> None:
    """It holds therapy, of which all is there, until somebody has acknowledged it."""
    system = damaged(life.system, records.BOLUSES, "01")
    found = in_a_copy(found_on_board, gated_pico, system)
    assert found == found_in_a_world(system)
    assert (found["bolus_count"], found["boluses"], found["locked_out"]) == (0, [], True)
    sound = found_in_a_world(life.system)
    assert found["prescription"] == sound["prescription"]
    assert (sound["state"], found["state"]) == ("RUNNING", "HELD")
    assert "RESTORE_FAILED" in found["waiting"]


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
    name = "a/program"
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
        assert "/a is not sound: program is not the file of the manifest." in told
        assert "Nothing is started" in told
    assert not pico.is_driven(SUPPLY)
