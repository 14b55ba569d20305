"""littlefs on the emulated flash: set up as on the board, cut at any moment, bad in any way."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from littlefs import LittleFS, UserContext, lfs

from emulator.bench import file_system
from emulator.flash import DEFECTS, EIO, Flash
from emulator.flash_damage import CUTS
from emulator.little_disk import DISK_2_0, DISK_2_1, LittleDisk
from emulator.stops import ChipReset, PowerCut
from emulator.world import START_US, World
from tests.unit.fakes import boot_sleeper

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def put(disk: LittleDisk, path: str, data: bytes) -> None:
    with disk.open(path, "wb") as file:
        file.write(data)


def get(disk: LittleDisk, path: str) -> bytes:
    with disk.open(path, "rb") as file:
        return file.read()


def mounted(**files: bytes) -> LittleDisk:
    disk = LittleDisk(Flash(blocks=24))
    disk.mount()
    for name, data in files.items():
        put(disk, "/" + name, data)
    return disk


def test_it_writes_what_the_boards_image_writes() -> None:
    """Blocks of 4,096 bytes; and the bench's reader of board images reads it."""
    disk = mounted(a=b"1" * 5_000)
    image = disk.flash.image()
    assert file_system.read(image) == {"a": b"1" * 5_000}
    assert _version(disk) == DISK_2_1


def _version(disk: LittleDisk) -> int:
    buffer = bytearray(disk.flash.image())
    blocks = len(buffer) // 4_096
    system = LittleFS(UserContext(buffer=buffer), block_size=4_096, block_count=blocks)
    version: int = lfs.fs_stat(system.fs).disk_version
    return version


def test_an_older_disk_goes_over_with_its_first_write() -> None:
    older = LittleDisk(Flash(blocks=24), DISK_2_0)
    older.mount()
    put(older, "/a", b"1")
    disk = LittleDisk(older.flash)
    disk.mount()
    assert (get(disk, "/a"), _version(disk)) == (b"1", DISK_2_0)
    put(disk, "/b", b"2")
    assert (get(disk, "/a"), _version(disk)) == (b"1", DISK_2_1)


def test_it_reads_what_the_bench_puts_on_a_board() -> None:
    flash = Flash(blocks=24)
    for block in range(24):
        image = file_system.build({"main.py": b"import firmware"}, 24)
        for page in range(0, 4_096, 256):
            flash.program(block, page, image[block * 4_096 + page :][:256])
    disk = LittleDisk(flash)
    disk.mount()
    assert get(disk, "/main.py") == b"import firmware"


def test_what_is_no_file_system_is_formatted_as_the_board_does() -> None:
    disk = mounted(a=b"1")
    disk.flash.erase(0)
    disk.flash.erase(1)
    disk.mount()
    assert disk.listdir("/") == []


@pytest.mark.parametrize("operation", range(4))
def test_power_that_fails_while_it_is_formatted_leaves_what_can_be_mounted(operation: int) -> None:
    disk = LittleDisk(Flash(blocks=24))
    disk.flash.cut(operation, "torn", 170)
    with pytest.raises(PowerCut):
        disk.mount()
    for _ in range(2):
        disk.power_on()
        disk.mount()
    put(disk, "/a", b"1")
    assert get(disk, "/a") == b"1"


def test_without_a_file_system_every_call_is_an_os_error() -> None:
    disk = mounted(a=b"1")
    disk.flash.defects = {0: "read error", 1: "read error"}
    disk.mount()
    with pytest.raises(OSError, match="19") as caught:
        get(disk, "/a")
    assert caught.value.errno == 19


def test_files_outlive_a_mount_and_not_a_format() -> None:
    disk = mounted(a=b"1")
    for _ in range(3):
        disk.mount()
        assert get(disk, "/a") == b"1"


def test_bits_are_never_programmed_over_bits_that_were_not_erased() -> None:
    disk = mounted()
    for number in range(300):
        put(disk, "/%d" % (number % 7), bytes([number % 251]) * (number * 13 % 3_000))
    assert disk.flash.unerased == 0
    assert sum(disk.flash.worn) > 100


@pytest.mark.parametrize("kind", CUTS)
def test_a_cut_ends_the_call_and_all_later_ones(kind: str) -> None:
    disk = mounted(a=b"1")
    disk.flash.cut(0, kind, 3)
    calls: list[Any] = [
        (put, disk, "/a", b"2" * 900),
        (get, disk, "/a"),
        (disk.listdir, "/"),
        (disk.stat, "/a"),
        (disk.remove, "/a"),
        (disk.rename, "/a", "/b"),
        (disk.mkdir, "/c"),
    ]
    image = b""
    for call, *arguments in calls:
        with pytest.raises(PowerCut):
            call(*arguments)
        image = image or disk.flash.image()
    assert disk.flash.image() == image, "nothing after the cut changes it"
    disk.power_on()
    disk.mount()
    assert get(disk, "/a") in (b"1", b"2" * 900)


def test_a_thousand_cuts_with_files_open_and_the_process_ends_well() -> None:
    """littlefs aborts a process that closes, or frees, a handle which it still knows."""
    done = subprocess.run(
        [sys.executable, str(HERE / "thousand_cuts.py")],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        "1000 cuts, memory stays\n",
        "",
    )


def test_a_file_left_open_when_it_is_forgotten_does_no_harm() -> None:
    disk = mounted(a=b"1")
    for _ in range(50):
        disk.open("/a", "ab").write(b"x")
    put(disk, "/b", b"2")
    assert get(disk, "/a") == b"1"


@pytest.mark.parametrize("defect", DEFECTS)
def test_bad_blocks_are_os_errors_or_nothing_never_anything_else(defect: str) -> None:
    """A block that cannot be written is replaced. And after it: old or new, whole."""
    errors = set()
    for block in range(24):
        disk = mounted(a=b"old" * 100, b=b"x" * 9_000)
        disk.flash.defects[block] = defect
        try:
            put(disk, "/a", b"new" * 100)
            put(disk, "/b", b"y" * 9_000)
        except OSError as error:
            errors.add(error.errno)
        disk.flash.defects.clear()
        disk.mount()
        assert get(disk, "/a") in (b"old" * 100, b"new" * 100)
        assert get(disk, "/b") in (b"x" * 9_000, b"y" * 9_000)
    assert errors <= {EIO, 28, 84}, "or littlefs's own: no block left, corrupt"
    assert (EIO in errors) == (defect == "read error")


@pytest.mark.parametrize("block", range(24))
def test_what_cannot_be_read_is_not_taken_for_free(block: int) -> None:
    """littlefs finds free blocks by reading which ones are in use."""
    content = b"kept" * 9_000
    disk = mounted(a=content)
    disk.mount()
    disk.flash.defects[block] = "read error"
    with suppress(OSError):
        put(disk, "/b", bytes(30_000))
    disk.flash.defects.clear()
    disk.mount()
    assert get(disk, "/a") == content


def test_a_full_disk_is_enospc() -> None:
    disk = mounted()
    with pytest.raises(OSError, match="28") as caught:
        put(disk, "/a", bytes(24 * 4_096))
    assert caught.value.errno == 28
    put(disk, "/b", b"still works")
    assert get(disk, "/b") == b"still works"


def booted() -> tuple[World, LittleDisk]:
    disk = mounted(a=b"1")
    world = World(disk=disk)
    boot_sleeper(world)
    return world, disk


def test_a_world_pays_for_the_flash_and_timers_run_late() -> None:
    world, disk = booted()
    heard: list[int] = []
    world.chip.Timer(-1).init(
        mode=0, period=10, callback=lambda _: heard.append(world.now_us - START_US), hard=True
    )
    disk.flash.erase(20)
    assert heard == [45_000]
    put(disk, "/a", b"22")
    assert world.now_us - START_US == 45_000 + 400


def test_a_long_line_loses_what_the_fifo_does_not_hold() -> None:
    """At 115,200 baud 45 ms are 518 bytes; 32 of them fit."""
    world, disk = booted()
    world.chip.UART(0, 115_200, rxbuf=2_000)
    world.chip.outside.uart_in(bytes(600))
    disk.flash.erase(20)
    assert 518 - 32 <= world.chip.outside.uart_lost() <= 520 - 32


def test_a_power_cut_in_the_middle_of_an_erasure_tears_it() -> None:
    world, disk = booted()
    put(disk, "/b", b"x" * 3_000)

    def work() -> None:
        put(disk, "/b", b"y" * 3_000)

    boot_sleeper(world, work=work)
    world.at(world.now_us + 20_000, lambda _: world.power_cut())
    world.run_for_ms(1_000)
    assert world.pump is None
    assert disk.flash.dead
    world.power_on()
    boot_sleeper(world)
    assert get(disk, "/b") == b"x" * 3_000


def test_an_injected_cut_takes_the_firmware_down() -> None:
    world, disk = booted()
    turns: list[int] = []

    def work() -> None:
        turns.append(world.now_us)
        put(disk, "/a", b"%d" % len(turns))

    boot_sleeper(world, work=work)
    disk.flash.cut(3, "before")
    world.run_for_ms(5_000)
    assert (world.pump, len(turns)) == (None, 4)
    world.power_on()
    world.run_for_ms(400)
    assert len(turns) == 5
    assert get(disk, "/a") == b"5"


def test_a_watchdog_that_bites_in_the_middle_of_a_write_resets_and_the_write_is_given_up() -> None:
    world, disk = booted()
    disk.flash.erase_us = 400_000
    caught: list[BaseException] = []
    operations: list[int] = []

    def work() -> None:
        world.chip.WDT(timeout=100)
        operations.append(disk.flash.operations)
        try:
            put(disk, "/b", b"x" * 9_000)
        except BaseException as stop:
            caught.append(stop)
            operations.append(disk.flash.operations)
            raise

    boot_sleeper(world, work=work)
    world.run_for_ms(300)
    assert [type(stop) for stop in caught] == [ChipReset]
    assert [cause for _, cause in world.resets] == [world.chip.WDT_RESET]
    file_made, erased = 1, 1
    assert operations[1] - operations[0] == file_made + erased, "nothing after the reset"
    boot_sleeper(world)
    assert get(disk, "/a") == b"1"
    assert "b" not in disk.listdir("/") or get(disk, "/b") == b""
