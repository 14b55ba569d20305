"""A log read on from where it was left: each event once, and never out of its bounds."""

import struct
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from emulator.bench.log_tail import LogTail
from firmware.pins import DIR
from protocol.programmer.exchange import Evidence, NoAnswer, Refused
from protocol.wire import events, schema

BEGAN_US = 17_000
UPTIMES_MS = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000]


class Board:
    """A pump that has logged one event at each of these uptimes, and answers at left_us."""

    def __init__(self) -> None:
        self.uptimes_ms = list(UPTIMES_MS)
        self.asked: list[int] = []
        self.fails: Exception | None = None
        self.left_us = self.now_us = 0
        self.on_dir: Callable[[int], None]

    def watch(self, gpio: int, fn: Callable[[int], None]) -> None:
        assert gpio == DIR
        self.on_dir = fn

    def start(self) -> None:
        self.on_dir(0)
        self.now_us += BEGAN_US
        self.on_dir(1)

    def ask(self, kind: int, values: dict[str, Any]) -> dict[str, Any]:
        assert kind == schema.LOG
        if self.fails:
            raise self.fails
        first = min(values["first_event"], len(self.uptimes_ms) + 1)
        self.asked.append(first)
        numbers = range(first, len(self.uptimes_ms) + 1)[: events.PAGE_RECORDS]
        return {
            "newest_event": len(self.uptimes_ms),
            "first_event": first,
            "records": [{"record": self._record(number)} for number in numbers],
        }

    def _record(self, number: int) -> bytes:
        s, ms = divmod(self.uptimes_ms[number - 1], 1_000)
        content = struct.pack(events.FORMAT, number, 1, ms, s, 0, events.STATE, 0, 0)
        return content.ljust(events.RECORD_BYTES, b"\0")

    def log(self, uptime_ms: int) -> None:
        self.uptimes_ms.append(uptime_ms)


@pytest.fixture
def board() -> Any:
    return Board()


@pytest.fixture
def tail(board: Any) -> LogTail:
    """At the end of the log, which was told 8 s after the start."""
    found = LogTail(board, board)
    board.start()
    board.left_us = 8_000_000
    found.find_end(board)
    board.asked.clear()
    return found


def read(tail: LogTail, board: Any) -> list[tuple[int, int]] | None:
    found = tail.read(board)
    return None if found is None else [(t_us, one.sequence) for t_us, one in found]


def test_each_event_is_told_once_and_at_the_boards_time(tail: LogTail, board: Any) -> None:
    assert read(tail, board) == []
    board.left_us = 30_000_000
    for uptime_ms in range(9_000, 16_000, 1_000):  # more than a page
        board.log(uptime_ms)
    assert read(tail, board) == [(BEGAN_US + n * 1_000_000, n - 1) for n in range(9, 16)]
    assert read(tail, board) == []


def test_an_event_lies_between_two_readings_whatever_its_uptime_says(
    tail: LogTail, board: Any
) -> None:
    """A clock that broke counts on from where it was last right: firmware/clock.py."""
    board.log(7_900)
    board.log(99_000)
    board.left_us = 20_000_000
    assert read(tail, board) == [(8_000_000, 8), (20_000_000, 9)]


def test_after_a_failure_nothing_is_told_twice(tail: LogTail, board: Any) -> None:
    board.log(9_000)
    for fails in (NoAnswer(schema.LOG, Evidence()), refused()):
        tail.find_end(board)
        board.fails = fails
        if isinstance(fails, NoAnswer):
            with pytest.raises(NoAnswer):
                tail.read(board)
        else:
            assert tail.read(board) is None
        board.fails = None
        assert not tail.has_place
        assert tail.read(board) is None
    tail.find_end(board)
    assert read(tail, board) == []


def test_a_place_that_is_refused_is_none(tail: LogTail, board: Any) -> None:
    tail.read(board)
    board.start()
    board.fails = refused()
    tail.find_end(board)
    assert not tail.has_place


def test_another_start_is_another_place(tail: LogTail, board: Any) -> None:
    """A reset loses events that were told already, and their numbers come again."""
    board.now_us = 50_000_000
    board.start()
    assert tail.read(board) is None
    board.uptimes_ms.clear()
    tail.find_end(board)
    board.log(1_500)
    board.left_us = 60_000_000
    assert read(tail, board) == [(51_500_000 + BEGAN_US, 1)]


def test_a_pump_whose_start_nobody_saw_is_not_asked(board: Any) -> None:
    tail = LogTail(board, board)
    tail.find_end(board)
    assert not tail.has_place
    assert tail.read(board) is None
    assert board.asked == []


def test_a_page_without_records_ends_the_reading(tail: LogTail, board: Any) -> None:
    """Records that cannot be read: the numbers say that there are more."""
    page = {"newest_event": 12, "first_event": 8, "records": []}
    exchange: Any = SimpleNamespace(ask=lambda _kind, _values: page)
    assert tail.read(exchange) == []


def refused() -> Refused:
    return Refused(
        {
            "command": schema.LOG,
            "code": schema.NO_MEMORY,
            "name": "NO_MEMORY",
            "field": "",
            "accepted_low": 0,
            "accepted_high": 0,
        }
    )
