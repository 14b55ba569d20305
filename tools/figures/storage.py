"""Figures of storage: power cuts, bad blocks, wear, and how long a write holds the pump."""

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from emulator.bedside import Bedside
from emulator.flash import BLOCKS, DEFECTS, RATED_ERASES
from emulator.little_disk import LittleDisk
from emulator.plant.plant import Plant
from emulator.world import World
from firmware import event_log, keeper
from tests.power_loss import bad_blocks, campaign, flash_flips, workloads
from tests.power_loss.board_disk import with_program
from tests.power_loss.busy import longest_ms
from tests.power_loss.images import COUNT
from tests.power_loss.test_no_delay import TYPICAL, UNDELAYED_NL_DAY, WORST, lateness_ms
from tools.figures.cases import failed
from tools.figures.figure import at_most

PAIRS = 37  # one pair in so many is run
PAIR_IMAGES = (0, 3, 7, 14)
FLIPS = 11  # one byte in so many
FLIPPED_IMAGES = (0, 3)
TEN_YEARS_DAYS = 3_652
WEAR_DAYS = 5
DAY_MS = 86_400_000


def _cuts(image: int) -> tuple[int, int]:
    """(cuts, wrong) of all workloads on one image."""
    found = [
        campaign.run(workload, image, (cut,))
        for workload in workloads.WORKLOADS
        for cut in campaign.cuts_of(workload, image)
    ]
    return len(found), sum(map(bool, found))


def _pairs(image: int) -> tuple[int, int]:
    found = [
        campaign.run("prescribe", image, pair)
        for number, pair in enumerate(campaign.pairs_of("prescribe", image))
        if number % PAIRS == image
    ]
    return len(found), sum(map(bool, found))


def _defects(defect: str) -> Counter[str]:
    return Counter(bad_blocks.run(0, block, defect) for block in range(BLOCKS))


def _lost_untold(defects: list[str]) -> tuple[int, str]:
    found = sum(_over(_defects, defects), Counter())
    kept, told = found[bad_blocks.KEPT], found[bad_blocks.ALARMED]
    return found.total() - kept - told, f"{found.total():,} cases, {kept:,} kept"


def _flips(image: int) -> tuple[int, dict[str, list[str]]]:
    return flash_flips.campaign(image, FLIPS)


def _over(act: Any, values: Any) -> list[Any]:
    with ProcessPoolExecutor() as pool:
        return list(pool.map(act, values))


@at_most("STORE-01", "power cuts that lose, halve or mix anything, or are not told", "cuts", 0)
def cuts() -> tuple[int, str]:
    """Each flash operation of each workload, in each way, on each image; start and go on."""
    found = _over(_cuts, range(COUNT))
    return sum(wrong for _, wrong in found), (
        f"{sum(count for count, _ in found):,} cuts, {COUNT} images, "
        f"{len(workloads.WORKLOADS)} workloads, {len(campaign.VARIANTS)} ways"
    )


@at_most("STORE-02", "pairs of cuts, in a commit and in the start after it, that do", "pairs", 0)
def pairs() -> tuple[int, str]:
    """A prescription is committed; the start is cut at its operations too."""
    found = _over(_pairs, PAIR_IMAGES)
    return sum(wrong for _, wrong in found), f"{sum(count for count, _ in found):,} pairs"


@at_most("STORE-03", "blocks that cannot be written and lose a prescription, untold", "blocks", 0)
def bad_writes() -> tuple[int, str]:
    """Programming and erasing, error and silent, every block."""
    return _lost_untold([what for what in DEFECTS if what[:4] != "read"])


@at_most("STORE-04", "blocks that cannot be read and do", "blocks", 0)
def bad_reads() -> tuple[int, str]:
    """Errors that the board's memory-mapped flash does not know. MicroPython formats a disk that
    it cannot mount for them.
    """
    return _lost_untold([what for what in DEFECTS if what[:4] == "read"])


@at_most("STORE-16", "flipped bits of the flash that lose anything, untold", "bits", 0)
def flipped() -> tuple[int, str]:
    """Of all that littlefs has there, while the pump has no power; one of each so many bytes."""
    found = _over(_flips, FLIPPED_IMAGES)
    return sum(len(wrong) for _, wrong in found), f"{sum(count for count, _ in found):,} bits"


def _worn(disk: LittleDisk, rate_nl_day: int, days: int) -> tuple[list[int], int]:
    """(erasures of each block, writes of the flash) in so many days of delivery."""
    world = World(disk=disk)
    Plant(world, capacity_nl=40_000_000)
    world.boot()
    bedside = Bedside(world)
    bedside.commission()
    bedside.prescribe([(0, rate_nl_day)])
    bedside.start()
    bedside.goodbye()
    before, operations = list(disk.flash.worn), disk.flash.operations
    world.run_for_ms(days * DAY_MS)
    worn = [now - then for now, then in zip(disk.flash.worn, before, strict=True)]
    return worn, disk.flash.operations - operations - sum(worn)


def _wear(rate_nl_day: int, days: int, sets: int = 1, release: bool = True) -> tuple[float, str]:
    """Of all erasures that are rated, in per cent, in ten years. sets: that are on the disk:
    littlefs spreads the wear over the blocks that no program lies in.
    """
    disk, programs = with_program(sets, release)
    worn, writes = _worn(disk, rate_nl_day, days)
    blocks = len(worn) - programs
    share = sum(worn) / days * TEN_YEARS_DAYS / (blocks * RATED_ERASES)
    return round(share * 100, 2), (
        f"{blocks} blocks, "
        f"{sum(worn) / days:,.0f} erasures and {writes / days:,.0f} programmings a day, "
        f"{sum(worn) / writes:.3f} erasures a programming; worst block {max(worn)} in {days} days"
    )


@at_most("STORE-05", "rated erasures used in ten years at 1 mL/day", "%", 10, 2)
def wear_usual() -> tuple[float, str]:
    """The whole pump, its program, ledger, conditions and log, on the emulated flash."""
    return _wear(1_000_000, WEAR_DAYS)


@at_most("STORE-18", "the same, on a board that holds as much program as any", "%", 10, 2)
def wear_updated() -> tuple[float, str]:
    """With the bench's files, and the set before that an update has left."""
    return _wear(1_000_000, WEAR_DAYS, sets=2, release=False)


@at_most("STORE-06", "rated erasures used in ten years at 24 mL/day", "%", 10, 2)
def wear_fastest() -> tuple[float, str]:
    """On that board; the highest rate; a 40 mL reservoir is empty after a day and a half."""
    return _wear(24_000_000, 1, sets=2, release=False)


def _longest_ms(name: str) -> tuple[float, str]:
    found = [longest_ms(image).get(name, 0) for image in range(COUNT)]
    return max(found), f"{COUNT} images, erasures of 400 ms and pages of 3 ms"


@at_most("STORE-07", "a record of the ledger holds the pump, worst flash", "ms", keeper.COMMIT_MS)
def keeper_ms() -> tuple[float, str]:
    """What the keeper waits for room for."""
    return _longest_ms("keeper")


@at_most("STORE-08", "an entry of the log holds the pump, worst flash", "ms", event_log.WRITE_MS)
def log_ms() -> tuple[float, str]:
    """A block for the data, and the folder's."""
    return _longest_ms("log")


@at_most("STORE-09", "the start, until the motor has power, worst flash", "ms", 3_000)
def start_ms() -> tuple[float, str]:
    """Of the flash alone; on a board: BOARD-17."""
    return _longest_ms("start")


@at_most("STORE-21", "what is left of a start then, a piece of it", "ms", event_log.WRITE_MS)
def rest_ms() -> tuple[float, str]:
    """Between steps, where one leaves room: a folder, or the log."""
    return _longest_ms("rest")


@at_most("STORE-17", "a folder written anew holds the pump, worst flash", "ms", event_log.WRITE_MS)
def upkeep_ms() -> tuple[float, str]:
    """Each hour: those above the records."""
    return _longest_ms("upkeep")


@at_most("STORE-10", "a step that a write makes late, up to 4.45 mL/day", "ms", 2)
def late() -> tuple[float, str]:
    """Against exact instants, while ledger and log are written; erasures of 45 and of 400 ms."""
    found = [
        lateness_ms(rate, times_us, 12 if rate < 1_000_000 else 3)[1]
        for rate in UNDELAYED_NL_DAY
        for times_us in (TYPICAL, WORST)
    ]
    return float(max(max(ms) - min(ms) for ms in found)), f"{sum(map(len, found)):,} steps"


@at_most(
    "STORE-19",
    "cases above that rate in which a step is lost, or hidden beyond the bracket",
    "cases",
    0,
)
def above() -> tuple[int, str]:
    """Writes wait for the end of a block; the bracket widens as docs/storage.md says."""
    return failed(
        "tests/power_loss/test_no_delay.py",
        "tests/fault/test_restore.py::test_a_running_pump_goes_on_and_its_bracket_holds_the_truth",
    )


@at_most("STORE-20", "images of releases that are not booted with all intact", "cases", 0)
def upgrades() -> tuple[int, str]:
    """Each image that is kept, each format of each record."""
    return failed("tests/upgrade")
