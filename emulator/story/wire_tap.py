"""Listens to both directions of the serial line and tells whole messages, decoded.

It only reads. Frames that are damaged, or that the schema does not know, are told as such.
"""

import binascii
from collections.abc import Callable
from typing import Any

from protocol import names
from protocol.wire import codec, frame, schema

Emit = Callable[[str, tuple[Any, ...]], None]


class WireTap:
    """Tells `request`, `answer` and `damaged` (emulator/trace.py)."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._requests = frame.Decoder(binascii.crc32)
        self._answers = frame.Decoder(binascii.crc32)

    def to_pump(self, data: bytes) -> None:
        """Bytes on their way to the pump."""
        self._take("request", self._requests, data)

    def from_pump(self, data: bytes) -> None:
        """Bytes that the pump has written."""
        self._take("answer", self._answers, data)

    def _take(self, side: str, decoder: frame.Decoder, data: bytes) -> None:
        damaged = decoder.damaged
        for found in decoder.feed(data):
            self._emit(side, (found.counter, *message(found.kind, found.payload)))
        if decoder.damaged != damaged:
            self._emit("damaged", (side, decoder.damaged - damaged))


def message(kind: int, payload: bytes) -> tuple[str, dict[str, Any]]:
    """(name, fields) of a message; of one outside the schema its type, and its bytes."""
    if kind not in schema.MESSAGES:
        return f"0x{kind:02X}", {"payload": payload}
    name = names.MESSAGES[kind]
    try:
        return name, codec.decode(kind, payload)
    except codec.WireError as error:
        return name, {"payload": payload, "unreadable": error.field}
