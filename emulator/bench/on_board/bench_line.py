"""The board's end of the cable in hil: what both ends have told each other.

All exchange happens where the firmware sleeps. A host that falls silent for LOST_MS cuts the motor
supply and raises HostLost out of the sleep, which is a broken invariant to the firmware: FAULT.
"""

import binascii
import select
import struct
import sys
from array import array

import machine
import utime

from emulator.bench import channels
from firmware import pins

BEAT_MS = 50  # between two states when nothing happens: the age of a pressure sample
REPEAT_MS = 10  # until the host has acknowledged what happened
WATCH_MS = 3  # after a step the motor turns for 8 ms: its edges are fetched at this pace ...
WATCH_ROUNDS = 4  # ... so often
LOST_MS = 500
RESET_MS = 3_000  # a board without its host becomes an ordinary board again
HOST_WAIT_MS = 4_000  # for the host's first word; the watchdog of an interrupted pump may run
EVENTS = 32  # remembered until acknowledged; a step makes 4
EVENTS_A_FRAME = 24
PIECE_BYTES = 200  # of the programmer's line in one frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional


class HostLost(Exception):
    """The host has been silent for LOST_MS."""


class Line:
    """The USB port, and what both ends have told each other.

    received: bytes for the programmer's UART. codes: of the converters, by GPIO. on_edge,
    on_magnet: called with the new levels. step_due: ticks_ms of the step that is armed.
    """

    def __init__(self) -> None:
        self._in = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._splitter = channels.Splitter(binascii.crc32)
        self._number = 0
        self._at = array("I", [0] * EVENTS)
        self._what = array("B", [0] * EVENTS)
        self._value = array("H", [0] * EVENTS)
        self._made = 0  # events so far, modulo 2**16 ...
        self._sent = 0  # ... sent at least once ...
        self._acknowledged = 0  # ... and seen by the host
        self._edges_seen = 0
        self._late_us = 0
        self._echo = 0
        self._echo_at = 0
        self._sent_at = self._heard_at = utime.ticks_ms()
        self._rounds = 0
        self._is_lost = False
        self._magnet = 0
        self._written = b""
        self._written_at = 0
        self.received = bytearray()
        self.codes = {pins.PRESSURE: 0, pins.LEVEL: 0}
        self.on_edge: "Callable[[int, int], None]" = _nobody
        self.on_magnet: "Callable[[int], None]" = _nobody_there
        self.on_lost: "Callable[[], None]" = _nothing
        self.step_due: "Optional[int]" = None

    def note(self, what: int, value: int) -> None:
        """An output has changed, now. From any context; allocates nothing."""
        state = machine.disable_irq()
        place = self._made % EVENTS
        self._at[place] = utime.ticks_us()
        self._what[place] = what
        self._value[place] = value
        self._made = (self._made + 1) & 0xFFFF
        if what == pins.STEP:
            self._rounds = WATCH_ROUNDS
        machine.enable_irq(state)

    def await_host(self) -> None:
        """Until its first word has come."""
        while not self._echo:
            if utime.ticks_diff(utime.ticks_ms(), self._heard_at) > HOST_WAIT_MS:
                machine.reset()
            self._tell()
            self._wait(BEAT_MS)
            self._receive()

    def sleep_ms(self, ms: int) -> None:
        """What the firmware's sleep is: exchange with the host until the time is over."""
        end = utime.ticks_add(utime.ticks_ms(), ms)
        while True:
            self._receive()
            if self._must_tell():
                self._tell()
            self._look_after_host()
            left_ms = utime.ticks_diff(end, utime.ticks_ms())
            if left_ms <= 0:
                return
            self._wait(min(left_ms, self._patience_ms()))

    def write(self, data: bytes) -> None:
        """Bytes of the programmer's line. An answer told again is as old as when told first."""
        if data != self._written:
            self._written = data
            self._written_at = utime.ticks_us()
        stamp = struct.pack(channels.STAMP, self._written_at)
        for at in range(0, len(data), PIECE_BYTES):
            self._send(channels.PROGRAMMER, stamp + data[at : at + PIECE_BYTES])

    def _must_tell(self) -> bool:
        since_ms: int = utime.ticks_diff(utime.ticks_ms(), self._sent_at)
        if self._made != self._sent:
            return True
        if self._rounds and since_ms >= WATCH_MS:
            self._rounds -= 1
            return True
        return since_ms >= self._pace_ms()

    def _pace_ms(self) -> int:
        return BEAT_MS if self._made == self._acknowledged else REPEAT_MS

    def _patience_ms(self) -> int:
        """How long nothing needs to be told. A step that is armed is told when it is made."""
        if self._rounds:
            return WATCH_MS
        patience_ms = self._pace_ms()
        if self.step_due is not None:
            due_ms = utime.ticks_diff(self.step_due, utime.ticks_ms())
            if due_ms < 0:
                self.step_due = None
            else:
                patience_ms = min(patience_ms, due_ms + 1)
        return patience_ms

    def _wait(self, ms: int) -> None:
        self._poll.poll(ms)

    def _receive(self) -> None:
        data = bytearray()
        while self._poll.poll(0):
            data += self._in.read(1)
        if not data:
            return
        for channel, payload in self._splitter.feed(bytes(data)):
            if channel == channels.PROGRAMMER:
                self.received += payload
            elif channel == channels.PLANT:
                self._take(payload)

    def _take(self, payload: bytes) -> None:
        """A state of the host: sensors, and edges that have not been seen yet."""
        (number, seen, pressure, level, flags, first), edges = channels.unpack(
            channels.HOST_STATE, channels.EDGE, payload
        )
        now = utime.ticks_us()
        self._echo = number
        self._echo_at = now
        self._heard_at = utime.ticks_ms()
        if flags & channels.LEAVE:
            machine.reset()
        self._acknowledged = (self._acknowledged + (seen - self._acknowledged & 0xFF)) & 0xFFFF
        self.codes[pins.PRESSURE] = pressure
        self.codes[pins.LEVEL] = level
        for at, levels in edges:
            if first == self._edges_seen:
                self._edges_seen = (first + 1) & 0xFF
                self._late_us = max(self._late_us, utime.ticks_diff(now, at))
                self.on_edge(levels & 1, levels >> 1)
            first = (first + 1) & 0xFF
        if flags & channels.MAGNET != self._magnet:
            self._magnet = flags & channels.MAGNET
            self.on_magnet(self._magnet)

    def _tell(self) -> None:
        """A state of the board, with all events that the host has not seen."""
        made = self._made
        first = self._acknowledged
        count = min((made - first) & 0xFFFF, EVENTS_A_FRAME)
        now = utime.ticks_us()
        age_us = utime.ticks_diff(now, self._echo_at) & channels.TICKS_MASK
        payload = bytearray(
            struct.pack(
                channels.BOARD_STATE,
                now,
                self._echo,
                age_us,
                self._late_us,
                self._splitter.lost & 0xFFFF,
                self._edges_seen,
                first & 0xFF,
            )
        )
        for event in range(first, first + count):
            place = event % EVENTS
            payload += struct.pack(
                channels.EVENT, self._at[place], self._what[place], self._value[place]
            )
        self._late_us = 0
        self._sent = (first + count) & 0xFFFF
        self._sent_at = utime.ticks_ms()
        self._send(channels.PLANT, bytes(payload))

    def _send(self, channel: int, payload: bytes) -> None:
        self._out.write(channels.encode(binascii.crc32, channel, self._number, payload))
        self._number = (self._number + 1) & 0xFF

    def _look_after_host(self) -> None:
        silent_ms = utime.ticks_diff(utime.ticks_ms(), self._heard_at)
        if silent_ms > RESET_MS:
            machine.reset()
        if silent_ms <= LOST_MS:
            self._is_lost = False
        elif not self._is_lost:
            self._is_lost = True
            self.on_lost()
            raise HostLost


def _nobody(_a: int, _b: int) -> None:
    """No encoder yet."""


def _nobody_there(_present: int) -> None:
    """No magnet yet."""


def _nothing() -> None:
    """No supply yet."""
