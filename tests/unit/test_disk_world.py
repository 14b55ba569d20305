"""A World's disk and power: the firmware is gone, files and the outside stay."""

from typing import Any

import pytest

from emulator import little_disk
from emulator.flash import EIO, Flash
from emulator.little_disk import LittleDisk
from emulator.ram_disk import RamDisk
from emulator.stops import PowerCut, Stop
from emulator.world import BOOT_US, START_US, World
from tests.unit.fakes import Sleeper, boot_sleeper


def put(world: World, path: str, data: bytes) -> None:
    with world.disk.open(path, "wb") as file:
        file.write(data)


def get(world: World, path: str) -> bytes:
    with world.disk.open(path, "rb") as file:
        data: bytes = file.read()
    return data


def test_each_world_has_a_disk_of_its_own_unless_given_one() -> None:
    disk = RamDisk()
    assert World(disk=disk).disk is disk
    first, second = World(), World()
    put(first, "/a", b"1")
    assert second.disk.listdir("/") == []


def test_files_outlive_a_reset_and_a_power_cut() -> None:
    world = World()
    boot_sleeper(world)
    put(world, "/a", b"kept")
    world.reset(3)
    world.run_for_ms(1_000)
    assert get(world, "/a") == b"kept"
    world.power_cut()
    world.power_on()
    world.run_for_ms(1_000)
    assert get(world, "/a") == b"kept"


def test_without_power_the_outside_goes_on_and_nothing_boots() -> None:
    world = World()
    boot_sleeper(world)
    world.chip.Pin(2, world.chip.Pin.OUT, value=1)
    world.run_for_ms(1_000)
    heard: list[int] = []
    world.at(START_US + 5_000_000, heard.append, 1)
    fired: list[object] = []
    world.chip.Timer(-1).init(period=100, callback=fired.append, hard=True)
    world.power_cut()
    world.run_for_ms(3_600_000)
    assert world.pump is None
    assert (heard, fired) == ([1], [])
    assert world.chip.outside.level(2) == 0
    assert world.now_us == START_US + 3_601_000_000


def test_power_boots_as_a_power_on_with_ticks_from_zero() -> None:
    world = World()
    first = boot_sleeper(world)
    world.run_for_ms(1_000)
    world.power_cut()
    world.run_for_ms(10_000)
    world.power_on()
    world.run_until(world.now_us + BOOT_US + 1)
    assert isinstance(world.pump, Sleeper)
    assert world.pump is not first
    assert world.chip.reset_cause() == world.chip.PWRON_RESET
    assert world.resets == [(START_US + 11_000_000, world.chip.PWRON_RESET)]
    assert BOOT_US <= world.clock.ticks_us() < 1_000_000


def test_a_power_cut_in_an_event_ends_the_turn_past_firmware_that_catches_everything() -> None:
    world = World()
    caught: list[Exception] = []

    def work() -> None:
        try:
            world.clock.sleep_ms(100)
        except Exception as error:
            caught.append(error)

    boot_sleeper(world, work=work)
    world.at(START_US + 50_000, lambda _: world.power_cut())
    world.at(START_US + 450_000, lambda _: world.power_on())
    world.run_for_ms(600)
    assert (world.pump, caught) == (None, [])
    world.run_for_ms(400)
    assert world.pump.turns[0] == 450_000 + BOOT_US
    assert issubclass(PowerCut, Stop)


def test_power_comes_back_only_where_it_has_failed() -> None:
    world = World()
    boot_sleeper(world)
    with pytest.raises(RuntimeError, match="power is on"):
        world.power_on()


def test_a_cut_while_the_firmware_is_built_leaves_the_chip_down() -> None:
    world = World()
    builds: list[int] = []

    def build(world: World) -> tuple[Any, Any]:
        builds.append(world.now_us)
        if len(builds) < 3:
            world.power_cut()
        return None, Sleeper(world, 250, lambda: None)

    world.boot(build=build)
    assert world.pump is None
    world.power_on()
    world.run_for_ms(1_000)
    assert world.pump is None
    world.power_on()
    world.run_for_ms(1_000)
    assert isinstance(world.pump, Sleeper)
    assert len(builds) == 3


def test_interrupts_wait_while_the_flash_is_at_work() -> None:
    """Timers run late, and a source that comes twice is served once."""

    class Slow(RamDisk):
        def connect(self, spend_us: Any) -> None:
            self.spend_us = spend_us

    disk = Slow()
    world = World(disk=disk)
    boot_sleeper(world)
    heard: list[int] = []
    chip = world.chip
    pin = chip.Pin(6, chip.Pin.IN)
    pin.irq(lambda _: heard.append(world.now_us - START_US), chip.Pin.IRQ_RISING, hard=True)
    for at_us in (10_000, 20_000):
        world.at(START_US + at_us, lambda _: chip.outside.drive(6, 1))
        world.at(START_US + at_us + 1_000, lambda _: chip.outside.drive(6, 0))
    disk.spend_us(45_000)
    assert heard == [45_000]
    assert world.cpu.masked == 0


def test_a_search_without_end_is_ended_by_the_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a damaged disk can lead littlefs into; the loop that called it never goes on."""
    world = World(disk=LittleDisk(Flash(blocks=24)))
    after: list[int] = []

    def look() -> None:
        monkeypatch.setattr(little_disk, "_READS_MAX", 0)
        world.disk.listdir("/")
        after.append(world.now_us)

    boot_sleeper(world, work=look)
    world.chip.WDT(timeout=5_000)
    began_us = world.now_us
    world.run_for_ms(5_000)
    assert world.resets == [(began_us + 5_000_000, world.chip.WDT_RESET)]
    assert after == []


def test_a_search_without_end_and_without_a_watchdog_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    disk = LittleDisk(Flash(blocks=24))
    disk.mount()
    monkeypatch.setattr(little_disk, "_READS_MAX", 0)
    with pytest.raises(OSError, match=str(EIO)):
        disk.listdir("/")
