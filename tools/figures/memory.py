"""Figures of memory and time: flipped bits, a heap that ends, counters that wrap, ten years."""

from tests.fault import flips
from tools.figures.figure import at_most


@at_most("MEMORY-01", "flipped bits of guarded numbers not found before the next step", "bits", 0)
def flipped_bits() -> tuple[int, str]:
    """Every bit, of a full schedule of 24 segments, at three instants of a step."""
    found = [flips.campaign(when, flips.BY_THE_HOUR) for when in flips.UNTIL_MS]
    count = sum(bits for bits, _ in found)
    return sum(len(failed) for _, failed in found), f"{count:,} bits flipped, one at a time"
