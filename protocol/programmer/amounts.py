"""Numbers of the wire as people read them; the unit at the end of a field's name says how.

Written as a prescription file takes them back: "0.15 mL/day", never "150,000 nL/day".
"""

import datetime
from collections.abc import Callable
from fractions import Fraction

from protocol import names
from protocol.programmer.quantity import decimal
from protocol.wire import schema

_EPOCH = datetime.datetime(2000, 1, 1)
_DAY_S = 86_400
_HOUR_S = 3_600


def rate(rate_nl_day: int | Fraction, conc_mcg_ml: int) -> str:
    """A rate as dose per hour, the way a segment is thought of; "off" for 0."""
    if not rate_nl_day:
        return "off"
    return f"{decimal(Fraction(rate_nl_day) * conc_mcg_ml / 24_000_000, 3)} mcg/h"


def volume_rate(rate_nl_day: int | Fraction) -> str:
    """A rate as volume per day."""
    return f"{decimal(Fraction(rate_nl_day) / 1_000_000)} mL/day"


def dose_day(dose_ng_day: int | Fraction) -> str:
    """A dose of 24 hours."""
    return f"{decimal(Fraction(dose_ng_day) / 1_000, 3)} mcg/day"


def dose(dose_ng: int | Fraction) -> str:
    """A dose."""
    return f"{decimal(Fraction(dose_ng) / 1_000, 3)} mcg"


def volume(volume_nl: int) -> str:
    """A volume: in mL from 1 mL on, below it in uL."""
    if abs(volume_nl) >= 1_000_000:
        return f"{decimal(Fraction(volume_nl, 1_000_000))} mL"
    return f"{decimal(Fraction(volume_nl, 1_000))} uL"


def change(old: int | Fraction, new: int | Fraction) -> str:
    """The change from old to new in per cent, "" where there was nothing to change from."""
    if not old:
        return ""
    return f"{float((Fraction(new) - old) / old):+.1%}".replace("%", " %")


def clock(minute: int) -> str:
    """Minutes since midnight as a time of day."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def wall(wall_s: int) -> str:
    """Seconds since 2000-01-01 00:00:00 local time as date and time."""
    return str(_EPOCH + datetime.timedelta(seconds=wall_s))


def wall_s_of(moment: datetime.datetime) -> int:
    """The other way round: a local date and time in seconds since 2000-01-01 00:00:00."""
    return (moment - _EPOCH) // datetime.timedelta(seconds=1)


def duration(seconds: int) -> str:
    """Seconds as days, hours, minutes and seconds; the zeros in front are left out."""
    days, rest_s = divmod(seconds, _DAY_S)
    hours, rest_s = divmod(rest_s, _HOUR_S)
    parts = [(days, "d"), (hours, "h"), (rest_s // 60, "min"), (rest_s % 60, "s")]
    while len(parts) > 1 and not parts[0][0]:
        parts.pop(0)
    return " ".join(f"{value} {unit}" for value, unit in parts)


def name_of(value: int, table: tuple[str, ...]) -> str:
    """The name of a number; the number itself where a newer schema has given it one."""
    return table[value] if value < len(table) else f"number {value}"


def names_in(mask: int, table: tuple[str, ...]) -> list[str]:
    """Names whose bit is set in the mask; bit n stands for entry n."""
    return [name for at, name in enumerate(table) if mask >> at & 1]


ALARM_NAMES = tuple(row[0] for row in schema.ALARM_TABLE)

# By the end of the field's name; the first that fits holds, so the longer ends stand first.
_BY_UNIT: tuple[tuple[str, Callable[[int], str]], ...] = (
    ("_nl_day", volume_rate),
    ("_ng_day", dose_day),
    ("_ng_day_limit", dose_day),
    ("_ng_hour", dose),
    ("_mcg_ml", lambda value: f"{value} mcg/mL"),
    ("_nl_cm", lambda value: f"{decimal(Fraction(value, 1_000))} uL/cm"),
    ("level_nl", lambda value: f"{decimal(Fraction(value, 1_000_000), 2)} mL"),
    ("_nl", volume),
    ("_ng", dose),
    ("_pl", lambda value: f"{decimal(Fraction(value, 1_000))} nL"),
    ("_um", lambda value: f"{decimal(Fraction(value, 10_000))} cm"),
    ("_pa", lambda value: f"{decimal(Fraction(value, 1_000), 1)} kPa"),
    ("wall_s", wall),
    ("duration_ms", lambda value: duration(-(-value // 1_000))),
    ("_s", duration),
    ("_min", clock),
    ("_h", lambda value: f"{value} h"),
    ("_permille", lambda value: f"{decimal(Fraction(value, 10), 1)} %"),
    ("steps", lambda value: f"{value:,} steps"),
)


# Fields whose numbers stand for names.
ENUMERATIONS = {
    "state": names.STATES,
    "therapy": names.THERAPIES,
    "reset_cause": names.RESETS,
    "outcome": names.BOLUS_OUTCOMES,
    "fault_reason": names.FAULTS,
    "alarm": ALARM_NAMES,
}


# Fields whose bits stand for names.
MASKS = {"records": names.RECORDS, "tests": names.SELF_TESTS}


def of_field(field: str, value: int) -> str:
    """The value of a field of the schema: its name, or the number with its unit."""
    if field in ENUMERATIONS:
        return name_of(value, ENUMERATIONS[field])
    if field in MASKS:
        return ", ".join(names_in(value, MASKS[field])) or "none"
    for end, write in _BY_UNIT:
        if field.endswith(end):
            return write(value)
    return str(value)
