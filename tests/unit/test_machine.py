"""The chip as a whole, and its stand-ins where there is no chip."""

import sys
from typing import Any

import pytest

from emulator import inject
from emulator.stops import ChipReset
from emulator.world import START_US, World


def test_a_reset_by_the_firmware_is_reported_as_one_by_the_watchdog() -> None:
    """RP2040: machine.reset() uses the watchdog (ports/rp2/modmachine.c)."""
    world = World()
    assert world.chip.reset_cause() == world.chip.PWRON_RESET == 1
    with pytest.raises(ChipReset) as caught:
        world.chip.reset()
    assert caught.value.cause == world.chip.WDT_RESET == 3


def test_idling_ends_with_the_next_event_or_after_1_ms() -> None:
    world = World()
    world.at(START_US + 400, lambda _: None)
    world.chip.idle()
    assert world.now_us == START_US + 400
    world.chip.idle()
    assert world.now_us == START_US + 1_400


def test_a_chip_has_a_name_and_a_pace() -> None:
    assert World(seed=7).chip.unique_id() == bytes(7) + b"\x07"
    assert World().chip.freq() == 125_000_000


@pytest.mark.parametrize("name", ["I2C", "SPI", "lightsleep", "deepsleep", "mem32"])
def test_what_the_pump_does_not_have_is_absent(name: str) -> None:
    assert not hasattr(World().chip, name)


@pytest.fixture
def no_hardware_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("machine", "utime", "micropython"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("no_hardware_modules")
def test_stand_ins_can_be_imported_and_complain_when_used() -> None:
    inject.install()
    machine: Any = __import__("machine")
    utime: Any = __import__("utime")
    with pytest.raises(inject.NoWorld, match=r"machine\.Pin was used outside a World"):
        machine.Pin(2)
    with pytest.raises(inject.NoWorld, match=r"utime\.ticks_ms"):
        utime.ticks_ms()


@pytest.mark.usefixtures("no_hardware_modules")
def test_the_micropython_module_means_what_it_can_mean() -> None:
    inject.install()
    micropython: Any = __import__("micropython")
    assert micropython.const(5) == 5
    micropython.alloc_emergency_exception_buf(100)
    with pytest.raises(inject.NoWorld):
        micropython.heap_lock()


@pytest.mark.usefixtures("no_hardware_modules")
def test_installing_again_changes_nothing() -> None:
    inject.install()
    first = sys.modules["machine"]
    for _ in range(1_000):
        inject.install()
    assert sys.modules["machine"] is first


@pytest.mark.usefixtures("no_hardware_modules")
def test_a_module_that_is_there_stays() -> None:
    present = type(sys)("machine")
    sys.modules["machine"] = present
    inject.install()
    assert sys.modules["machine"] is present
