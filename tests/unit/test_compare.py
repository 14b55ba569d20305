"""Old beside new: every change in sight, the day's total, the change, the peak hour."""

from protocol.programmer import compare
from protocol.programmer.answers import ReadSetupAnswer
from protocol.programmer.program import Program, Segment
from protocol.wire import schema

STEADY = Program(2_000, schema.CONTINUOUS, (Segment(0, 150_000),))
NIGHT = Program(
    2_000, schema.SCHEDULE, (Segment(360, 144_000), Segment(840, 168_000), Segment(1_200, 240_000))
)
EIGHT_S = 8 * 3_600
TEN_AT_NIGHT_S = 22 * 3_600

SETUP: ReadSetupAnswer = {
    "serial": "OITB-0001",
    "patient_label": "Bed 4",
    "drug": "baclofen",
    "conc_mcg_ml": 2_000,
    "reservoir_nl": 20_000_000,
    "catheter_um": 890_000,
    "catheter_nl_cm": 2_200,
    "dose_ng_day_limit": 1_000_000,
    "step_pl": 50_000,
}


def cells(text: str) -> list[list[str]]:
    """The cells of each line; a cell holds single spaces at most."""
    return [[cell for cell in line.split("   ") if cell.strip()] for line in text.splitlines()]


def stripped(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line] for line in cells(text)]


def test_old_and_new_stand_side_by_side() -> None:
    assert stripped(compare.programs(STEADY, NIGHT)) == [
        ["old", "new", "change"],
        ["therapy", "continuous", "schedule of 3"],
        ["concentration", "2000 mcg/mL", "2000 mcg/mL"],
        ["from 00:00", "12.5 mcg/h", "20 mcg/h", "+60.0 %"],
        ["from 06:00", "12.5 mcg/h", "12 mcg/h", "-4.0 %"],
        ["from 14:00", "12.5 mcg/h", "14 mcg/h", "+12.0 %"],
        ["from 20:00", "12.5 mcg/h", "20 mcg/h", "+60.0 %"],
        ["24 h dose", "300 mcg/day", "380 mcg/day", "+26.7 %"],
        ["24 h volume", "0.15 mL/day", "0.19 mL/day"],
        ["peak hour", "12.5 mcg from 00:00", "20 mcg from 20:00", "+60.0 %"],
    ]


def test_a_first_program_stands_beside_nothing() -> None:
    assert stripped(compare.programs(None, STEADY)) == [
        ["old", "new", "change"],
        ["therapy", "-", "continuous"],
        ["concentration", "-", "2000 mcg/mL"],
        ["from 00:00", "-", "12.5 mcg/h"],
        ["24 h dose", "-", "300 mcg/day"],
        ["24 h volume", "-", "0.15 mL/day"],
        ["peak hour", "-", "12.5 mcg from 00:00"],
    ]


def test_an_hourly_dose_that_was_meant_for_a_day_stands_out() -> None:
    """60 mcg an hour where 60 mcg a day were meant (docs/limits.md): 24 times the dose."""
    meant = Program(500, schema.CONTINUOUS, (Segment(0, 120_000),))
    typed = Program(500, schema.CONTINUOUS, (Segment(0, 2_880_000),))
    assert ["24 h dose", "60 mcg/day", "1440 mcg/day", "+2300.0 %"] in stripped(
        compare.programs(meant, typed)
    )
    assert compare.is_unusual(meant, typed)


def test_a_change_beyond_titration_is_unusual() -> None:
    def rated(rate_nl_day: int) -> Program:
        return Program(2_000, schema.CONTINUOUS, (Segment(0, rate_nl_day),))

    assert not compare.is_unusual(None, rated(150_000))
    assert not compare.is_unusual(rated(150_000), rated(195_000))
    assert compare.is_unusual(rated(150_000), rated(195_001))
    assert not compare.is_unusual(rated(150_000), rated(120_000))
    assert compare.is_unusual(rated(150_000), rated(119_999))


def test_a_changed_set_up_is_marked() -> None:
    new = {**SETUP, "reservoir_nl": 40_000_000}
    lines = stripped(compare.setups(SETUP, new))  # type: ignore[arg-type]
    assert ["reservoir", "20 mL", "40 mL", "changed"] in lines
    assert ["drug", "baclofen", "baclofen"] in lines
    assert ["catheter, whole", "195.8 uL", "195.8 uL"] in lines


def test_a_jump_of_the_clock_shows_the_place_in_the_schedule() -> None:
    assert stripped(compare.clocks(NIGHT, EIGHT_S, TEN_AT_NIGHT_S)) == [
        ["now", "after"],
        ["clock", "2000-01-01 08:00:00", "2000-01-01 22:00:00"],
        ["jump", "14 h 0 min 0 s forward"],
        ["segment", "1 of 3, 06:00 to 14:00", "3 of 3, 20:00 to 06:00"],
        ["rate", "12 mcg/h", "20 mcg/h"],
        ["dose of the next 1 h", "12 mcg", "20 mcg"],
        ["dose of the next 6 h", "72 mcg", "120 mcg"],
        ["dose of the next 24 h", "380 mcg", "380 mcg"],
    ]
    assert ["jump", "14 h 0 min 0 s backward"] in stripped(
        compare.clocks(NIGHT, TEN_AT_NIGHT_S, EIGHT_S)
    )


def test_a_first_clock_jumps_from_nowhere() -> None:
    assert stripped(compare.clocks(NIGHT, None, EIGHT_S)) == [
        ["now", "after"],
        ["clock", "not set", "2000-01-01 08:00:00"],
        ["segment", "-", "1 of 3, 06:00 to 14:00"],
        ["rate", "-", "12 mcg/h"],
        ["dose of the next 1 h", "-", "12 mcg"],
        ["dose of the next 6 h", "-", "72 mcg"],
        ["dose of the next 24 h", "-", "380 mcg"],
    ]


def test_a_continuous_rate_has_no_place_in_a_schedule() -> None:
    assert len(stripped(compare.clocks(STEADY, EIGHT_S, TEN_AT_NIGHT_S))) == 3
