"""Payloads: a message's fields to bytes and back, by the schema, each field held to its range.

Both ends run it. Allocates; never called from the delivery path.
"""

import struct

from protocol.wire import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple

    Fields = Tuple[Tuple[Any, ...], ...]


class WireError(Exception):
    """A payload that is not what the schema says.

    code: schema.BAD_LENGTH or schema.OUT_OF_RANGE. field: name of the field, "" where the length
    as a whole is wrong. low, high: what would be accepted (a length for text and lists).
    """

    def __init__(self, code: int, field: str, low: int, high: int) -> None:
        super().__init__(code, field, low, high)
        self.code = code
        self.field = field
        self.low = low
        self.high = high


def encode(kind: int, values: "Dict[str, Any]") -> bytes:
    """The payload of a message of type `kind`.

    Raises WireError where a value is out of range, KeyError where one is missing.
    """
    return pack(schema.MESSAGES[kind], values)


def decode(kind: int, payload: bytes) -> "Dict[str, Any]":
    """The values of a payload, by field name. Raises WireError; kind must be in the schema."""
    return unpack(schema.MESSAGES[kind], payload)


def pack(fields: "Fields", values: "Dict[str, Any]") -> bytes:
    """The bytes of these fields, a table as in the schema. Raises as encode."""
    out = bytearray()
    _put_fields(out, fields, values)
    return bytes(out)


def unpack(fields: "Fields", payload: bytes) -> "Dict[str, Any]":
    """The values of these fields, by name. Raises WireError."""
    values, at = _take_fields(fields, payload, 0)
    if at != len(payload):
        raise WireError(schema.BAD_LENGTH, "", at, at)
    return values


def _put_fields(out: bytearray, fields: "Fields", values: "Dict[str, Any]") -> None:
    for name, kind, low, high in fields:
        value = values[name]
        if isinstance(kind, tuple):
            _check(name, len(value), low, high)
            out.append(len(value))
            for row in value:
                _put_fields(out, kind, row)
        elif kind == "s":
            text = value.encode()
            _check(name, len(text), low, high)
            _check_text(name, text)
            out.append(len(text))
            out += text
        elif kind == "b":
            _check(name, len(value), low, high)
            out += value
        else:
            _check(name, value, low, high)
            out += struct.pack("<" + kind, value)


def _take_fields(fields: "Fields", payload: bytes, at: int) -> "Tuple[Dict[str, Any], int]":
    values: "Dict[str, Any]" = {}
    for name, kind, low, high in fields:
        if isinstance(kind, tuple):
            values[name], at = _take_rows(name, kind, low, high, payload, at)
            continue
        if kind == "s":
            _need(payload, at, 1)
            size = payload[at]
            _check(name, size, low, high)
            at += 1
        else:
            size = high if kind == "b" else struct.calcsize("<" + kind)
        _need(payload, at, size)
        values[name] = _value(name, kind, low, high, payload[at : at + size])
        at += size
    return values, at


def _take_rows(
    name: str, fields: "Fields", low: int, high: int, payload: bytes, at: int
) -> "Tuple[List[Dict[str, Any]], int]":
    _need(payload, at, 1)
    count = payload[at]
    _check(name, count, low, high)
    at += 1
    rows = []
    for _ in range(count):
        row, at = _take_fields(fields, payload, at)
        rows.append(row)
    return rows, at


def _value(name: str, kind: str, low: int, high: int, piece: bytes) -> "Any":
    if kind == "s":
        _check_text(name, piece)
        return piece.decode()
    if kind == "b":
        return piece
    value = struct.unpack("<" + kind, piece)[0]
    _check(name, value, low, high)
    return value


def _need(payload: bytes, at: int, size: int) -> None:
    if at + size > len(payload):
        raise WireError(schema.BAD_LENGTH, "", at + size, schema.PAYLOAD_MAX)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise WireError(schema.OUT_OF_RANGE, name, max(low, 0), high)


def _check_text(name: str, text: bytes) -> None:
    for byte in text:
        if not 32 <= byte <= 126:
            raise WireError(schema.OUT_OF_RANGE, name, 32, 126)
