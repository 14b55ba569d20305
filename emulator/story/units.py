"""Amounts of a scenario, typed as in a prescription: "6 h 30 min", "97 %", "20 Hz".

Volumes, drugs and rates are read by the programmer's own parser
(protocol/programmer/quantity.py). A bare number is refused here too.
"""

import datetime
import re

from emulator.plant.csf import POSTURES_PA
from protocol.programmer.amounts import wall_s_of
from protocol.programmer.quantity import QuantityError
from protocol.wire import schema

_UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "min": 60_000, "s": 1_000, "ms": 1}
_PART = re.compile(r"([0-9]+) ?(d|h|min|ms|s)(?= |$)")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?")


def duration_ms(value: object) -> int:
    """A span of time, the larger units first, each at most once: "1 d 2 h", "90 min", "0 s"."""
    hint = 'write it as "6 h 30 min", "90 s" or "2 d"'
    if not isinstance(value, str):
        raise QuantityError(f"{value} is a bare number without a unit", hint)
    total_ms, smallest_ms, rest = 0, max(_UNITS_MS.values()) + 1, value.strip()
    while rest:
        part = _PART.match(rest)
        if part is None or _UNITS_MS[part[2]] >= smallest_ms:
            raise QuantityError(f'"{value}" is no span of time', hint)
        smallest_ms = _UNITS_MS[part[2]]
        total_ms += int(part[1]) * smallest_ms
        rest = rest[part.end() :].lstrip()
    if not value.strip():
        raise QuantityError("an empty text is no span of time", hint)
    return total_ms


def fraction(value: object) -> float:
    """A part of the whole, "0 %" to "100 %", as 0 .. 1."""
    part = ratio(value)
    if part > 1:
        raise QuantityError(f'"{value}" is more than the whole', 'write "0 %" to "100 %"')
    return part


def ratio(value: object) -> float:
    """Per cent, beyond 100 too: "104 %" is 1.04."""
    return _number(value, "%", "97 %") / 100


def hertz(value: object) -> float:
    """A frequency: "20 Hz"; "0 Hz" ends it."""
    return _number(value, "Hz", "20 Hz")


def posture_pa(value: object) -> float:
    """How the patient lies or stands, as the pressure of the spinal fluid in Pa."""
    if isinstance(value, str) and value in POSTURES_PA:
        return POSTURES_PA[value]
    known = ", ".join(f'"{posture}"' for posture in POSTURES_PA)
    raise QuantityError(f'"{value}" is no posture', f"write {known}")


def moment_s(value: object) -> int:
    """A local date and time, "2026-01-01 08:00", in seconds since 2000-01-01 00:00:00."""
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise QuantityError(f'"{value}" is no date and time', 'write it as "2026-01-01 08:00"')
    try:
        wall_s = wall_s_of(datetime.datetime.fromisoformat(value))
    except ValueError as error:
        raise QuantityError(f'"{value}" is no date and time: {error}') from None
    if not 0 <= wall_s <= schema.WALL_S_MAX:
        raise QuantityError(f'"{value}" is out of range', "the pump knows the years 2000 to 2100")
    return wall_s


def count(value: object) -> int:
    """A whole number of things, from 1 on: the one amount that has no unit."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise QuantityError(f"{value} is no count", "write a whole number from 1 on")


def seed(value: object) -> int:
    """A whole number from 0 on."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise QuantityError(f"{value} is no seed", "write a whole number from 0 on")


class OneOf:
    """Reads a name out of `names`. what: what such a name is, for the message."""

    def __init__(self, names: tuple[str, ...], what: str) -> None:
        self._names = names
        self._what = what

    def __call__(self, value: object) -> str:
        """The name, or QuantityError with the names that there are."""
        if isinstance(value, str) and value in self._names:
            return value
        raise QuantityError(
            f'"{value}" is no {self._what}', f"there are: {', '.join(self._names)}"
        )


def _number(value: object, unit: str, example: str) -> float:
    text = value if isinstance(value, str) else ""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?" + unit, text)
    if not found:
        raise QuantityError(f'"{value}" is no amount in {unit}', f'write it as "{example}"')
    return float(found[1])
