"""How numbers of the wire are shown: with the unit that their name says, and exactly."""

import datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.programmer import amounts, quantity
from protocol.wire import schema


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("rate_nl_day", 150_000, "0.15 mL/day"),
        ("dose_ng_day", 380_000, "380 mcg/day"),
        ("dose_ng_day_limit", 1_000_500, "1000.5 mcg/day"),
        ("peak_ng_hour", 20_833, "20.833 mcg"),
        ("conc_mcg_ml", 2_000, "2000 mcg/mL"),
        ("catheter_nl_cm", 2_200, "2.2 uL/cm"),
        ("catheter_um", 890_000, "89 cm"),
        ("reservoir_nl", 20_000_000, "20 mL"),
        ("level_nl", 19_992_614, "19.99 mL"),
        ("verified_nl", 12_050, "12.05 uL"),
        ("verified_ng", 24_100, "24.1 mcg"),
        ("step_pl", 50_120, "50.12 nL"),
        ("pressure_pa", 1_436, "1.4 kPa"),
        ("pressure_pa", -1_436, "-1.4 kPa"),
        ("wall_s", 820_569_600, "2026-01-01 08:00:00"),
        ("uptime_s", 90_061, "1 d 1 h 1 min 1 s"),
        ("next_change_s", 0, "0 s"),
        ("window_s", 3_600, "1 h 0 min 0 s"),
        ("start_min", 1_439, "23:59"),
        ("stopped_h", 48, "48 h"),
        ("change_permille", -125, "-12.5 %"),
        ("commanded_steps", 1_234_567, "1,234,567 steps"),
        ("state", schema.HELD, "HELD"),
        ("state", 99, "number 99"),
        ("alarm", schema.OCCLUSION, "OCCLUSION"),
        ("count", 3, "3"),
    ],
)
def test_a_field_is_shown_with_its_unit(field: str, value: int, text: str) -> None:
    assert amounts.of_field(field, value) == text


@given(
    st.integers(schema.RATE_NL_DAY_MIN, schema.RATE_NL_DAY_MAX),
    st.sampled_from(schema.CONC_MCG_ML_ACCEPTED),
)
def test_a_volume_rate_that_is_shown_can_be_typed_in_again(rate_nl_day: int, conc: int) -> None:
    assert quantity.rate_nl_day(amounts.volume_rate(rate_nl_day), conc) == rate_nl_day


@given(st.integers(0, schema.WALL_S_MAX))
def test_a_date_that_is_shown_is_the_second_that_is_meant(wall_s: int) -> None:
    moment = datetime.datetime.fromisoformat(amounts.wall(wall_s))
    assert amounts.wall_s_of(moment) == wall_s


def test_rates_and_changes() -> None:
    assert amounts.rate(144_000, 2_000) == "12 mcg/h"
    assert amounts.rate(0, 2_000) == "off"
    assert amounts.change(300_000, 380_000) == "+26.7 %"
    assert amounts.change(380_000, 300_000) == "-21.1 %"
    assert amounts.change(300_000, 300_000) == "+0.0 %"
    assert amounts.change(0, 300_000) == ""
    assert amounts.dose_day(Fraction(100, 3)) == "0.033 mcg/day"


def test_a_mask_gives_its_names() -> None:
    assert amounts.names_in(0b101, amounts.ALARM_NAMES) == ["OCCLUSION", "RESERVOIR_LOW"]
    assert amounts.names_in(0, amounts.ALARM_NAMES) == []
