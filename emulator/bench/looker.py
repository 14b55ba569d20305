"""Looks at a pump over its line: a short session that reads what an observer wants to know."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from emulator.bench.log_tail import LogTail
from emulator.bench.picture import Picture
from firmware.pins import STEP
from protocol.programmer.event_log import Event
from protocol.programmer.exchange import Exchange
from protocol.wire import schema

if TYPE_CHECKING:
    from emulator.bench.hil_board import HilBoard
    from emulator.bench.pico import VirtualPico

_CLIENT = "bench"
_SLICE_MS = 1
# After its edge: SETTLE_MS of firmware/delivery.py, once more where the chip was held, and a turn.
# Below the shortest time between two steps, 180 ms.
_BOOKED_US = 100_000
_AGAIN_MAX = 20

# Told (t_us, event) by the log, the oldest first; None: the log tells nothing.
OnEvent = Callable[[int, "Event | None"], None]


class Line(Protocol):
    """Where the board's bytes go; see wiring.Outside."""

    private: Callable[[bytes, int], None] | None


class Looker:
    """A client of its own on the board's line."""

    def __init__(self, pico: "VirtualPico | HilBoard", line: Line) -> None:
        self._line = line
        self._link = _Link(pico)
        self._log = LogTail(pico, self._link)
        self._pico = pico
        self._step_us = -_BOOKED_US
        pico.watch(STEP, self._on_step)

    def look(
        self, picture: Picture, seen: Callable[[], None], on_event: OnEvent | None = None
    ) -> None:
        """Fill the picture; time passes. Raises NoAnswer: part of it may be filled then.

        seen: called once it is filled, before anything else takes time. on_event: told of what has
        happened since the picture, before it is filled.
        """
        exchange = Exchange(self._link)
        self._line.private = self._link.take
        try:
            picture.take_hello(
                exchange.ask(
                    schema.HELLO,
                    {
                        "protocol_version": schema.PROTOCOL_VERSION,
                        "schema_hash": schema.SCHEMA_HASH,
                        "client": _CLIENT,
                    },
                )
            )
            self._see_state(exchange, picture, on_event)
            picture.take_totals(self._fresh_totals(exchange))
            seen()
            if on_event and not self._log.has_place:
                self._log.find_end(exchange)
            exchange.ask(schema.GOODBYE, {})
        finally:
            self._line.private = None

    def _see_state(self, exchange: Exchange, picture: Picture, on_event: OnEvent | None) -> None:
        """State, rate and alarms, after all that the log says of how it came to them."""
        for _ in range(_AGAIN_MAX):
            status, alarms = exchange.ask(schema.STATUS, {}), exchange.ask(schema.ALARMS, {})
            seen_us = self._link.left_us
            news = self._log.read(exchange) if on_event else []
            if on_event:
                for t_us, one in [(seen_us, None)] if news is None else news:
                    on_event(t_us, one)
            if not news or picture.agrees(status, alarms):  # else the log has told more than they
                picture.take(status, alarms, seen_us)
                return

    def _fresh_totals(self, exchange: Exchange) -> dict[str, Any]:
        """Of now: asked again where a step was not booked yet, or was made since, as far as the
        line allows. Since it was asked for: an answer that was lost is given again as it was.
        """
        for _ in range(_AGAIN_MAX):
            asked_us = self._pico.now_us
            totals = exchange.ask(schema.TOTALS, {})
            if asked_us >= self._step_us + _BOOKED_US:
                break
        return totals

    def _on_step(self, _level: int) -> None:
        self._step_us = self._pico.now_us


class _Link:
    """The board's line, as the programmer's half of the protocol wants it (link.Link)."""

    name = "the virtual Pico's line"

    def __init__(self, pico: "VirtualPico | HilBoard") -> None:
        self._pico = pico
        self._got = bytearray()
        self.left_us = 0

    def take(self, data: bytes, left_us: int) -> None:
        """Bytes from the board, and when it wrote them."""
        self._got += data
        self.left_us = left_us

    def write(self, data: bytes) -> None:
        """See Link."""
        self._pico.uart_in(data)

    def read(self, timeout_ms: int) -> bytes:
        """See Link."""
        until_us = self._pico.now_us + timeout_ms * 1_000
        while not self._got and self._pico.now_us < until_us:
            self._pico.run_for_ms(_SLICE_MS)
        data = bytes(self._got)
        self._got.clear()
        return data

    def now_ms(self) -> int:
        """See Link."""
        return self._pico.now_us // 1_000

    def close(self) -> None:
        """Nothing to give back."""
