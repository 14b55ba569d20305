"""What a pump has logged since one looked last, each event at the board's own time.

The log stamps an event with the pump's uptime. Uptime begins a few milliseconds after the firmware
has taken its pins, and the board tells when that was: how long it takes an answer to come does not
matter. Whatever the sum says, an event lies between the answer to the reading before and the
answer that told it.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from firmware.pins import DIR
from protocol.programmer.event_log import Event, event
from protocol.programmer.exchange import Exchange, Refused
from protocol.wire import schema

if TYPE_CHECKING:
    from emulator.bench.hil_board import HilBoard
    from emulator.bench.pico import VirtualPico


class Answers(Protocol):
    """left_us: when the board wrote its latest answer."""

    left_us: int


class LogTail:
    """Reads on in the log of one board."""

    def __init__(self, pico: "VirtualPico | HilBoard", answers: Answers) -> None:
        self._pico = pico
        self._answers = answers
        self._began_us: int | None = None
        self._next: int | None = None
        self._read_us = 0
        pico.watch(DIR, self._on_dir)

    @property
    def has_place(self) -> bool:
        """Whether it knows where to read on."""
        return self._next is not None

    def find_end(self, exchange: Exchange) -> None:
        """Read on from here. Raises NoAnswer."""
        if self._began_us is None:
            return  # nobody saw the pump start: its uptime says nothing
        with suppress(Refused):
            page = exchange.ask(schema.LOG, {"first_event": schema.U32_MAX})
            self._next = page["newest_event"] + 1
            self._read_us = self._answers.left_us

    def read(self, exchange: Exchange) -> list[tuple[int, Event]] | None:
        """(t_us, event), the oldest first; None where the log cannot be read. Raises NoAnswer.

        After a failure there is no place to read on from: nothing is told twice.
        """
        first, self._next = self._next, None
        found: list[Event] = []
        while first is not None:
            try:
                page = exchange.ask(schema.LOG, {"first_event": first})
            except Refused:
                return None
            found += [event(row["record"]) for row in page["records"]]
            first = page["first_event"] + len(page["records"])
            if not page["records"] or first > page["newest_event"]:
                told = [(self._when_us(one), one) for one in found]
                self._next, self._read_us = first, self._answers.left_us
                return told
        return None

    def _when_us(self, one: Event) -> int:
        assert self._began_us is not None  # see find_end
        t_us = self._began_us + (one.uptime_s * 1_000 + one.ms) * 1_000
        return min(max(t_us, self._read_us), self._answers.left_us)

    def _on_dir(self, level: int) -> None:
        """Low at reset; the firmware takes it high once, and leaves it there."""
        self._next = None
        if level:
            self._began_us = self._pico.now_us
