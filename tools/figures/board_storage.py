"""Figures of storage on the virtual Pico: power cuts, flipped bits, damaged files, writes."""

from functools import cache

from emulator.bench.pico import VirtualPico
from emulator.flash import ERASE_US, ERASE_US_MAX, PAGE_US, PAGE_US_MAX
from firmware import event_log, keeper
from tests.bench.copies import in_a_copy
from tests.bench.gated_pico import at_the_gate
from tests.fault import virtual_flips
from tests.power_loss import board_starts, virtual_cuts, virtual_storage
from tests.power_loss.virtual_storage import Lived, Work
from tools.figures.figure import at_most

CUTS = 40  # 200 in `make test-long`
FLIPS = 1_000
GENERATIONS = ("0", "1", "01")
STARTS = 4  # of each kind of board


@cache
def _pico() -> VirtualPico:
    return at_the_gate()


@cache
def _lived() -> Lived:
    return in_a_copy(virtual_storage.lived, _pico())


@at_most("STORE-11", "power cuts on the virtual Pico that lose anything, untold", "cuts", 0)
def cuts() -> tuple[int, str]:
    """At random instants, a half of them in an operation of the flash, some in the start after."""
    found = virtual_cuts.cuts(_pico(), CUTS)
    wrong = sum(bool(virtual_cuts.run(_pico(), left)) for left in found)
    in_writes = sum(left.within != virtual_cuts.AT_ANY_TIME for left in found)
    return wrong, f"{len(found)} cuts, {in_writes} of them within an operation of the flash"


@at_most("STORE-12", "damaged records that it takes otherwise than the emulator does", "cases", 0)
def damaged() -> tuple[int, str]:
    """Either file of each record, and both; a bolus is under way."""
    unlike = 0
    for kind in virtual_storage.KINDS:
        for generations in GENERATIONS:
            system = virtual_storage.damaged(_lived().system, kind, generations)
            board = in_a_copy(virtual_storage.found_on_board, _pico(), system)
            unlike += board != virtual_storage.found_in_a_world(system)
    return unlike, f"{len(virtual_storage.KINDS) * len(GENERATIONS)} cases"


@at_most("STORE-13", "bits flipped in its RAM that it does not find before a step", "bits", 0)
def flips() -> tuple[int, str]:
    """Of the guarded arrays, with a schedule of 24 segments, at three instants of a step."""
    found = [
        wrong
        for flip, wrong in virtual_flips.campaign(_pico(), FLIPS)
        if flip.array != virtual_flips.CONTROL
    ]
    return sum(map(bool, found)), f"{len(found):,} bits, one at a time"


def _works(erase_us: int, page_us: int) -> list[Work]:
    return in_a_copy(virtual_storage.on_board, _pico(), _lived().system, erase_us, page_us)


@at_most("STORE-14", "erasures by which the emulated flash differs, same work", "erasures", 1)
def same_operations() -> tuple[int, str]:
    """From the same flash: start, prescription, stop, start of therapy, clock, delivery."""
    board = _works(ERASE_US, PAGE_US)
    world = virtual_storage.in_a_world(_lived().system)
    found = virtual_storage.apart(board, world)
    chip_us = max(one.chip_us for work in board[1:] for one in work.stretches)
    start_us = max(one.chip_us // max(1, one.erases) for one in board[0].stretches)
    return max(found.erases_in_all, found.erases), (
        f"{sum(work.erases for work in board)} erasures, {sum(work.pages for work in board)} pages"
        f" to {sum(work.pages for work in world)}; beside the flash's time the chip works for up"
        f" to {chip_us / 1_000:.0f} ms, at the start {start_us / 1_000:.0f} ms a folder"
    )


@at_most("STORE-15", "a record holds the virtual Pico, worst flash", "ms", keeper.COMMIT_MS)
def record_ms() -> tuple[float, str]:
    """Or several, one after the other, with one erasure in all; two of them are the log's."""
    works = _works(ERASE_US_MAX, PAGE_US_MAX)[1:]
    stretches = [one for work in works for one in work.stretches]
    log_ms = max(one.took_us for one in stretches) / 1_000
    if log_ms > event_log.WRITE_MS:
        return log_ms, "the log's"
    record_us = max(one.took_us for one in stretches if one.erases < 2)
    return record_us / 1_000, f"an entry of the log {log_ms:.0f} ms, of {event_log.WRITE_MS}"


@at_most("BOARD-17", "from power-on to the first step at 24 mL/day, worst flash", "ms", 3_000)
def first_step() -> tuple[float, str]:
    """Of 120 flashes with one set and with two, a half of them cut in a write, those that hold the
    start longest. The step itself is due 180 ms after therapy goes on.
    """
    found = [
        board_starts.started(lived)
        for sets in (1, 2)
        for lived in board_starts.slowest(sets, STARTS)
    ]
    supply_ms = max(one.supply_ms for one in found)
    return round(max(one.step_ms for one in found)), (
        f"{len(found)} starts, motor supply after {supply_ms:,.0f} ms"
    )
