"""Figures of the board: measured on the virtual Pico, which executes the stock MicroPython image.

Not verified on hardware: tests/on_target --target PORT is for that.
"""

import tempfile
from functools import cache
from io import BytesIO
from pathlib import Path

from emulator import scenario
from emulator.bench import board_play
from emulator.bench.board_play import Told
from emulator.bench.pico import VirtualPico
from emulator.scenario import Verdict
from emulator.stimulus import Player, unpack
from emulator.story import scenario_file
from emulator.world import World
from firmware.pins import ENC_B
from tests.bench import sets, test_flash_interrupted, unix_board
from tests.bench import test_virtual_steps as steps
from tests.bench.pico_bed import PicoBed, stock_image, unchecked
from tests.bench.test_hil_scenario import Run
from tests.bench.test_virtual_heap import Life, heap_on_wasm
from tests.bench.test_virtual_parity import START_US
from tests.bench.test_virtual_session import KINK, Seen
from tests.bench.test_virtual_watchdog import Hung
from tests.parity.record import SHORT_MS, record, short_life
from tools.figures.figure import at_least, at_most

RATES_NL_DAY = {500_000: 24, 1_000_000: 24, 24_000_000: 240}  # and how many steps of each
HEAP_MINUTES = 20
WASM_HOURS = 24
WASM_LOW_BYTES = 140_000_000  # tests/parity/heap_day.py
FIRST_HOURS = 28  # until all that is kept was made once: a midnight, a new file of the log


@cache
def _played() -> tuple[Told, Told]:
    """What came out on CPython, and on the board."""
    stimulus = record(0, short_life, SHORT_MS)[0]
    world = World(start_us=0)
    Player(world, BytesIO(stimulus), (ENC_B,))
    recorder = board_play.OutputRecorder(world)
    world.boot()
    world.run_until(SHORT_MS * 1_000)
    told = recorder.told()
    pico = VirtualPico(stock_image(), unchecked())
    return told, board_play.play(pico, unpack(stimulus), told, SHORT_MS)


@at_most("BOARD-01", "outputs of the recorded stimulus that differ from CPython's", "channels", 0)
def parity() -> tuple[int, str]:
    """Values and order, on every channel."""
    found = board_play.compare(*_played())
    outputs = sum(one.outputs for one in found)
    return sum(bool(one.wrong) for one in found), f"{outputs:,} outputs, {len(found)} channels"


@at_most("BOARD-02", "how far apart in time, but for first answers of a visit", "ms", 210)
def parity_times() -> tuple[float, str]:
    """The records that an order writes take the chip's time, and none in a World."""

    def worst_ms(from_us: int, to_us: int) -> float:
        found = board_play.compare(*(board_play.part(told, from_us, to_us) for told in _played()))
        return max(one.worst_us for one in found if one.channel != board_play.LINE) / 1_000

    start_ms = worst_ms(-START_US, START_US)
    return worst_ms(START_US, SHORT_MS * 1_000), f"the self-test's blink {start_ms:.0f} ms"


class _Steps:
    """Pumps at therapy rates, and held ones."""

    def __init__(self) -> None:
        bed = PicoBed()
        bed.programmer.commission()
        self.track = steps.Track(bed)
        running = steps.Running(bed, self.track)
        self.wrong = self.made = 0
        self.late_us = 0.0
        for rate_nl_day, count in RATES_NL_DAY.items():
            running.start(rate_nl_day)
            running.until_between(count)
            late_ns = running.late_ns()
            running.stop()
            self.wrong += abs(len(late_ns) - count)
            self.made += count
            self.late_us = max(self.late_us, *(abs(float(late)) / 1_000 for late in late_ns))
        self.lost = 0
        self.back_us = 0.0
        for stall_ms in (45, 400):
            due, late_ns, back = steps.held(running, stall_ms)
            running.stop()
            self.lost += due - len(late_ns)
            self.back_us = max(self.back_us, *(abs(float(late_ns[n])) / 1_000 for n in back))


@cache
def _steps() -> _Steps:
    return _Steps()


@at_most("BOARD-03", "steps too many or too few at 0.5, 1 and 24 mL/day", "steps", 0)
def edges() -> tuple[int, str]:
    """Against exact rational arithmetic, from the motor supply's coming on."""
    return _steps().wrong, f"{_steps().made} steps"


@at_most("BOARD-04", "a step's distance from its exact instant", "us", 2_000, 100)
def lateness() -> float:
    """The worst. The firmware's clock and its timer have a grain of 1 ms each."""
    return round(_steps().late_us, 1)


@at_most("BOARD-05", "steps lost with the core held for 45 and 400 ms", "steps", 0)
def held() -> tuple[int, str]:
    """Seven holds of each, around a step; a second later the pump is back at its instants."""
    return _steps().lost, f"{_steps().back_us:,.0f} us late at most, a second after"


@at_least("BOARD-06", "width of the STEP pulse; a DRV8825 wants 1.9 us", "ns", steps.PULSE_NS_MIN)
def pulse() -> tuple[int, str]:
    """The narrowest."""
    step = _steps().track.step
    widths = [fall - rise for rise, fall in zip(step.to(1), step.to(0))]
    return min(widths), f"{len(widths)} pulses"


@cache
def _life() -> Life:
    return Life(HEAP_MINUTES)


@at_least("BOARD-07", "heap free after boot", "bytes", 60_000)
def heap_after_boot() -> int:
    """After a collection."""
    return _life().free_after_boot


@at_most("BOARD-08", "fall of free memory over 20 min of mixed load, across the wrap", "bytes", 0)
def heap_slope() -> tuple[int, str]:
    """From the first minute to the worst of the others, each after a collection."""
    free = _life().free
    return max(0, free[0] - min(free[1:])), f"{free[0]:,} to {free[-1]:,} bytes free"


@at_least("BOARD-16", "largest piece of free memory, least of those minutes", "bytes", 8_192)
def heap_piece() -> tuple[int, str]:
    """After boot it is larger: sessions and therapy leave what they keep anywhere."""
    return min(_life().largest), f"{_life().largest[0]:,} after boot"


@at_most("BOARD-09", "growth of the heap over 24 h of mixed load on wasm", "bytes", 0)
def heap_day() -> tuple[int, str]:
    """After a first day and its midnight, without the files.

    Least of the last six hours against least of the first six: one number of this hour or the
    last may be in flight.
    """
    hours_run = FIRST_HOURS + WASM_HOURS
    hours = heap_on_wasm(hours_run, WASM_LOW_BYTES)
    if len(hours) != hours_run:
        return 1 << 30, f"{len(hours)} hours only"
    settled = hours[FIRST_HOURS - 1 :]
    first, last = min(settled[:6]), min(settled[-6:])
    return last - first, f"{first:,} to {last:,} bytes in use"


@at_most("BOARD-10", "from power-on to the motor supply, therapy going on", "ms", 3_000)
def first_step() -> float:
    """Every file checked against the manifest, records read."""
    return _life().first_step_us() / 1_000


@cache
def _hung() -> Hung:
    return Hung()


@at_most("BOARD-11", "a hung loop is reset by the watchdog within", "s", 9)
def watchdog() -> tuple[float | None, str]:
    """None: not reset, by something else, or not told in the next hello."""
    found = _hung()
    causes = [cause for _, cause in found.bed.pico.resets]
    if causes != ["watchdog"] or not found.hello["reset_cause"]:
        return None, f"resets: {causes}"
    return round((found.bed.pico.resets[0][0] - found.hung_us) / 1e6, 2), "told in the next hello"


@at_most("BOARD-12", "and the motor supply is off within", "s", 4)
def supply_off() -> float:
    """By the independent heartbeat's timer."""
    return round((_hung().supply_us[0][0] - _hung().hung_us) / 1e6, 2)


@at_most("BOARD-13", "flash interrupted at every operation: neither old set nor new", "cuts", 0)
def flash_cut() -> tuple[int, str]:
    """A set replaced, started by the real root after each cut."""
    old = test_flash_interrupted.OLD
    with tempfile.TemporaryDirectory() as folder:
        files = sets.on_board({"a": old}, "a")
        image = unix_board.holding(Path(folder) / "flash.bin", files)
        before, changes = test_flash_interrupted.recorded(image, test_flash_interrupted.NEW)
        olds, news, wrong = test_flash_interrupted.half_new_pumps(
            image, before, changes, 1, has_old=True
        )
    return len(wrong), f"{len(changes)} cuts: {olds} start the old set, {news} the new one"


def _unlike(mine: Verdict, theirs: Verdict) -> int:
    pairs = [(check.what, check.holds) for check in mine.checks]
    wanted = [(check.what, True) for check in theirs.checks]
    return sum(a != b for a, b in zip(pairs, wanted)) + abs(len(pairs) - len(wanted))


@at_most("BOARD-14", "checks of a scenario whose verdict on the board is another", "checks", 0)
def session() -> tuple[int, str]:
    """A kink at 24 mL/day, by the real programmer over the line."""
    mine = Seen().verdict
    theirs = scenario.run(scenario_file.read(KINK))
    return _unlike(mine, theirs), f"{len(theirs.checks)} checks"


@at_most("BOARD-15", "the same in hardware in the loop, over a cable that loses 5 %", "checks", 0)
def hil() -> tuple[int, str]:
    """The virtual Pico in the board's place."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        theirs = scenario.run(scenario_file.read(run.path))
    way = run.way
    return _unlike(run.verdict, theirs), (
        f"{run.to_board.lost + run.from_board.lost} messages lost, round trip "
        f"{way['round_trip_us_median'] / 1_000:.1f} ms, edges late by up to "
        f"{way['edge_late_us_max'] / 1_000:.1f} ms"
    )
