"""The trace: one line of JSON for each event, enough to rebuild from outside what happened.

KINDS is the list of events with their fields; docs/trace.md says what each means, and a test
holds the two together. Lines are made by % from ready templates: a trace of a day must not cost
more than the day (json.dumps would be half of it).
"""

import json
from collections.abc import Callable
from typing import Any, TextIO

FORMAT = 1  # of the file; grows when a kind or a field changes its meaning or goes away

# What a sink is told: ms since the start of the World, kind, values in the order of KINDS.
Sink = Callable[[int, str, tuple[Any, ...]], None]

# Kind: its fields, each with what % makes of it. Texts are names of the schema: nothing to escape.
KINDS: dict[str, tuple[tuple[str, str], ...]] = {
    "start": (("format", "%d"), ("seed", "%d"), ("start_us", "%d"), ("schema_hash", "%d")),
    "boot": (("cause", '"%s"'),),
    "state": (("state", '"%s"'),),
    "rate": (("rate_nl_day", "%d"), ("segment", "%d")),
    "step_volume": (("step_pl", "%d"),),
    "steps": (("commanded", "%d"), ("verified", "%d"), ("unverified", "%d")),
    "delivered_by_plant": (
        ("head_steps", "%d"),
        ("unasked_steps", "%d"),
        ("head_nl", "%.3f"),
        ("tip_nl", "%.3f"),
        ("stored_nl", "%.3f"),
        ("released_nl", "%.3f"),
        ("leaked_nl", "%.3f"),
        ("returned_nl", "%.3f"),
        ("outlet_pa", "%.1f"),
        ("reservoir_nl", "%.1f"),
    ),
    "happened": (("what", '"%s"'), ("amount", "%.6g")),
    "alarm_raised": (("alarm", '"%s"'), ("priority", "%d"), ("value", "%d")),
    "alarm_cleared": (("alarm", '"%s"'),),
    "alarm_acknowledged": (("alarm", '"%s"'),),
    "request": (("counter", "%d"), ("message", '"%s"'), ("fields", "%s")),
    "answer": (("counter", "%d"), ("message", '"%s"'), ("fields", "%s")),
    "damaged": (("side", '"%s"'), ("pieces", "%d")),
    "end": (),
}
_ON_THE_WIRE = ("request", "answer")


def _template(kind: str) -> str:
    fields = "".join(f',"{name}":{form}' for name, form in KINDS[kind])
    return '{"t_ms":%d,"kind":"' + kind + '"' + fields + "}\n"


_TEMPLATES = {kind: _template(kind) for kind in KINDS}


class Trace:
    """A sink that writes JSON lines to an open text file. The caller closes the file."""

    def __init__(self, file: TextIO) -> None:
        self._write = file.write

    def __call__(self, t_ms: int, kind: str, values: tuple[Any, ...]) -> None:
        """Write one event."""
        if kind in _ON_THE_WIRE:
            counter, message, fields = values
            values = (counter, message, json.dumps(fields, separators=(",", ":"), default=_hex))
        self._write(_TEMPLATES[kind] % (t_ms, *values))


def _hex(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"no JSON for {value!r}")
