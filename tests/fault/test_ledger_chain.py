"""Each record of the ledger names the one before it, and at a start the two are compared."""

import binascii
import hashlib
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from firmware import records
from protocol.wire import codec, schema
from tests.fault.test_restore import after_a_power_failure, made, waiting
from tests.kept import paths_of
from tests.pumps import Bed

PATHS = paths_of(records.LEDGER)
LAYOUT = records.FORMATS[records.LEDGER][-1]
HEADER_BYTES, CRC_BYTES = 8, 4  # firmware/store.py
SEQUENCE_AT = 4


def read(bed: Bed, generation: int) -> bytes:
    with bed.world.disk.open(PATHS[generation], "rb") as file:
        return bytes(file.read())


def payload(data: bytes) -> bytes:
    return data[HEADER_BYTES:-CRC_BYTES]


def by_age(bed: Bed) -> list[int]:
    """The generations, the newest first."""
    ages = {g: struct.unpack_from("<I", read(bed, g), SEQUENCE_AT)[0] for g in (0, 1)}
    return sorted(ages, key=lambda g: -ages[g])


def alter(bed: Bed, generation: int, **fields: object) -> None:
    """Somebody writes these fields, and a CRC that is right."""
    data = read(bed, generation)
    values = codec.unpack(LAYOUT, payload(data))
    values.update(fields)
    data = data[:HEADER_BYTES] + codec.pack(LAYOUT, values)
    with bed.world.disk.open(PATHS[generation], "wb") as file:
        file.write(data + struct.pack("<I", binascii.crc32(data)))


class Watched:
    """A disk that keeps what was written to the ledger."""

    def __init__(self, disk: Any) -> None:
        self._disk = disk
        self.written: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._disk, name)

    def open(self, path: str, mode: str) -> Any:
        file = self._disk.open(path, mode)
        if mode == "wb" and path in PATHS:
            write = file.write

            def watched(data: bytes) -> int:
                self.written.append(payload(data))
                return int(write(data))

            file.write = watched
        return file


def test_each_record_names_the_one_before_across_starts_too() -> None:
    disks: list[Watched] = []

    def watch(world: Any) -> None:
        world.disk = Watched(world.disk)
        disks.append(world.disk)

    bed = Bed(before=watch)
    bed.running((0, 1_000_000))
    for at_s in (600, 61, 3):
        bed.run(s=at_s)
        after_a_power_failure(bed)
    bed.ask(schema.STOP)
    written = [a for a, before in pairwise([*disks[0].written, b""]) if a != before]
    assert len(written) > 20  # twice, where the record before reserves nothing for what follows
    assert len(set(written)) == len(written)
    for before, record in zip([b"", *written], written):
        chain = codec.unpack(LAYOUT, record)["chain"]
        assert chain == (hashlib.sha256(before).digest()[:8] if before else bytes(8))


ALTERED: dict[str, Callable[[Bed], None]] = {
    "the record before says less": lambda bed: alter(bed, by_age(bed)[1], verified_steps=1),
    "the newest is of another life": lambda bed: alter(bed, by_age(bed)[0], chain=bytes(8)),
    "a reservation that was": lambda bed: alter(bed, by_age(bed)[1], reserved_steps=192),
}


@pytest.mark.parametrize("name", ALTERED)
def test_a_record_that_does_not_follow_the_one_before_is_told_and_holds_therapy(name: str) -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=30)
    truth = made(bed)
    bed.world.power_cut()
    ALTERED[name](bed)
    bed.world.power_on()
    bed.run(s=2)
    assert bed.state == schema.HELD
    (row,) = [
        one for one in bed.ask(schema.ALARMS)["alarms"] if one["alarm"] == schema.RESTORE_FAILED
    ]
    assert row["value"] == 1 << records.LEDGER
    totals = bed.totals()
    least = totals["verified_steps"]
    assert least <= truth <= least + totals["unverified_steps"]
    assert totals["unverified_steps"] >= records.BLOCK_STEPS_MAX
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.RESTORE_FAILED)
    assert bed.state == schema.RUNNING


def test_a_chain_that_holds_is_never_said_to_be_broken() -> None:
    """Starts at every distance from a record, records that are refused, a refill, a stop."""
    bed = Bed()
    bed.running((0, 1_000_000))
    for at_s in range(1, 80, 2):
        bed.run(s=at_s)
        after_a_power_failure(bed, off_s=1)
        assert bed.state == schema.RUNNING
        assert waiting(bed) == {"CLOCK_LOST"}
    for kind in (schema.REFILLED, schema.STOP, schema.START):
        bed.programmer.hello()
        bed.programmer.hold_magnet()
        bed.programmer.ask(kind)
        bed.programmer.goodbye()
        after_a_power_failure(bed, off_s=1)
        assert waiting(bed) == {"CLOCK_LOST"}
    assert bed.state == schema.RUNNING
