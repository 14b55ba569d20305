"""Memory and start on the virtual Pico: what is free, that it stays so, and how soon it can step.

Twenty minutes of the same load, and a day on wasm: tools/figures/board.py.
"""

import pytest

from emulator.bedside import Bedside
from emulator.bench.pico import VirtualPico
from emulator.bench.wiring import BoardWorld, as_world
from emulator.plant.plant import Plant
from emulator.world import START_US
from firmware.pins import SUPPLY
from protocol.programmer.event_log import event
from protocol.wire import schema
from tests.bench.heap_probe import (
    RATE_NL_DAY,
    free_bytes,
    largest_bytes,
    mixed_minute,
    probed_files,
)
from tests.bench.pico_bed import PicoBed, stock_image, unchecked
from tests.parity.runtimes import on_wasm

pytestmark = pytest.mark.xdist_group("virtual_heap")
FREE_BYTES_MIN = 60_000
LAST_PATTERN = bytes(range(255, -1, -1)) * 4  # of the self-test: 1 kB
SAMPLES = 2  # what the pieces are made of, and are compared with
IN_USE_SINCE_KB = 16  # the pump, until it writes its first record
PIECE_BYTES_MIN = 8_192  # two segments of the log: what a start reads
FIRST_STEP_US_MAX = 3_000_000
MINUTES = 2
WRAP_US = (1 << 30) * 1_000  # of ticks_ms, and of ticks_us at the same instant
BEFORE_WRAP_US = 70_000_000
WASM_HOURS = 6
WASM_LOW_BYTES = 25_000_000  # tests/parity/heap_day.py
WASM_HEAP_BYTES = 4_000_000


def heap_on_wasm(hours: int, low_bytes: int) -> list[int]:
    """Bytes in use after each hour of tests/parity/heap_day.py."""
    words = ("heap_day.py", str(hours), str(low_bytes))
    return [int(word) for word in on_wasm(*words, heap_bytes=low_bytes + WASM_HEAP_BYTES).split()]


class Life:
    """Free bytes after boot, and after each minute of mixed load; and the largest piece then."""

    def __init__(self, minutes: int) -> None:
        self.bed = PicoBed(probed_files(), ticks_us=WRAP_US - BEFORE_WRAP_US)
        self.free_after_boot = free_bytes(self.bed)
        programmer = self.bed.programmer
        programmer.commission()
        programmer.prescribe([(0, RATE_NL_DAY)])
        programmer.start()
        programmer.goodbye()
        self.free = []
        self.largest = [largest_bytes(self.bed)]
        for _ in range(minutes):
            mixed_minute(self.bed)
            self.free.append(free_bytes(self.bed))
            self.largest.append(largest_bytes(self.bed))

    def first_step_us(self) -> int:
        """The power fails while therapy runs: from power-on until the motor has its supply."""
        pico = VirtualPico(stock_image(), flash=self.bed.pico.flash)
        Plant(as_world(BoardWorld(pico)))
        supplied_us: list[int] = []
        pico.watch(SUPPLY, lambda level: supplied_us.append(pico.now_us))
        while not supplied_us and pico.now_us < 2 * FIRST_STEP_US_MAX:
            pico.run_for_ms(10)
        return supplied_us[0]


@pytest.fixture(scope="module")
def life() -> Life:
    return Life(MINUTES)


def test_60_kb_are_free_after_boot(life: Life) -> None:
    assert life.free_after_boot >= FREE_BYTES_MIN


def test_a_start_tests_all_memory_that_is_free() -> None:
    """What it has put there is found in the chip's RAM, where nothing has been put since; and the
    log says how much it was.
    """
    pico = VirtualPico(stock_image(), unchecked())
    world = BoardWorld(pico)
    Plant(as_world(world))
    programmer = Bedside(as_world(world))
    found: list[int] = []

    def on_begun(_: object) -> None:
        if not found:
            found.append(bytes(pico.chip.sram).count(LAST_PATTERN))

    pico.nor.on_begun = on_begun
    world.boot()
    programmer.hello()
    (record, *_) = programmer.ask(schema.LOG, {"first_event": 2})["records"]
    tested = event(record["record"])
    assert (tested.name, tested.a) == ("SELF_TEST", 0)
    assert tested.b > FREE_BYTES_MIN // 1_024
    assert tested.b - IN_USE_SINCE_KB <= found[0] <= tested.b + SAMPLES


def test_what_is_free_is_not_in_small_pieces(life: Life) -> None:
    assert min(life.largest) >= PIECE_BYTES_MIN


def test_free_memory_does_not_fall_under_mixed_load_across_the_wrap(life: Life) -> None:
    """The first minute fills what is kept for repeats; from then on it is the same after each."""
    assert life.bed.pico.now_us > BEFORE_WRAP_US, "the ticks have wrapped"
    assert min(life.free[1:]) >= life.free[0]
    found = {row["alarm"]: row["count"] for row in life.bed.ask(schema.ALARMS)["alarms"]}
    assert found[schema.MOTOR_STALLED] == MINUTES, "the load was what it was meant to be"
    assert life.bed.pico.resets == []


def test_therapy_goes_on_within_3_s_of_power_on(life: Life) -> None:
    assert life.first_step_us() <= FIRST_STEP_US_MAX


def test_memory_does_not_grow_over_the_hours_on_wasm() -> None:
    """31-bit ints and 32-bit pointers, as on the chip; across the wrap of its ticks."""
    hours = heap_on_wasm(WASM_HOURS, WASM_LOW_BYTES)
    assert len(hours) == WASM_HOURS
    assert min(hours[4:]) <= min(hours[1:4]), (
        "one number of this hour or the last may be in flight"
    )


def test_worlds_on_wasm_start_before_the_wrap() -> None:
    assert START_US < WRAP_US < START_US + 3_600_000_000
