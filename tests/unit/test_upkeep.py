"""The folders above the records are written anew: all after a start and each day, the ledger's
each hour.
"""

from typing import Any

import pytest

from firmware import records
from firmware.event_log import WRITE_MS
from firmware.upkeep import Upkeep
from protocol.wire import events

HOUR_MS = 3_600_000
SPACING_MS = 2_000
FIRST_MS = 300_000
ALL = [*records.ABOVE, records.FOLDER]
HOURLY = ["/pump/c", "/pump/d"]


class Outside:
    """Board, files, clock, delivery in one. settled: which folders were; short: no memory."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.due_ms = 10 * WRITE_MS
        self.room = True
        self.asked_ms: list[int] = []
        self.settled: list[str] = []
        self.noted: list[int] = []
        self.short = False
        self.files = self
        self.magnet = False

    def read(self) -> int:
        return self.now_ms

    def magnet_present(self) -> bool:
        return self.magnet

    def has_room(self, now_ms: int, want_ms: int) -> bool:
        assert now_ms == self.now_ms
        self.asked_ms.append(want_ms)
        return self.room

    def settle(self, folder: str) -> None:
        if self.short:
            raise MemoryError
        self.settled.append(folder)


@pytest.fixture
def outside() -> Any:
    return Outside()


def hours(outside: Any, upkeep: Upkeep, count: int) -> list[list[str]]:
    """What was settled in each; between two folders the loop comes to sleep, and beats."""
    found = []
    for _ in range(count):
        outside.settled = []
        for _ in range(HOUR_MS // SPACING_MS):
            if upkeep.due_ms <= outside.now_ms:
                upkeep.poll(outside.now_ms)
                assert upkeep.due_ms >= outside.now_ms + SPACING_MS
            outside.now_ms += SPACING_MS
        found.append(outside.settled)
    return found


def new(outside: Any) -> Upkeep:
    return Upkeep(outside, outside, outside, outside.noted.append)


def test_all_folders_after_a_start_and_each_day_the_ledgers_each_hour(outside: Any) -> None:
    upkeep = new(outside)
    assert upkeep.due_ms == FIRST_MS
    assert hours(outside, upkeep, 50) == [ALL, *[HOURLY] * 23] * 2 + [ALL, HOURLY]


def test_where_the_next_step_leaves_no_room_it_waits_for_that_step(outside: Any) -> None:
    upkeep = new(outside)
    outside.now_ms, outside.due_ms, outside.room = HOUR_MS, HOUR_MS + 500, False
    upkeep.poll(HOUR_MS)
    assert (outside.settled, outside.asked_ms) == ([], [WRITE_MS])
    assert upkeep.due_ms == HOUR_MS + 501
    outside.room = True
    upkeep.poll(HOUR_MS + 501)
    assert outside.settled == ALL[:1], "one at a time"


def test_while_the_magnet_is_at_the_pump_it_waits(outside: Any) -> None:
    upkeep = new(outside)
    outside.magnet = True
    upkeep.poll(SPACING_MS)
    assert (outside.settled, upkeep.due_ms) == ([], 2 * SPACING_MS)
    outside.magnet = False
    upkeep.poll(2 * SPACING_MS)
    assert outside.settled == ALL[:1]


def test_without_memory_it_says_so_and_goes_on(outside: Any) -> None:
    upkeep = new(outside)
    outside.short = True
    hours(outside, upkeep, 1)
    assert outside.noted == [events.NO_MEMORY] * len(ALL)
    outside.short = False
    assert hours(outside, upkeep, 1) == [HOURLY]
