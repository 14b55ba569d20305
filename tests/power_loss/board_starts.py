"""How soon a virtual Pico delivers after power-on, on flashes that have lived, as slow as may be.

The flashes are lived in a World, which is fast, with the program on them; every other life ends in
the middle of a write. Those that keep the pump longest are then started on the virtual Pico, from
its first instruction on, every file of the program checked.
"""

import random
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from emulator.bedside import Bedside
from emulator.bench.pico import VirtualPico
from emulator.bench.wiring import BoardWorld, as_world
from emulator.flash import ERASE_US_MAX, PAGE_US_MAX
from emulator.flash_damage import PARTS
from emulator.plant.plant import Plant
from emulator.world import World
from firmware.pins import STEP, SUPPLY
from tests.bench.pico_bed import stock_image
from tests.power_loss.board_disk import with_program

RATE_NL_DAY = 24_000_000  # the first step is due after 180 ms
START_MS_MAX = 10_000
LIVES = 60
LIVED_MS = (9_000, 400_000)  # the longer one with upkeep in it
_SEED = 20


class Lived(NamedTuple):
    """system: the blocks of the files. flash_ms: that the flash takes until the motor has power.
    is_torn: whether the power failed within a write.
    """

    system: bytes
    flash_ms: float
    is_torn: bool


class Started(NamedTuple):
    """On the virtual Pico, since power-on: when the motor had its supply, and made a step."""

    supply_ms: float
    step_ms: float


class _Life:
    """One pump, whose power fails again and again."""

    def __init__(self, sets: int) -> None:
        disk, _ = with_program(sets, release=sets == 1)
        self.flash = disk.flash
        self.world = World(disk=disk)
        Plant(self.world, capacity_nl=40_000_000)
        self.bedside = Bedside(self.world)
        self.world.boot()
        self.world.run_for_ms(LIVED_MS[0])
        self.bedside.commission()
        self.bedside.prescribe(self._segments(0))
        self.bedside.start()
        self.bedside.goodbye()
        self.flash.erase_us, self.flash.page_us = ERASE_US_MAX, PAGE_US_MAX
        self._from_us = self.flash_ms = 0.0
        self.world.chip.outside.listen(SUPPLY, self._on_supply)

    def _segments(self, number: int) -> list[tuple[int, int]]:
        return [(60 * hour, RATE_NL_DAY - 1_000 * (hour + number)) for hour in range(24)]

    def _on_supply(self, level: int) -> None:
        if level and not self.flash_ms:
            self.flash_ms = (self.flash.busy_us - self._from_us) / 1_000

    def live(self, number: int, draw: random.Random) -> Lived:
        """A start, some time, and a power failure; every other one in the middle of a write."""
        world, flash = self.world, self.flash
        system = flash.image()
        self._from_us, self.flash_ms = flash.busy_us, 0.0
        world.power_on()
        world.run_for_ms(LIVED_MS[number % 7 == 0])
        if number % 2:
            flash.cut(draw.randrange(12), "torn", draw.randrange(PARTS))
            self._prescribe(number)
        if world.pump is not None:
            world.power_cut()
        return Lived(system, self.flash_ms, number > 0 and number % 2 == 0)

    def _prescribe(self, number: int) -> None:
        """Until the power fails."""
        self.bedside.hello()
        with suppress(TimeoutError):
            self.bedside.prescribe(self._segments(number))
            self.world.run_for_ms(LIVED_MS[0])


@cache
def slowest(sets: int, count: int) -> list[Lived]:
    """So many flashes that keep a start longest: half of them those whose write was cut."""
    life = _Life(sets)
    life.world.power_cut()
    draw = random.Random(_SEED)
    lives = [life.live(number, draw) for number in range(LIVES)]
    assert all(one.flash_ms for one in lives), "therapy goes on after each"
    found = []
    for torn in (True, False):
        those = [one for one in lives if one.is_torn == torn]
        found += sorted(those, key=lambda one: -one.flash_ms)[: -(-count // 2)]
    return found[:count]


@cache
def _interpreter() -> bytes:
    """The flash of a board, up to its files."""
    pico = VirtualPico(stock_image())
    return pico.flash[: pico.kind.fs_start]


def started(lived: Lived) -> Started:
    """With that flash, each operation of which is as slow as it may be."""
    pico = VirtualPico(stock_image(), flash=_interpreter() + lived.system)
    Plant(as_world(BoardWorld(pico)), capacity_nl=40_000_000)
    pico.nor.erase_us, pico.nor.page_us = ERASE_US_MAX, PAGE_US_MAX
    at_us: dict[int, int] = {}

    def watch(gpio: int) -> None:
        pico.watch(gpio, lambda level: at_us.setdefault(gpio, pico.now_us) if level else None)

    watch(SUPPLY)
    watch(STEP)
    while STEP not in at_us and pico.now_us < START_MS_MAX * 1_000:
        pico.run_for_ms(10)
    return Started(at_us[SUPPLY] / 1_000, at_us[STEP] / 1_000)
