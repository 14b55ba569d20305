"""A stimulus: what came in at the chip's edge, recorded once and played to any runtime.

Runs on CPython, PyPy and MicroPython. A row is (t_us since start, kind, id, value), small integers
of emulator/kinds.py; no plant is needed to play it. What comes out is hashed in the same form, so
equal hashes mean the same outputs at the same microseconds.
"""

import hashlib
import struct

from emulator import kinds

_ROW = "<QBBi"
_ROW_BYTES = struct.calcsize(_ROW)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Tuple

    from emulator.world import World

    Row = Tuple[int, int, int, int]


def pack(rows: "List[Row]") -> bytes:
    """Rows as bytes: u64 time, u8 kind, u8 id, i32 value, little-endian."""
    return b"".join([struct.pack(_ROW, *row) for row in rows])


def unpack(data: bytes) -> "List[Row]":
    """The rows of `pack`. Raises ValueError where the length is not that of whole rows."""
    if len(data) % _ROW_BYTES:
        raise ValueError("not a whole number of rows")
    return [struct.unpack_from(_ROW, data, at) for at in range(0, len(data), _ROW_BYTES)]


class InputRecorder:
    """Keeps every input of a World from now on. rows: what it has heard."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.rows: "List[Row]" = []
        world.chip.outside.record_inputs(self._on_input)

    def _on_input(self, kind: int, place: int, value: int) -> None:
        self.rows.append((self._world.now_us - self._world.start_us, kind, place, value))


class OutputHash:
    """Hashes every output of a World from now on: pins, PWM, serial bytes, each with its time.

    count: outputs so far.
    """

    def __init__(self, world: "World") -> None:
        self._world = world
        self._hash = hashlib.sha256()
        self.count = 0
        world.chip.outside.record(self._on_output)

    def _on_output(self, kind: int, place: int, value: int) -> None:
        t_us = self._world.now_us - self._world.start_us
        self._hash.update(struct.pack(_ROW, t_us, kind, place, value))
        self.count += 1

    def digest(self) -> bytes:
        """SHA-256 of all outputs. Once only: MicroPython's hash is final after it."""
        return self._hash.digest()


class DivergedError(Exception):
    """The firmware asked for an input at a time at which it did not ask when recorded."""


class Player:
    """Plays a stimulus to a World that has not booted yet.

    read_pins: GPIO numbers whose level was asked for by the firmware; those, and the ADC, are
    answered in the order of the record. All other inputs come at their times.
    """

    def __init__(self, world: "World", rows: "List[Row]", read_pins: "Tuple[int, ...]") -> None:
        self._world = world
        self._answers: "Dict[Tuple[int, int], List[Row]]" = {}
        outside = world.chip.outside
        self._outside = outside
        for row in rows:
            t_us, kind, place, _ = row
            if kind == kinds.ADC_IN or (kind == kinds.PIN_IN and place in read_pins):
                key = (kind, place)
                if key not in self._answers:
                    self._answers[key] = []
                    self._connect(key)
                self._answers[key].append(row)
            elif not t_us:
                self._on_time(row)  # how the pins stood before the chip started
            else:
                world.at(world.start_us + t_us, self._on_time, row)
        for queue in self._answers.values():
            queue.reverse()

    def _connect(self, key: "Tuple[int, int]") -> None:
        kind, place = key
        outside = self._world.chip.outside
        if kind == kinds.ADC_IN:
            outside.adc(place, lambda: self._next(key))
        else:
            outside.read_from(place, lambda: self._next(key))

    def _next(self, key: "Tuple[int, int]") -> int:
        queue = self._answers[key]
        if not queue:
            raise DivergedError("input %d %d: asked once more" % key)
        t_us, _, _, value = queue.pop()
        if t_us != self._world.now_us - self._world.start_us:
            raise DivergedError("input %d %d: asked at another time" % key)
        return value

    def _on_time(self, row: "Row") -> None:
        _, kind, place, value = row
        if kind == kinds.UART_IN:
            self._outside.uart_arrived(bytes([value]), place)
        else:
            self._outside.drive(place, value)
