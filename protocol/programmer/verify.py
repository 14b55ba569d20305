"""Trust, but recompute: what the pump says about a program against what the programmer knows.

Two programs, written apart, have to arrive at the same numbers before a person is asked, and the
pump has to hold byte for byte what was confirmed. Each function gives the disagreements, in words;
an empty list is the pass.
"""

import hashlib
import math
from typing import Any

from protocol.programmer import amounts
from protocol.programmer.answers import Proposal, ReadBackAnswer
from protocol.programmer.program import HOUR_MIN, Program, from_wire
from protocol.wire import codec, schema

_DIGEST_BYTES = 16


def digest(serial: str, program: Program) -> bytes:
    """The 16 bytes that stand for this program in the pump with this serial number."""
    payload = codec.encode(schema.PROPOSE, dict(program.to_wire()))
    return hashlib.sha256(serial.encode() + payload).digest()[:_DIGEST_BYTES]


def proposal_faults(
    proposal: Proposal, serial: str, program: Program, old: Program | None
) -> list[str]:
    """Where the pump's reading of the proposal differs from the program that was sent."""
    total_nl = math.floor(program.total_nl_day)
    total_ng = math.floor(program.dose_ng(0, schema.DAY_MIN))
    old_ng = math.floor(old.dose_ng(0, schema.DAY_MIN)) if old else 0
    peak_ng = math.floor(program.peak()[1])
    at_peak_ng = math.floor(program.dose_ng(proposal["peak_start_min"], HOUR_MIN))
    permille = (total_ng - old_ng) * 1_000 // old_ng if old_ng else 0
    pairs: tuple[tuple[str, Any, Any], ...] = (
        ("digest", proposal["digest"], digest(serial, program)),
        ("total_nl_day", proposal["total_nl_day"], total_nl),
        ("total_ng_day", proposal["total_ng_day"], total_ng),
        ("old_total_ng_day", proposal["old_total_ng_day"], old_ng),
        ("change_permille", proposal["change_permille"], permille),
        ("peak_ng_hour", proposal["peak_ng_hour"], peak_ng),
        ("peak_start_min", at_peak_ng, peak_ng),
    )
    return [_fault(field, pump, ours) for field, pump, ours in pairs if pump != ours]


def read_back_faults(read_back: ReadBackAnswer, serial: str, program: Program) -> list[str]:
    """Where what the pump holds differs from the program that was confirmed."""
    pairs: list[tuple[str, Any, Any]] = [("digest", read_back["digest"], digest(serial, program))]
    held = from_wire(read_back)
    pairs += [(name, getattr(held, name), getattr(program, name)) for name in _PROGRAM_FIELDS]
    pairs.append(("dose_ng_day", read_back["dose_ng_day"], program.dose_ng_day))
    return [_fault(field, pump, ours) for field, pump, ours in pairs if pump != ours]


def field_faults(held: Any, sent: Any) -> list[str]:
    """Where fields that the pump holds differ from the fields that were sent."""
    return [_fault(name, held[name], sent[name]) for name in sent if held[name] != sent[name]]


_PROGRAM_FIELDS = ("conc_mcg_ml", "therapy", "segments")


def _fault(field: str, pump: Any, ours: Any) -> str:
    return f"{field}: the pump has {_shown(field, pump)}, expected {_shown(field, ours)}"


def _shown(field: str, value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return amounts.of_field(field, value) if isinstance(value, int) else str(value)
