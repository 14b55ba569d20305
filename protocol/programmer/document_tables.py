"""Tables of docs/protocol.md, made from the schema and the texts: nothing is typed twice."""

from typing import Any

from protocol import names
from protocol.programmer import event_texts, markdown, refusal_texts, texts
from protocol.programmer.field_texts import field_text
from protocol.wire import schema

Fields = tuple[tuple[Any, ...], ...]

_TYPES = {"B": ("u8", 1), "H": ("u16", 2), "I": ("u32", 4), "Q": ("u64", 8), "i": ("i32", 4)}

# By the end of the field's name, the longer ends first; what fits none has no unit.
_UNITS = (
    ("_nl_day", "nL/day"),
    ("_ng_day", "ng/day"),
    ("_ng_day_limit", "ng/day"),
    ("_ng_hour", "ng"),
    ("_mcg_ml", "mcg/mL"),
    ("_nl_cm", "nL/cm"),
    ("_nl", "nL"),
    ("_ng", "ng"),
    ("_pl", "pL"),
    ("_um", "um"),
    ("_pa", "Pa"),
    ("_ms", "ms"),
    ("_s", "s"),
    ("_min", "min"),
    ("_permille", "1/1000"),
    ("steps", "steps"),
    ("_event", "number"),
    ("boots", "number"),
    ("count", "number"),
)


def unit_of(field: str) -> str:
    """The unit that the name of a field ends with, or ""."""
    return next((unit for end, unit in _UNITS if field.endswith(end)), "")


def messages() -> str:
    """Every message: type, direction, text, fields."""
    return "\n\n".join(_message(kind) for kind in schema.MESSAGES)


def refusals() -> str:
    """Every refusal code."""
    rows = []
    for code, name in enumerate(schema.REFUSALS):
        if code != schema.OK:
            text = refusal_texts.REFUSALS[name]
            rows.append((str(code), name, text.what, text.fields, text.action))
    header = ("code", "name", "meaning", "field; accepted_low, accepted_high", "what to do")
    return markdown.table(header, rows)


def alarms() -> str:
    """Every alarm."""
    rows = []
    for alarm, (name, priority, holds) in enumerate(schema.ALARM_TABLE):
        text = texts.ALARMS[name]
        held = "yes" if holds else "no"
        value = f"{text.value}" if text.value else "0"
        row = (
            str(alarm),
            name,
            texts.PRIORITIES[priority],
            held,
            text.meaning,
            value,
            text.action,
        )
        rows.append(row)
    header = ("id", "name", "priority", "holds delivery", "meaning", "value", "what to do")
    return markdown.table(header, rows)


def enumeration(names: tuple[str, ...], meanings: dict[str, str]) -> str:
    """A table of numbered names."""
    rows = [(str(value), name, meanings[name]) for value, name in enumerate(names)]
    return markdown.table(("value", "name", "meaning"), rows)


def states_by_command() -> str:
    """What each command meets in each state."""
    rows = []
    for kind, codes in schema.STATE_X_COMMAND.items():
        cells = ("accepted" if code == schema.OK else schema.REFUSALS[code] for code in codes)
        rows.append((names.MESSAGES[kind], *cells))
    return markdown.table(("command", *names.STATES), rows)


def event_kinds() -> str:
    """Every kind of record in the event log, with its arguments."""
    rows = [
        (str(kind), name, event_texts.EVENTS[name], _argument(a), _argument(b))
        for kind, (name, a, b) in enumerate(names.EVENTS)
    ]
    return markdown.table(("kind", "name", "meaning", "a", "b"), rows)


def _argument(name: str) -> str:
    if not name:
        return "0"
    signed = " (i32)" if name in names.SIGNED else ""
    return f"{name}{signed}: {event_texts.argument_text(name)}"


def _message(kind: int) -> str:
    name, fields = names.MESSAGES[kind], schema.MESSAGES[kind]
    parts = [f"### 0x{kind:02X} {name}", f"{_direction(kind)} {texts.MESSAGES[name]}"]
    if fields:
        parts.append(_fields(name, fields))
        parts += [_row_fields(name, field) for field in fields if isinstance(field[1], tuple)]
    else:
        parts.append("No payload.")
    return "\n\n".join(parts)


def _direction(kind: int) -> str:
    if kind & schema.ANSWER:
        return "Pump to programmer."
    return "Programmer to pump."


def _fields(message: str, fields: Fields) -> str:
    rows = []
    offset: int | None = 0
    for name, kind, low, high in fields:
        where = "after the last" if offset is None else str(offset)
        typed, span, size = _form(kind, low, high)
        rows.append((where, name, typed, unit_of(name), span, field_text(message, name)))
        offset = None if offset is None or size is None else offset + size
    return markdown.table(("offset", "field", "type", "unit", "accepted", "meaning"), rows)


def _form(kind: Any, low: int, high: int) -> tuple[str, str, int | None]:
    """(type, what is accepted, size in bytes or None where it varies) of a field."""
    if isinstance(kind, tuple):
        return "list", f"{low} to {high} rows", None
    if kind == "s":
        return "text", f"{low} to {high} characters", None
    if kind == "b":
        return f"bytes[{high}]", "any", high
    typed, size = _TYPES[kind]
    return typed, f"{low:,} to {high:,}", size


def _row_fields(message: str, field: tuple[Any, ...]) -> str:
    name, kind, _, _ = field
    return f"Each row of `{name}`:\n\n{_fields(message, kind)}"
