"""One bit of the flash flips while the pump has no power: any bit of all that littlefs has there.

Not only of a record's own bytes: what is flipped in the log of a folder takes all that was written
to it later. Nothing may be lost, or the pump says so and is held.

    python -m tests.power_loss.flash_flips IMAGE BLOCK BYTE BIT     runs one again
"""

import sys
from collections.abc import Iterator

from protocol.wire import events, schema
from tests.power_loss.images import aged
from tests.power_loss.ward import Image, Ward
from tests.power_loss.workloads import WORKLOADS

ERASED = 0xFF
ROOT_BLOCKS = 2
_NAMES_BYTES = 128  # at the start of a folder that was written anew
_LOG_GAP_AT = 3  # place of an event's kind in what the log holds in memory


def lived(image: int) -> Image:
    """An aged pump that has a new prescription, a bolus, an hour of delivery and more."""
    ward = Ward(aged(image))
    ward.boot()
    ward.prescribe((0, 300_000))
    ward.run(s=3_700)
    WORKLOADS["bolus"](ward)
    ward.run(s=600)
    ward.settled()
    ward.world.power_cut()
    ward.flash.power_on()
    return ward.image()


def blocks(image: Image) -> Iterator[int]:
    """Those that were ever programmed, but for the file that fills the flash, and the root: on a
    board the program lies there, and goes with it.
    """
    for block, data in enumerate(image.content[0]):
        is_filler = data.count(0) > len(data) * 9 // 10
        if block >= ROOT_BLOCKS and not is_filler and data.count(ERASED) < len(data):
            yield block


def places(image: Image, among: set[int] | None = None) -> Iterator[tuple[int, int]]:
    """(block, byte) of all that is not erased there. among: blocks; None: all."""
    for block in blocks(image):
        if among is not None and block not in among:
            continue
        for at, byte in enumerate(image.content[0][block]):
            if byte != ERASED:
                yield block, at


def starting_with(image: Image, *names: bytes) -> set[int]:
    """Blocks of a folder that was written anew with one of these in it; stale copies too."""
    return {
        block
        for block in blocks(image)
        if any(name in image.content[0][block][:_NAMES_BYTES] for name in names)
    }


def flipped(image: Image, block: int, at: int, bit: int) -> list[str]:
    """What is wrong after the next start, in words."""
    ward = Ward(image)
    data = bytearray(ward.flash._blocks[block])
    data[at] ^= 1 << bit
    ward.flash._blocks[block] = bytes(data)
    ward.boot()
    ward.run(s=1)
    pump = ward.pump
    if pump.alarms.mask(True) >> schema.RESTORE_FAILED & 1:
        return [] if pump.state.state == schema.HELD else ["told, and not held"]
    wrong = ward.wrong_therapy(alarmed=True) + ward.wrong_ledger()
    ends_at, newest = pump.log._ring.newest, ward.may["newest"][0]
    if ends_at < newest and not any(
        event[_LOG_GAP_AT] == events.LOG_GAP for event in pump.log._fresh
    ):
        wrong.append(f"log ends at {ends_at}, had {newest}")
    return wrong


def campaign(image: int, every: int) -> tuple[int, dict[str, list[str]]]:
    """(bits flipped, what was wrong by id): one byte in so many, one bit after the other."""
    count, wrong = flip_some(lived(image), every)
    return count, {f"{image} {place}": found for place, found in wrong.items()}


def flip_some(
    image: Image, every: int, among: set[int] | None = None
) -> tuple[int, dict[str, list[str]]]:
    """The same, of an image. among: blocks; None: all."""
    wrong = {}
    count = 0
    for number, (block, at) in enumerate(places(image, among)):
        if number % every == 0:
            bit = number // every % 8
            found = flipped(image, block, at, bit)
            count += 1
            if found:
                wrong[f"{block} {at} {bit}"] = found
    return count, wrong


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    print(flipped(lived(numbers[0]), *numbers[1:]) or "nothing is wrong")
