"""Two channels over the one USB serial port of a board: the programmer's line and the plant.

Both ends run it, the board included. A frame is COBS between two zero bytes, of

    channel u8 | number u8 | payload 0..240 | CRC-32, little-endian

number counts the frames of one direction, modulo 256: a gap is a frame that was lost. Channel 0
carries the bytes of the programmer's serial line as they come; from the board, after the STAMP of
when they were written first. Channel 1 carries states, each of which also repeats what the other
end has not acknowledged yet, so that the next frame makes a lost one good:

    board to host   BOARD_STATE, then EVENT for each change of an output
    host to board   HOST_STATE, then EDGE for each edge of the motor's encoder

Times are the board's utime.ticks_us; they wrap at 2**30.
"""

import struct

from protocol.wire.frame import cobs_decode, cobs_encode

PROGRAMMER = 0
PLANT = 1
PAYLOAD_MAX = 240
TICKS_MASK = 0x3FFF_FFFF

STAMP = "<I"  # ticks_us

# ticks_us of this state u32 | number u16 of the latest host state seen, and its age in us u32 |
# how late the latest edges were, in us u32 | host frames lost u16 | edges seen u8, modulo 256 |
# number of the first event u8
BOARD_STATE = "<IHIIHBB"
EVENT = "<IBH"  # ticks_us | GPIO, or TONE | level, or Hz
TONE = 0x80

# number u16 | events seen u8, modulo 256 | pressure and level, 12-bit codes u16 | flags u8 |
# number of the first edge u8
HOST_STATE = "<HBHHBB"
EDGE = "<IB"  # ticks_us | level of A, and twice the level of B
MAGNET = 1  # flag: the magnet is there
LEAVE = 2  # flag: reset, and be an ordinary board again

_HEAD_BYTES = 2
_CRC_BYTES = 4

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Tuple

    Crc32 = Callable[[bytes, int], int]
    Rows = List[Tuple[Any, ...]]


def encode(crc32: "Crc32", channel: int, number: int, payload: bytes) -> bytes:
    """The bytes for the line. number: of the frame, modulo 256. payload: at most 240 bytes."""
    raw = bytes((channel, number)) + payload
    return b"\x00" + cobs_encode(raw + struct.pack("<I", crc32(raw, 0))) + b"\x00"


class Splitter:
    """Takes the bytes of one direction and gives frames.

    damaged: pieces between zeros that were no frame. lost: frames missing in the count. stray:
    the latest damaged piece: text that something on the board printed, as a rule.
    """

    def __init__(self, crc32: "Crc32") -> None:
        self._crc32 = crc32
        self._piece = bytearray()
        self._next = -1
        self.damaged = 0
        self.lost = 0
        self.stray = b""

    def feed(self, data: bytes) -> "List[Tuple[int, bytes]]":
        """(channel, payload) of the frames completed by `data`."""
        found: "List[Tuple[int, bytes]]" = []
        start = 0
        while True:
            end = data.find(b"\x00", start)
            if end < 0:
                self._piece += data[start:]
                return found
            self._piece += data[start:end]
            start = end + 1
            piece = bytes(self._piece)
            self._piece = bytearray()
            if piece:
                self._open(piece, found)

    def _open(self, piece: bytes, found: "List[Tuple[int, bytes]]") -> None:
        raw = cobs_decode(piece)
        if raw is None or len(raw) < _HEAD_BYTES + _CRC_BYTES or not self._is_sound(raw):
            self.damaged += 1
            self.stray = piece
            return
        number = raw[1]
        if self._next >= 0:
            self.lost += (number - self._next) & 0xFF
        self._next = (number + 1) & 0xFF
        found.append((raw[0], raw[_HEAD_BYTES:-_CRC_BYTES]))

    def _is_sound(self, raw: bytes) -> bool:
        body = raw[:-_CRC_BYTES]
        crc: int = struct.unpack_from("<I", raw, len(body))[0]
        return crc == self._crc32(body, 0)


def unpack(head: str, row: str, payload: bytes) -> "Tuple[Tuple[Any, ...], Rows]":
    """(fields of the state, fields of each row after it). A part of a row at the end is dropped.

    Raises ValueError for a payload that is shorter than the state.
    """
    at = struct.calcsize(head)
    if len(payload) < at:
        raise ValueError("state too short")
    fields = struct.unpack_from(head, payload)
    size = struct.calcsize(row)
    rows: "Rows" = []
    while at + size <= len(payload):
        rows.append(struct.unpack_from(row, payload, at))
        at += size
    return fields, rows
