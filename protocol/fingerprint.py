"""The hash of the wire form that schema.SCHEMA_HASH must hold.

CPython only. `python -m protocol.fingerprint` prints it after a change of the schema.
"""

import hashlib

from protocol.wire import events, schema

_TABLES = (
    "STATES",
    "THERAPIES",
    "RESETS",
    "FAULTS",
    "REFUSALS",
    "ALARM_TABLE",
    "SELF_TESTS",
    "RECORDS",
)


def wire_form() -> str:
    """All that two ends must agree on, as text:

    Layouts, ranges, codes, states, legality, not texts.
    """
    parts = [f"protocol {schema.PROTOCOL_VERSION}", f"payload {schema.PAYLOAD_MAX}"]
    parts += [f"{kind:02x} {message!r}" for kind, message in sorted(schema.MESSAGES.items())]
    parts += [
        f"command {kind:02x} {row!r}" for kind, row in sorted(schema.STATE_X_COMMAND.items())
    ]
    for table in _TABLES:
        parts.append(f"{table} {getattr(schema, table)!r}")
    for name in ("FORMAT", "TABLE", "SIGNED", "GAP_CAUSES"):
        parts.append(f"event {name} {getattr(events, name)!r}")
    for name in (
        "RATE_NL_DAY_MIN",
        "RATE_NL_DAY_MAX",
        "STEP_PL_MIN",
        "STEP_PL_MAX",
        "CONC_MCG_ML_ACCEPTED",
        "RESERVOIR_NL_ACCEPTED",
    ):
        parts.append(f"{name} {getattr(schema, name)!r}")
    return "\n".join(parts)


def schema_hash() -> int:
    """First four bytes of SHA-256 of the wire form, as a little-endian u32."""
    return int.from_bytes(hashlib.sha256(wire_form().encode()).digest()[:4], "little")


if __name__ == "__main__":
    print(f"SCHEMA_HASH = 0x{schema_hash():08X}")
