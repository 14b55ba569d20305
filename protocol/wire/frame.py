"""Frames on the serial line: COBS between two zero bytes, sealed by a CRC-32.

Both ends run it. Raw frame, little-endian:

    version u8 | flags u8 | session u16 | counter u32 | type u8 | payload 0..216 | tag | CRC-32

The tag is 16 bytes where flag 0x01 is set, else absent; there is no authentication yet, so the
flag and the session are 0 and other values are refused as damage. The CRC covers all before it and
starts from the schema's hash: two ends with different schemas never take each other's frames for
commands. The three frozen types start from 0, so that such ends can still say what is wrong.

A zero both before and after the frame bounds the loss: one damaged byte anywhere costs at most one
frame (tests/wire/test_framing.py walks every one).
"""

import struct

from protocol.wire import schema

FRAME_VERSION = 1
_HEADER = "<BBHIB"
_HEADER_BYTES = 9
_CRC_BYTES = 4
RAW_MAX = _HEADER_BYTES + schema.PAYLOAD_MAX + 16 + _CRC_BYTES  # 245
LINE_MAX = RAW_MAX + 1 + 2  # one COBS overhead byte (RAW_MAX < 255) and two zeros: 248
_FROZEN = (schema.HELLO, schema.HELLO | schema.ANSWER, schema.VERSION_REFUSED)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Optional

    Crc32 = Callable[[bytes, int], int]


class Frame:
    """One sound frame: counter u32, kind (a message type), payload bytes."""

    def __init__(self, counter: int, kind: int, payload: bytes) -> None:
        self.counter = counter
        self.kind = kind
        self.payload = payload


def seed_of(kind: int) -> int:
    """What the CRC of a frame of this type starts from."""
    return 0 if kind in _FROZEN else schema.SCHEMA_HASH


def encode(crc32: "Crc32", counter: int, kind: int, payload: bytes) -> bytes:
    """The bytes for the line, both zeros included.

    crc32: function (data, start) -> u32, as binascii.crc32. payload: at most 216 bytes.
    """
    raw = struct.pack(_HEADER, FRAME_VERSION, 0, 0, counter, kind) + payload
    raw += struct.pack("<I", crc32(raw, seed_of(kind)))
    return b"\x00" + cobs_encode(raw) + b"\x00"


def cobs_encode(raw: bytes) -> bytes:
    """COBS of at most 254 bytes: each zero is replaced by the distance to the next one."""
    coded = bytearray()
    for piece in raw.split(b"\x00"):
        coded.append(len(piece) + 1)
        coded += piece
    return bytes(coded)


def cobs_decode(coded: bytes) -> "Optional[bytes]":
    """The raw bytes, or None where `coded` is no COBS text (without zeros, at most 255 bytes)."""
    raw = bytearray()
    at = 0
    while at < len(coded):
        end = at + coded[at]
        if end == at or end > len(coded):
            return None
        raw += coded[at + 1 : end]
        at = end
        if at < len(coded):
            raw.append(0)
    return bytes(raw)


class Decoder:
    """Takes bytes as they come and gives the sound frames; damage is counted and dropped.

    damaged: pieces between zeros that were no sound frame. An over-long piece counts once and is
    dropped up to the next zero.
    """

    def __init__(self, crc32: "Crc32") -> None:
        self._crc32 = crc32
        self._piece = b""
        self._overflow = False
        self.damaged = 0

    def feed(self, data: bytes) -> "List[Frame]":
        """Frames completed by `data`, in order."""
        frames: "List[Frame]" = []
        start = 0
        while True:
            end = data.find(b"\x00", start)
            if end < 0:
                self._gather(data[start:])
                return frames
            self._gather(data[start:end])
            frame = self._close()
            if frame is not None:
                frames.append(frame)
            start = end + 1

    def drop(self) -> None:
        """Forget a half-received frame: the line went quiet in the middle of it.

        Allocates nothing.
        """
        if self._piece or self._overflow:
            self.damaged += 1
        self._piece = b""
        self._overflow = False

    @property
    def in_frame(self) -> bool:
        """Whether bytes of an unfinished frame are held."""
        return len(self._piece) > 0 or self._overflow

    def _gather(self, data: bytes) -> None:
        if len(self._piece) + len(data) > RAW_MAX + 1:
            self._overflow = True
            self._piece = b""
        elif not self._overflow:
            self._piece += data

    def _close(self) -> "Optional[Frame]":
        piece = self._piece
        overflow = self._overflow
        self._piece = b""
        self._overflow = False
        if not piece and not overflow:
            return None
        frame = None if overflow else self._open(piece)
        if frame is None:
            self.damaged += 1
        return frame

    def _open(self, piece: bytes) -> "Optional[Frame]":
        raw = cobs_decode(piece)
        if raw is None or len(raw) < _HEADER_BYTES + _CRC_BYTES:
            return None
        body = raw[:-_CRC_BYTES]
        version, flags, session, counter, kind = struct.unpack_from(_HEADER, body)
        if struct.unpack_from("<I", raw, len(body))[0] != self._crc32(body, seed_of(kind)):
            return None
        payload = body[_HEADER_BYTES:]
        if version != FRAME_VERSION or flags or session or len(payload) > schema.PAYLOAD_MAX:
            return None
        return Frame(counter, kind, payload)
