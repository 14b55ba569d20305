"""Worked examples of docs/protocol.md: every byte in them was computed or exchanged, none typed.

The exchange is held with the real firmware, in an emulated pump reached through the link like any
other; the examples of framing take the two ends' own code.
"""

import datetime
import hashlib
import struct
from typing import Any

from protocol import names
from protocol.programmer import amounts
from protocol.programmer.crc import crc32
from protocol.programmer.link import Link, open_link
from protocol.programmer.markdown import block
from protocol.wire import codec, frame, schema

_ANSWER_MS = 500
_LINE_BYTES = 24
_URL = "emu://?seed=1&magnet=1"

_SETUP = {
    "serial": "OITB-0001",
    "patient_label": "Example A",
    "drug": "baclofen",
    "conc_mcg_ml": 2_000,
    "reservoir_nl": 20_000_000,
    "catheter_um": 890_000,
    "catheter_nl_cm": 2_200,
    "dose_ng_day_limit": 1_000_000,
}
_PROPOSE = {
    "conc_mcg_ml": 2_000,
    "therapy": schema.SCHEDULE,
    "dose_ng_day": 380_000,
    "segments": [
        {"start_min": 360, "rate_nl_day": 144_000},
        {"start_min": 840, "rate_nl_day": 168_000},
        {"start_min": 1_200, "rate_nl_day": 240_000},
    ],
}
_TOO_SLOW = {
    "conc_mcg_ml": 2_000,
    "therapy": schema.CONTINUOUS,
    "dose_ng_day": 94_000,
    "segments": [{"start_min": 0, "rate_nl_day": 47_000}],
}
_HELLO = {
    "protocol_version": schema.PROTOCOL_VERSION,
    "schema_hash": schema.SCHEMA_HASH,
    "client": "example",
}
_EIGHT_O_CLOCK_S = amounts.wall_s_of(datetime.datetime(2026, 1, 1, 8))


def framing() -> str:
    """One frame, step by step."""
    counter = 7
    body = struct.pack("<BBHIB", frame.FRAME_VERSION, 0, 0, counter, schema.ACKNOWLEDGE)
    body += codec.encode(schema.ACKNOWLEDGE, {"alarm": schema.OCCLUSION})
    crc = crc32(body, frame.seed_of(schema.ACKNOWLEDGE))
    raw = body + struct.pack("<I", crc)
    steps = (
        f"ACKNOWLEDGE of alarm {schema.OCCLUSION}, counter {counter}",
        f"header and payload  {body.hex(' ')}",
        f"CRC from {schema.SCHEMA_HASH:08X}   {crc:08X}, on the line {raw[-4:].hex(' ')}",
        f"raw frame           {raw.hex(' ')}",
        f"COBS                {frame.cobs_encode(raw).hex(' ')}",
        f"on the line         {_line(counter, schema.ACKNOWLEDGE, body[-1:]).hex(' ')}",
    )
    return block("\n".join(steps))


def crc() -> str:
    """Values to test an implementation of the CRC with."""
    check = b"123456789"
    rows = [
        f'crc32("123456789", 0x{seed:08X}) = 0x{crc32(check, seed):08X}'
        for seed in (0, schema.SCHEMA_HASH)
    ]
    return block("\n".join(rows))


def digest() -> str:
    """The digest of the prescription of the exchange below."""
    payload = codec.encode(schema.PROPOSE, _PROPOSE)
    serial = str(_SETUP["serial"])
    whole = hashlib.sha256(serial.encode() + payload).digest()
    steps = (
        f'serial   "{serial}" = {serial.encode().hex(" ")}',
        f"payload  {_wrapped(payload, 9)}",
        f"digest   {whole[:16].hex(' ')}",
    )
    return block("\n".join(steps))


def exchange() -> str:
    """A pump commissioned, programmed, started, stopped: every frame of it."""
    link = open_link(_URL)
    parts: list[str] = []
    proposal: dict[str, Any] = {}
    requests: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("Before hello nothing but STATUS and STOP is taken.", schema.READ_CLOCK, {}),
        ("Hello opens the session, with any counter.", schema.HELLO, _HELLO),
        ("The set-up. The magnet was held to the pump before.", schema.SETUP, _SETUP),
        ("The time: 2026-01-01 08:00:00.", schema.SET_CLOCK, {"wall_s": _EIGHT_O_CLOCK_S}),
        ("A rate below the pump's lowest: refused.", schema.PROPOSE, _TOO_SLOW),
        ("A day in three segments.", schema.PROPOSE, _PROPOSE),
        ("Confirmed by its digest.", schema.CONFIRM, proposal),
        ("What does the pump hold now?", schema.READ_BACK, {}),
        ("Start.", schema.START, {}),
        ("A command that this state forbids: refused, with the mask of states.", schema.START, {}),
        ("Stop.", schema.STOP, {}),
        ("And the end of the session.", schema.GOODBYE, {}),
    )
    for counter, (said, kind, values) in enumerate(requests, start=1):
        answer = _exchanged(link, counter, kind, codec.encode(kind, values))
        got = codec.decode(answer[0].kind, answer[0].payload)
        if answer[0].kind == schema.PROPOSE | schema.ANSWER:
            proposal["digest"] = got["digest"]
        asked = _said("request", kind, values, _line(counter, kind, codec.encode(kind, values)))
        told = _said("answer", answer[0].kind, got, answer[1])
        parts.append(f"{counter}. {said}\n\n{block(asked + told)}")
    link.close()
    return "\n\n".join(parts)


def _exchanged(link: Link, counter: int, kind: int, payload: bytes) -> tuple[frame.Frame, bytes]:
    """One request to a pump: the answer as a frame, and as bytes on the line."""
    decoder = frame.Decoder(crc32)
    link.write(_line(counter, kind, payload))
    line = b""
    while data := link.read(_ANSWER_MS):
        line += data
        for answer in decoder.feed(data):
            return answer, line
    raise RuntimeError(f"no answer to {names.MESSAGES[kind]}")


def _line(counter: int, kind: int, payload: bytes) -> bytes:
    return frame.encode(crc32, counter, kind, payload)


def _said(who: str, kind: int, values: dict[str, Any], line: bytes) -> str:
    text = f"{who:7} {names.MESSAGES[kind]}\n"
    for name, value in values.items():
        rows = value if isinstance(value, list) else [value]
        text += "".join(f"        {name} = {_value(row)}\n" for row in rows)
    return text + f"        {_wrapped(line, 8)}\n"


def _value(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return f'"{value}"' if isinstance(value, str) else str(value)


def _wrapped(data: bytes, indent: int) -> str:
    lines = [data[at : at + _LINE_BYTES].hex(" ") for at in range(0, len(data), _LINE_BYTES)]
    return ("\n" + " " * indent).join(lines)
