"""The hash of the wire form that schema.SCHEMA_HASH must hold.

CPython only. `python -m protocol.fingerprint` prints it after a change of the schema.
"""

import hashlib

from protocol import names
from protocol.wire import events, schema

_NAMED = (
    "STATES",
    "THERAPIES",
    "BOLUS_OUTCOMES",
    "RESETS",
    "FAULTS",
    "SELF_TESTS",
    "RECORDS",
    "EVENTS",
    "SIGNED",
    "GAP_CAUSES",
)


def wire_form() -> str:
    """All that two ends must agree on, as text:

    Layouts, ranges, codes, states, legality, not texts.
    """
    parts = [f"protocol {schema.PROTOCOL_VERSION}", f"payload {schema.PAYLOAD_MAX}"]
    parts += [
        f"{kind:02x} {names.MESSAGES[kind]} {fields!r}"
        for kind, fields in sorted(schema.MESSAGES.items())
    ]
    parts += [
        f"command {kind:02x} {row!r}" for kind, row in sorted(schema.STATE_X_COMMAND.items())
    ]
    parts += [f"{table} {getattr(names, table)!r}" for table in _NAMED]
    parts += [f"refusals {schema.REFUSALS!r}", f"alarms {schema.ALARM_TABLE!r}"]
    parts.append(f"event {events.FORMAT!r}")
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
