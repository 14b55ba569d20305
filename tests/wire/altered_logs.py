"""Event logs that somebody, or the flash, has altered."""

import zlib
from collections.abc import Callable

from emulator.world import World
from firmware import log_ring
from protocol.programmer.event_log import Log, Part, event
from protocol.wire import events


def copy(log: Log) -> Log:
    """Another object with the same log."""
    other = Log()
    other.oldest, other.newest = log.oldest, log.newest
    other.parts = [Part(part.first, part.before, list(part.events)) for part in log.parts]
    return other


def as_it_is(record: bytes) -> bytes:
    """The record with the CRC that it has."""
    return record


def resealed(record: bytes) -> bytes:
    """The record with a CRC that fits."""
    return record[:33] + zlib.crc32(record[:33]).to_bytes(4, "little")


def changes_missed(log: Log, seal: Callable[[bytes], bytes]) -> tuple[int, int]:
    """Change each byte of each record: (how many changes, how many of them were not told)."""
    altered = copy(log)
    kept = altered.parts[0].events
    tried = missed = 0
    for place, one in enumerate(log.events):
        for at in range(events.RECORD_BYTES):
            changed = bytearray(one.record)
            changed[at] ^= 1 << place % 8
            record = seal(bytes(changed))
            if record != one.record:
                kept[place] = event(record)
                tried += 1
                missed += f"event {place + 1} was altered" not in altered.faults()
        kept[place] = one
    assert altered.faults() == []
    return tried, missed


def change(world: World, name: str, at: int) -> None:
    """Change one byte in a segment, behind the firmware's back."""
    path = f"{log_ring.FOLDER}/{name}"
    with world.disk.open(path, "rb") as file:
        data = bytearray(file.read())
    data[at] ^= 1
    with world.disk.open(path, "wb") as file:
        file.write(data)
