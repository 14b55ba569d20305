"""Flash images of pumps that have lived: nearly full, worn, about to compact, cut before.

All come from one pump that was set up and delivers. Ageing writes its files again and again with
what they hold, so that littlefs gets into every state while the pump stays the same.
"""

import random
from contextlib import suppress
from functools import cache
from typing import Any

from littlefs import lfs

from emulator.flash_damage import CUTS
from emulator.little_disk import DISK_2_0, DISK_2_1, LittleDisk
from emulator.stops import PowerCut
from firmware import log_ring, records
from firmware.files import Files
from firmware.log_ring import LogRing, chain_of, seal
from protocol.wire import events, schema
from tests.power_loss.ward import LOG_FOLDER, Image, Ward, log_numbers
from tests.power_loss.workloads import SETTLE_S

COUNT = 20  # of images in the default run
FILLER = "/filler"
FREE_BLOCKS = (8, 0, 3, 60)  # left by the filler; 0: no filler
FULL_LOGS = 10  # one image in so many has a log whose ring is full
SHORT_SEGMENTS = 5  # and one in so many a newest segment that has room for a few more only
ROOM_RECORDS = 20  # about as many as come of a start, and fewer than of the workload `log`
WORN_SAVES = 1_600  # a hundred compactions: littlefs moves a folder
UPKEEP_SAVES = 100  # as many are made of an hour's steps


@cache
def base(disk_version: int) -> Image:
    """A pump that was set up, prescribed a schedule, and has delivered for ten minutes.

    disk_version: with which the pump began; it goes over to DISK_2_1 with its next write.
    """
    ward = Ward(None, disk_version)
    ward.boot()
    ward.bedside.commission()
    ward.may["treatment"] = [(ward.pump.setup, None)]
    ward.prescribe((0, 800_000), (490, 1_200_000))
    with ward.becoming(is_on=True):
        ward.ask(schema.START)
    ward.run(s=600)
    ward.settled()
    return ward.image()


@cache
def aged(number: int) -> Image:
    """An image by its number; any number >= 0."""
    draw = random.Random(number)
    ward = Ward(base(DISK_2_0 if number % 2 else DISK_2_1))
    disk = ward.disk
    disk.mount()
    if number % FULL_LOGS == 2:
        _fill_log(disk)
    free_blocks = FREE_BLOCKS[number % len(FREE_BLOCKS)]
    if free_blocks:
        _fill(disk, free_blocks)
    for folder in records.FOLDERS:
        if number % 4 == 3:
            _wear(disk, folder, WORN_SAVES + draw.randrange(16))
        rewrite(disk, folder, draw.randrange(20))
        if number % 2:
            _to_the_brink(disk, folder)
    for _ in range(number % 3):
        _cut(ward, draw)
    ward.boot()
    ward.run(s=SETTLE_S)
    ward.world.power_cut()
    ward.flash.power_on()
    if number % SHORT_SEGMENTS == 2:
        with suppress(OSError):  # a flash that is full takes none
            _top_up(disk)
    ward.settled()
    return ward.image()


def _fill(disk: LittleDisk, free_blocks: int) -> None:
    """A file that leaves about so many blocks."""
    used = disk.call(lfs.fs_size)
    size = disk.flash.blocks - used - free_blocks
    with disk.open(FILLER, "wb") as file:
        file.write(bytes(disk.flash.block_bytes) * size)


def rewrite(disk: LittleDisk, folder: str, times: int) -> None:
    """The files of a folder in turn, with what they hold."""
    paths = [f"{folder}/{name}" for name in disk.listdir(folder) if name != "settle"]
    for time in range(times if paths else 0):
        path = paths[time % len(paths)]
        with disk.open(path, "rb") as file:
            data = file.read()
        with disk.open(path, "wb") as file:
            file.write(data)


def _wear(disk: LittleDisk, folder: str, times: int) -> None:
    """The same, with what the pump does meanwhile for the folders above."""
    files = Files(disk, disk.open, disk)
    for done in range(0, times, UPKEEP_SAVES):
        rewrite(disk, folder, min(UPKEEP_SAVES, times - done))
        files.settle(folder.rsplit("/", 1)[0])
        files.settle(records.FOLDER)


def _to_the_brink(disk: LittleDisk, folder: str) -> None:
    """Until the next write has to compact the folder."""
    for _ in range(40):
        before = disk.flash.snapshot()
        erased = sum(disk.flash.worn)
        rewrite(disk, folder, 1)
        if sum(disk.flash.worn) > erased:
            disk.flash.restore(before)
            disk.mount()
            return


def _cut(ward: Ward, draw: random.Random) -> None:
    """The power fails while a record is written, and the pump starts again."""
    ward.flash.cut(draw.randrange(3), draw.choice(CUTS), draw.randrange(1, 4))
    try:
        for folder in records.FOLDERS:
            rewrite(ward.disk, folder, 1)
    except PowerCut:
        pass
    ward.flash.power_on()
    ward.boot()
    ward.run(s=30)
    ward.world.power_cut()
    ward.flash.power_on()
    ward.disk.mount()


def _fill_log(disk: LittleDisk) -> None:
    """A log whose ring is full, with the records of the pump as its newest."""
    kept = _log_files(disk)
    for name in disk.listdir(LOG_FOLDER):
        disk.remove(f"{LOG_FOLDER}/{name}")
    number, chain = 1, bytes(events.CHAIN_BYTES)
    for _ in range(log_ring.SEGMENTS_MAX):
        data = chain
        path = "%s/%08x" % (LOG_FOLDER, number)
        for _ in range(log_ring.SEGMENT_RECORDS):
            content = (number.to_bytes(4, "little") + b"".join(kept))[: events.CONTENT_BYTES]
            record = seal(chain, content)
            chain = record[events.CONTENT_BYTES : -4]
            data += record
            number += 1
        with disk.open(path, "wb") as file:
            file.write(data)
    assert log_numbers(disk)[-1] > 8_000


def _top_up(disk: LittleDisk) -> None:
    """Records behind the newest of the log, until its segment is nearly full."""
    disk.mount()
    ring = LogRing(Files(disk, disk.open, disk))
    ring.find_end(0)
    at = ring.newest - max(int(name, 16) for name in disk.listdir(LOG_FOLDER) if name != "settle")
    _, _, (newest, *_) = ring.page(ring.newest)
    records, chain = [], ring.chain
    for number in range(log_ring.SEGMENT_RECORDS - ROOM_RECORDS - at - 1):
        content = (ring.newest + 1 + number).to_bytes(4, "little") + newest[4:]
        records.append(seal(chain, content[: events.CONTENT_BYTES]))
        chain = chain_of(records[-1])
    assert records
    assert ring.write(records) == len(records)


def _log_files(disk: LittleDisk) -> list[bytes]:
    found: list[Any] = []
    for name in disk.listdir(LOG_FOLDER):
        with disk.open(f"{LOG_FOLDER}/{name}", "rb") as file:
            found.append(file.read()[events.CHAIN_BYTES :])
    return found
