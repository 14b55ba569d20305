"""Amounts with their unit, as people write them: "500 mcg/mL", "22:00", "300 mcg/day".

Text goes in, an exact whole number in the pump's own unit comes out, or a QuantityError that says
what to write instead. No float is involved: a decimal is a fraction of whole numbers.

Rule of rounding: none. A value that is no whole number of the pump's unit is refused, and the two
nearest that are are shown. A day's dose that is a multiple of 0.002 mcg is always exact.

A bare number is refused because the unit left out is the classic error: an hourly dose read as a
daily one, minutes as hours (docs/limits.md). Micrograms are "mcg" and nothing else: "ug" and the
Greek letter are misread as mg.
"""

import re
from fractions import Fraction

from protocol.wire import schema

_AMOUNT = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?) ?(?P<unit>[^\W\d_].*)")
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")

Units = dict[str, Fraction]


def _units(**factors: int) -> Units:
    """Unit tables are written with _ for the stroke: mcg_day is "mcg/day"."""
    return {name.replace("_", "/"): Fraction(factor) for name, factor in factors.items()}


CONCENTRATION = _units(mcg_mL=1)
DOSE_RATE_MCG_DAY = _units(mcg_day=1, mcg_h=24)
VOLUME_RATE_NL_DAY = _units(mL_day=1_000_000, uL_day=1_000, mL_h=24_000_000, uL_h=24_000)
DOSE_NG = _units(mcg=1_000)
DURATION_S = _units(min=60, h=3_600)
VOLUME_NL = _units(mL=1_000_000, uL=1_000, nL=1)
LENGTH_UM = _units(cm=10_000, mm=1_000)
VOLUME_PER_LENGTH_NL_CM = _units(mL_cm=1_000_000, uL_cm=1_000, uL_mm=10_000)


class QuantityError(ValueError):
    """A text that is no amount. what: what is wrong. suggestion: what to write instead, or ""."""

    def __init__(self, what: str, suggestion: str = "") -> None:
        super().__init__(f"{what}; {suggestion}" if suggestion else what)
        self.what = what
        self.suggestion = suggestion


def conc_mcg_ml(value: object) -> int:
    """Concentration of the drug in mcg/mL: one of those that the pump accepts."""
    amount = _whole(_amount(value, CONCENTRATION), value, "mcg/mL")
    if amount not in schema.CONC_MCG_ML_ACCEPTED:
        accepted = ", ".join(f'"{one} mcg/mL"' for one in schema.CONC_MCG_ML_ACCEPTED)
        raise QuantityError(f'"{value}" is not a concentration for this pump', f"write {accepted}")
    return amount


def rate_nl_day(value: object, conc: int) -> int:
    """A rate in nL/day: 0 ("off"), or RATE_NL_DAY_MIN..RATE_NL_DAY_MAX.

    value: dose per time ("300 mcg/day", "12 mcg/h") or volume per time ("0.25 mL/day").
    conc: concentration in mcg/mL, which turns a dose into a volume.
    """
    if value == "off":
        return 0
    doses = {unit: f * 1_000_000 / conc for unit, f in DOSE_RATE_MCG_DAY.items()}
    return _pump_rate(_amount(value, {**doses, **VOLUME_RATE_NL_DAY}), value, conc)


def dose_nl_day(value: object, conc: int) -> int:
    """The dose of 24 hours ("300 mcg/day") as a rate in nL/day; no other unit will do."""
    return _pump_rate(_amount(value, {"mcg/day": Fraction(1_000_000, conc)}), value, conc)


def dose_ng_day(value: object) -> int:
    """A dose of 24 hours ("1000 mcg/day") in ng/day."""
    dose = _amount(value, {"mcg/day": Fraction(1_000)})
    return _whole(dose, value, "mcg/day", Fraction(1, 1_000))


def dose_ng(value: object) -> int:
    """A dose ("50 mcg") in ng."""
    return _whole(_amount(value, DOSE_NG), value, "mcg", Fraction(1, 1_000))


def duration_s(value: object) -> int:
    """How long something takes ("10 min") in s; not 0."""
    seconds = _whole(_amount(value, DURATION_S), value, "min", Fraction(1, 60))
    if not seconds:
        raise QuantityError(f'"{value}" is no time', 'write a time such as "10 min"')
    return seconds


def volume_nl(value: object) -> int:
    """A volume ("20 mL", "25.1 uL") in nL."""
    return _whole(_amount(value, VOLUME_NL), value, "uL", Fraction(1, 1_000))


def length_um(value: object) -> int:
    """A length ("89 cm") in micrometres."""
    return _whole(_amount(value, LENGTH_UM), value, "mm", Fraction(1, 1_000))


def volume_nl_cm(value: object) -> int:
    """Volume per length of a catheter ("2.2 uL/cm") in nL/cm."""
    return _whole(_amount(value, VOLUME_PER_LENGTH_NL_CM), value, "uL/cm", Fraction(1, 1_000))


def time_min(value: object) -> int:
    """A time of day ("22:00") in minutes since midnight, 0..1,439."""
    if not isinstance(value, str):
        raise QuantityError(f"{value} is no time of day", 'write it as text, such as "22:00"')
    found = _TIME.fullmatch(value)
    if not found:
        hint = 'write "00:00"' if value == "24:00" else 'write hours and minutes, such as "06:30"'
        raise QuantityError(f'"{value}" is no time of day', hint)
    return int(found[1]) * 60 + int(found[2])


def _pump_rate(rate: Fraction, value: object, conc: int) -> int:
    rate_nl_day = _whole(rate, value, "mcg/day", Fraction(conc, 1_000_000))
    low, high = schema.RATE_NL_DAY_MIN, schema.RATE_NL_DAY_MAX
    if rate_nl_day and not low <= rate_nl_day <= high:
        raise QuantityError(
            f'"{value}" is {decimal(rate / 1_000_000)} mL/day, which the pump cannot deliver',
            f'write "off", or {decimal(Fraction(low, 1_000_000))} to {high // 1_000_000} mL/day: '
            f"at {conc} mcg/mL that is {low * conc // 1_000_000} to {high * conc // 1_000_000} "
            "mcg/day",
        )
    return rate_nl_day


def _amount(value: object, units: Units) -> Fraction:
    """The value times its unit's factor."""
    accepted = ", ".join(f'"{unit}"' for unit in units)
    if not isinstance(value, str):
        raise QuantityError(
            f"{value} is a bare number without a unit",
            f'write it as text with its unit, such as "{value} {next(iter(units))}"',
        )
    text = value.strip()
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise QuantityError(f'"{value}" is no amount', _mend(text, units))
    unit = found["unit"]
    if unit not in units:
        meant = _unit_meant(unit, units)
        hint = f'write "{found["number"]} {meant}"' if meant else f"units accepted: {accepted}"
        if "mg" in unit.split("/")[0]:
            hint = f"write mcg (1 mg is 1000 mcg); units accepted: {accepted}"
        raise QuantityError(f'"{unit}" is no unit that is accepted here', hint)
    return Fraction(found["number"]) * units[unit]


def _mend(text: str, units: Units) -> str:
    """What was probably meant by a text that is no number and unit."""
    unit = next(iter(units))
    if re.fullmatch(r"[0-9.]+", text):
        return f'a unit is missing: write "{text} {unit}" if that is meant'
    if text.startswith("."):
        return f'write a zero before the point: "0{text}"'
    if re.match(r"[0-9]+,[0-9]", text):
        return "write a decimal point, and no sign between thousands"
    return f'write a number, a space and a unit, such as "300 {unit}"'


def _unit_meant(unit: str, units: Units) -> str:
    """The accepted unit that a usual misspelling stands for, or ""."""
    for accepted in units:
        if _plain(unit) == _plain(accepted):
            return accepted
    return ""


def _plain(unit: str) -> str:
    plain = unit.replace("\u00b5", "u").replace("\u03bc", "u").lower().replace(" ", "")
    for spelling, usual in (
        ("ug", "mcg"), ("cc", "ml"), ("per", "/"), ("24h", "day"), ("hour", "h"), ("hr", "h"),
    ):  # fmt: skip
        plain = plain.replace(spelling, usual)
    return plain + "ay" if plain.endswith("/d") else plain


def _whole(amount: Fraction, value: object, unit: str, scale: Fraction = Fraction(1)) -> int:
    """The amount, which must be a whole number; `scale` turns it into `unit` for the message."""
    if amount.denominator == 1:
        return int(amount)
    below = amount.numerator // amount.denominator
    nearest = [decimal(scale * one, 9) for one in (below, below + 1)]
    raise QuantityError(
        f'"{value}" is finer than the pump can hold, and nothing is rounded',
        f'the nearest are "{nearest[0]} {unit}" and "{nearest[1]} {unit}"',
    )


def decimal(amount: Fraction, places: int = 6) -> str:
    """The amount as a decimal without needless zeros, rounded to `places` >= 1 (half to even)."""
    digits = f"{round(abs(amount) * 10**places):0{places + 1}d}"
    text = f"{digits[:-places]}.{digits[-places:]}".rstrip("0").rstrip(".")
    return "-" + text if amount < 0 and text != "0" else text
