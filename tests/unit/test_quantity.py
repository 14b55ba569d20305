"""Typed units: exact, never rounded, and a refusal says what to write instead."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.programmer import quantity
from protocol.programmer.quantity import QuantityError, decimal
from protocol.wire import schema


@pytest.mark.parametrize(
    ("text", "conc", "rate_nl_day"),
    [
        ("300 mcg/day", 2_000, 150_000),
        ("300 mcg/day", 500, 600_000),
        ("12 mcg/h", 2_000, 144_000),
        ("12.5 mcg/h", 1_000, 300_000),
        ("0.25 mL/day", 500, 250_000),
        ("250 uL/day", 500, 250_000),
        ("1 mL/h", 2_000, 24_000_000),
        ("2 uL/h", 2_000, 48_000),
        ("96.002 mcg/day", 2_000, 48_001),
        ("0 mcg/h", 2_000, 0),
        ("off", 2_000, 0),
        ("300mcg/day", 2_000, 150_000),
    ],
)
def test_a_rate_is_exact(text: str, conc: int, rate_nl_day: int) -> None:
    assert quantity.rate_nl_day(text, conc) == rate_nl_day


@given(
    st.integers(schema.RATE_NL_DAY_MIN, schema.RATE_NL_DAY_MAX),
    st.sampled_from(schema.CONC_MCG_ML_ACCEPTED),
)
def test_every_rate_of_the_pump_can_be_written_as_a_dose(rate_nl_day: int, conc: int) -> None:
    """At 500, 1000 and 2000 mcg/mL a whole nL/day is a decimal of at most 4 places in mcg/day."""
    text = f"{decimal(Fraction(rate_nl_day * conc, 1_000_000), 4)} mcg/day"
    assert quantity.rate_nl_day(text, conc) == rate_nl_day
    assert quantity.dose_nl_day(text, conc) == rate_nl_day


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (300, '300 is a bare number without a unit; .*such as "300 mcg/day"'),
        (0.25, "bare number"),
        (True, "bare number"),
        ("300", 'a unit is missing: write "300 mcg/day"'),
        ("300 ug/day", 'write "300 mcg/day"'),
        ("300 \u00b5g/day", 'write "300 mcg/day"'),
        ("300 \u03bcg/day", 'write "300 mcg/day"'),
        ("0.3 mg/day", "1 mg is 1000 mcg"),
        ("300 mcg/d", 'write "300 mcg/day"'),
        ("12 mcg/hr", 'write "12 mcg/h"'),
        ("0.25 ml/day", 'write "0.25 mL/day"'),
        ("0.25 cc/day", 'write "0.25 mL/day"'),
        ("300 mcg/min", "units accepted"),
        ("0,25 mL/day", "decimal point"),
        ("1,000 mcg/day", "no sign between thousands"),
        (".5 mL/day", 'write a zero before the point: "0.5 mL/day"'),
        ("-5 mcg/day", "is no amount"),
        ("1e3 mcg/day", "no unit that is accepted"),
        ("", "is no amount"),
        ("33.333 mcg/day", '"33.332 mcg/day" and "33.334 mcg/day"'),
        ("95 mcg/day", "cannot deliver.*96 to 48000 mcg/day"),
        ("24.1 mL/day", "cannot deliver.*0.048 to 24 mL/day"),
    ],
)
def test_anything_else_is_refused_with_a_suggestion(value: object, said: str) -> None:
    with pytest.raises(QuantityError, match=said):
        quantity.rate_nl_day(value, 2_000)


def test_the_suggested_neighbours_of_an_inexact_rate_are_accepted() -> None:
    assert quantity.rate_nl_day("33.332 mcg/day", 500) == 66_664
    assert quantity.rate_nl_day("333.332 mcg/day", 2_000) == 166_666
    with pytest.raises(QuantityError):
        quantity.rate_nl_day("333.333 mcg/day", 2_000)


@pytest.mark.parametrize("value", ["12 mcg/h", "0.25 mL/day", "off", 300])
def test_a_days_dose_takes_no_other_period(value: object) -> None:
    with pytest.raises(QuantityError, match="mcg/day"):
        quantity.dose_nl_day(value, 2_000)


@pytest.mark.parametrize("value", ["50 mcg/mL", "2001 mcg/mL", "0 mcg/mL"])
def test_only_concentrations_of_this_pump(value: str) -> None:
    with pytest.raises(QuantityError, match='write "500 mcg/mL", "1000 mcg/mL", "2000 mcg/mL"'):
        quantity.conc_mcg_ml(value)


def test_the_other_quantities() -> None:
    assert quantity.conc_mcg_ml("500 mcg/mL") == 500
    assert quantity.volume_nl("20 mL") == 20_000_000
    assert quantity.volume_nl("25.1 uL") == 25_100
    assert quantity.length_um("89 cm") == 890_000
    assert quantity.length_um("890.5 mm") == 890_500
    assert quantity.volume_nl_cm("2.2 uL/cm") == 2_200
    assert quantity.volume_nl_cm("0.0026 mL/cm") == 2_600
    assert quantity.volume_nl_cm("0.22 uL/mm") == 2_200
    assert quantity.dose_ng_day("1000 mcg/day") == 1_000_000


@pytest.mark.parametrize(("text", "minute"), [("00:00", 0), ("06:30", 390), ("23:59", 1_439)])
def test_a_time_of_day(text: str, minute: int) -> None:
    assert quantity.time_min(text) == minute


@pytest.mark.parametrize("value", ["24:00", "6:30", "06.30", "6", "06:60", "22:00:00", 22, None])
def test_no_other_time_of_day(value: object) -> None:
    with pytest.raises(QuantityError, match="no time of day"):
        quantity.time_min(value)


@given(st.integers(-(10**12), 10**12), st.integers(1, 9))
def test_a_decimal_is_read_back_as_it_was_written(number: int, places: int) -> None:
    amount = Fraction(number, 10**places)
    assert Fraction(decimal(amount, places)) == amount


def test_a_decimal_has_no_needless_zeros() -> None:
    assert decimal(Fraction(0)) == "0"
    assert decimal(Fraction(-1, 10_000_000)) == "0"
    assert decimal(Fraction(1_500, 1_000)) == "1.5"
    assert decimal(Fraction(-3, 2)) == "-1.5"
    assert decimal(Fraction(200)) == "200"
