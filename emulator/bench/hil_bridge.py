"""The host's end of the cable in hil: splits the channels, keeps the board in step, and measures.

It answers each state of the board with one of its own; it never speaks first. What is not
acknowledged is told again with the next message, so a lost one costs time and nothing else.
"""

import binascii
import struct
from collections.abc import Callable
from statistics import median
from typing import Protocol

from emulator.bench import channels
from emulator.bench.transport import BoardLinkError
from firmware import pins

SILENT_S = 2.0  # a board in hil speaks every 50 ms ...
START_S = 20.0  # ... once it has loaded the firmware
_LEFT_S = 1.0  # ... until it is let go
_HALF = (channels.TICKS_MASK + 1) // 2
_STAMP_BYTES = struct.calcsize(channels.STAMP)
_KEPT = 256  # numbers of own states whose sending time is remembered


class BoardPort(Protocol):
    """Bytes to the board and back; a real port, or a virtual board in a test."""

    name: str

    def read(self) -> bytes:
        """What has come; waits for a moment when nothing has. Raises BoardLinkError."""

    def write(self, data: bytes) -> None:
        """Send. Raises BoardLinkError."""

    def now_s(self) -> float:
        """A clock that never goes back."""


class Board(Protocol):
    """What is told of the board's time and outputs, and asked for its inputs (HilBoard)."""

    now_us: int

    def advance(self, t_us: int) -> None:
        """The board's clock has got to t_us."""

    def change(self, gpio: int, level: int) -> None:
        """It has changed an output, now."""

    def sound(self, freq_hz: int) -> None:
        """Its buzzer; 0: silence."""

    def said(self, data: bytes, left_us: int) -> None:
        """Bytes of its programmer's line; left_us: when they were written first."""

    def printed(self, text: bytes) -> None:
        """It printed something that is no message."""

    def level(self, gpio: int) -> int:
        """Of an input, as the plant drives it."""

    def code(self, gpio: int) -> int:
        """Of a converter, 0 .. 4_095."""


class Measured:
    """What the way to the board was like.

    states, pieces: messages of channel 1 and of channel 0 from the board. lost_from_board,
    lost_to_board, damaged: messages that did not arrive, or not whole. round_trips_us: to the
    board and back, without its own time. late_us: from the instant of an encoder edge to the one
    at which the board saw it, the worst of each message. silence_us: longest gap between two
    states, by the board's clock.
    """

    def __init__(self) -> None:
        self.states = 0
        self.pieces = 0
        self.lost_from_board = 0
        self.lost_to_board = 0
        self.damaged = 0
        self.round_trips_us: list[int] = []
        self.late_us: list[int] = []
        self.silence_us = 0

    def plain(self) -> dict[str, int]:
        """For --json."""
        trips = sorted(self.round_trips_us) or [0]
        return {
            "messages_from_board": self.states + self.pieces,
            "lost_from_board": self.lost_from_board,
            "lost_to_board": self.lost_to_board,
            "damaged": self.damaged,
            "round_trip_us_median": round(median(trips)),
            "round_trip_us_p99": trips[len(trips) * 99 // 100],
            "round_trip_us_max": trips[-1],
            "edge_late_us_max": max(self.late_us, default=0),
            "silence_us_max": self.silence_us,
        }


class Bridge:
    """Serves one board at one port. on_turn: called with each turn."""

    def __init__(self, board: Board, port: BoardPort) -> None:
        self._board = board
        self._port = port
        self._splitter = channels.Splitter(binascii.crc32)
        self._frame = 0
        self._number = 0  # of the own states; 0 is never used: it means none to the board
        self._sent_s: dict[int, float] = {}
        self._ticks: int | None = None  # of the latest state, and the world's time then
        self._ticks_us = 0
        self._events_seen = 0
        self._edges: list[tuple[int, int]] = []  # not acknowledged: (us, levels)
        self._first_edge = 0
        self._leave = False
        self.on_turn: Callable[[], None] = _nothing
        self._heard_s = port.now_s()
        self.measured = Measured()
        self._stray = b""

    def turn(self) -> None:
        """Take what has come. Raises BoardLinkError; also when the board has fallen silent."""
        self.on_turn()
        data = self._port.read()
        for channel, payload in self._splitter.feed(data):
            if channel == channels.PROGRAMMER:
                self._on_piece(payload)
            elif channel == channels.PLANT:
                self._on_state(payload)
        self._take_stock()
        patience_s = SILENT_S if self.measured.states else START_S
        if self._leave:
            patience_s = _LEFT_S
        if self._port.now_s() - self._heard_s > patience_s:
            said = self._stray.decode("ascii", "replace").strip()
            raise BoardLinkError(self._port.name, f"the board has fallen silent. {said}".strip())

    def _take_stock(self) -> None:
        self.measured.lost_from_board = self._splitter.lost
        if self._splitter.damaged != self.measured.damaged:
            self.measured.damaged = self._splitter.damaged
            self._stray = self._splitter.stray
            self._board.printed(self._stray)

    def to_pump(self, data: bytes) -> None:
        """Bytes of the programmer's line."""
        for at in range(0, len(data), channels.PAYLOAD_MAX):
            self._send(channels.PROGRAMMER, data[at : at + channels.PAYLOAD_MAX])

    def edge(self, a: int, b: int) -> None:
        """The encoder has an edge on A, now; the board is told with the next state."""
        self._edges.append((self._board.now_us, a | b << 1))

    def leave(self) -> None:
        """Have the board reset, and be an ordinary board again. It does so too where it hears
        nothing of this, for want of a host."""
        self._leave = True

    def _on_piece(self, payload: bytes) -> None:
        if len(payload) < _STAMP_BYTES:
            return  # a board with other channels.py
        self.measured.pieces += 1
        (ticks,) = struct.unpack_from(channels.STAMP, payload)
        self._board.said(payload[_STAMP_BYTES:], self._to_us(ticks))

    def _on_state(self, payload: bytes) -> None:
        try:
            head, events = channels.unpack(channels.BOARD_STATE, channels.EVENT, payload)
        except ValueError:
            return  # sound and too short: a board with other channels.py; it will be silent to us
        ticks, echo, age_us, late_us, lost, edges_seen, first = head
        self._heard_s = self._port.now_s()
        t_us = self._to_us(ticks)
        self._measure(t_us, echo, age_us, late_us, lost)
        acknowledged = (edges_seen - self._first_edge) & 0xFF
        if acknowledged <= len(self._edges):
            del self._edges[:acknowledged]
            self._first_edge = edges_seen
        for at, what, value in events:
            if first == self._events_seen:
                self._events_seen = (first + 1) & 0xFF
                self._on_event(self._to_us(at), what, value)
            first = (first + 1) & 0xFF
        self._board.advance(t_us)
        self._ticks, self._ticks_us = ticks, t_us
        self._answer()

    def _on_event(self, t_us: int, what: int, value: int) -> None:
        self._board.advance(t_us)
        if what == channels.TONE:
            self._board.sound(value)
        else:
            self._board.change(what, value)

    def _answer(self) -> None:
        board = self._board
        self._number = self._number % 0xFFFF + 1
        present = not board.level(pins.MAGNET)
        payload = struct.pack(
            channels.HOST_STATE,
            self._number,
            self._events_seen,
            board.code(pins.PRESSURE),
            board.code(pins.LEVEL),
            (channels.MAGNET if present else 0) | (channels.LEAVE if self._leave else 0),
            self._first_edge,
        )
        for t_us, levels in self._edges:
            payload += struct.pack(channels.EDGE, self._to_ticks(t_us), levels)
        self._sent_s[self._number] = self._port.now_s()
        self._sent_s.pop(self._number - _KEPT, None)
        self._send(channels.PLANT, payload)

    def _send(self, channel: int, payload: bytes) -> None:
        self._port.write(channels.encode(binascii.crc32, channel, self._frame, payload))
        self._frame = (self._frame + 1) & 0xFF

    def _measure(self, t_us: int, echo: int, age_us: int, late_us: int, lost: int) -> None:
        found = self.measured
        found.states += 1
        found.lost_to_board = lost
        sent_s = self._sent_s.pop(echo, None)
        if sent_s is not None:
            found.round_trips_us.append(round((self._heard_s - sent_s) * 1e6) - age_us)
        if late_us:
            found.late_us.append(late_us)
        if found.states > 1:
            found.silence_us = max(found.silence_us, t_us - self._ticks_us)

    def _to_us(self, ticks: int) -> int:
        """The board's ticks as the world's time. They are never half a period (9 min) apart."""
        if self._ticks is None:
            self._ticks = ticks
        apart: int = ((ticks - self._ticks + _HALF) & channels.TICKS_MASK) - _HALF
        return self._ticks_us + apart

    def _to_ticks(self, t_us: int) -> int:
        assert self._ticks is not None  # an edge comes of a step, which the board has told
        return (self._ticks + t_us - self._ticks_us) & channels.TICKS_MASK


def _nothing() -> None:
    """Nobody wants to be asked."""
