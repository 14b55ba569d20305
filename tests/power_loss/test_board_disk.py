"""What is left of a board's disk beside the program holds the log that is promised."""

import pytest

from firmware import log_ring, records
from firmware.files import Files
from firmware.log_ring import LogRing, chain_of, seal
from protocol.wire import events
from tests.power_loss.board_disk import with_program

DAYS, DAY_EVENTS = 30, 60
FAULTS, FAULT_EVENTS = 1_000, 7  # docs/storage.md
PROMISED = DAYS * DAY_EVENTS + FAULTS * FAULT_EVENTS
RECORD = bytes(250)  # of the pump's, about as large as they get
ENOSPC = 28


def kept(sets: int, release: bool) -> int:
    """Events in a log that has gone round."""
    disk, _ = with_program(sets, release)
    files = Files(disk, disk.open, disk)
    for folder in (records.FOLDER, *records.ABOVE, *records.FOLDERS, log_ring.FOLDER):
        files.list(folder)
    for folder in records.FOLDERS:
        for name in records.NAMES[1:]:
            files.write(f"{folder}/{name}", RECORD)
    ring = LogRing(files)
    while ring.newest < 2 * PROMISED:
        if ring.is_full():
            ring.forget_oldest()
            continue
        batch, chain = [], ring.chain
        for number in range(log_ring.SEGMENT_RECORDS):
            content = (ring.newest + 1 + number).to_bytes(4, "little")
            batch.append(seal(chain, content + bytes(events.CONTENT_BYTES - 4)))
            chain = chain_of(batch[-1])
        try:
            ring.write(batch)
        except OSError as error:
            if error.args[0] != ENOSPC or not ring.shrink():
                raise
    return int(ring.newest - ring.oldest() + 1)


@pytest.mark.parametrize("release", [True, False], ids=["release", "bench"])
@pytest.mark.parametrize("sets", [1, 2])
def test_a_set_and_the_one_before_leave_room_for_the_log(sets: int, release: bool) -> None:
    assert kept(sets, release) >= PROMISED
