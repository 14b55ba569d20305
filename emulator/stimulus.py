"""A stimulus: what came in at the chip's edge, recorded once and played to any runtime.

Runs on CPython, PyPy and MicroPython. A row is (t_us since start, kind, id, value), small integers
of emulator/kinds.py; no plant is needed to play it. What comes out is hashed as such rows, so
equal hashes mean the same outputs at the same microseconds.
"""

import hashlib
import struct
from array import array

from emulator.kinds import ADC_IN, PIN_IN, UART_IN

_ROW = "<QBBi"
_ROW_BYTES = struct.calcsize(_ROW)
_NO_ROW = (0, 0, 0, 0)
_ADC_GPIOS = (26, 27, 28, 29)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO, Callable, List, Tuple

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
        self._row = array("q", (0, 0, 0, 0))
        self.count = 0
        world.chip.outside.record(self._on_output)

    def _on_output(self, kind: int, place: int, value: int) -> None:
        row = self._row
        row[0] = self._world.now_us - self._world.start_us
        row[1] = kind
        row[2] = place
        row[3] = value
        self._hash.update(row)
        self.count += 1

    def digest(self) -> bytes:
        """SHA-256 of all outputs. Once only: MicroPython's hash is final after it."""
        return self._hash.digest()


class DivergedError(Exception):
    """The firmware asked for an input at a time at which it did not ask when recorded."""


class Player:
    """Plays a packed stimulus to a World that has not booted yet.

    stimulus: an open file. It is read row by row: what lies in MicroPython's heap is searched
    through whenever something new wants room there.
    read_pins: GPIO numbers whose level was asked for by the firmware; those, and the ADC, are
    answered in the order of the record. All other inputs come at their times.
    """

    def __init__(self, world: "World", stimulus: "BinaryIO", read_pins: "Tuple[int, ...]") -> None:
        self._world = world
        self._outside = world.chip.outside
        self._stimulus = stimulus
        self._read_pins = read_pins
        self._row: "Row" = _NO_ROW  # that comes, or is asked for, next
        self._is_timed = False
        self._on_time_ref = self._on_time
        for gpio in _ADC_GPIOS:
            self._outside.adc(gpio, self._source(ADC_IN, gpio))
        for gpio in read_pins:
            self._outside.read_from(gpio, self._source(PIN_IN, gpio))
        self._next()
        while self._is_timed and not self._row[0]:
            self._put(self._row)  # how the pins stood before the chip started
            self._next()
        self._await()

    def _source(self, kind: int, place: int) -> "Callable[[], int]":
        return lambda: self._asked(kind, place)

    def _next(self) -> None:
        data = self._stimulus.read(_ROW_BYTES)
        self._row = row = struct.unpack(_ROW, data) if data else _NO_ROW
        kind = row[1]
        asked = kind == ADC_IN or (kind == PIN_IN and row[2] in self._read_pins)
        self._is_timed = kind != 0 and not asked

    def _await(self) -> None:
        """The next row waits to be asked for, or for its time."""
        if self._is_timed:
            self._world.at(self._world.start_us + self._row[0], self._on_time_ref)

    def _asked(self, kind: int, place: int) -> int:
        t_us, its_kind, its_place, value = self._row
        if its_kind != kind or its_place != place:
            raise DivergedError("input %d %d: asked out of turn" % (kind, place))
        if t_us != self._world.now_us - self._world.start_us:
            raise DivergedError("input %d %d: asked at another time" % (kind, place))
        self._next()
        self._await()
        return value

    def _on_time(self, _: None) -> None:
        row = self._row
        self._next()  # first: what this one sets off asks for the next
        self._await()
        self._put(row)

    def _put(self, row: "Row") -> None:
        _, kind, place, value = row
        if kind == UART_IN:
            self._outside.uart_arrived(bytes([value]), place)
        else:
            self._outside.drive(place, value)
