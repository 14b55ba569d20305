"""A program's sums against the plainest reckoning: minute by minute."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol.programmer.program import Program, Segment, from_wire
from protocol.wire import codec, schema

RATES = st.one_of(
    st.just(0),
    st.integers(schema.RATE_NL_DAY_MIN, schema.RATE_NL_DAY_MAX),
    st.sampled_from((schema.RATE_NL_DAY_MIN, schema.RATE_NL_DAY_MAX)),
)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Schedules of 1 to 24 segments, at any minute, and simple continuous ones."""
    conc = draw(st.sampled_from(schema.CONC_MCG_ML_ACCEPTED))
    if draw(st.booleans()):
        return Program(conc, schema.CONTINUOUS, (Segment(0, draw(RATES)),))
    minutes = st.integers(0, schema.DAY_MIN - 1)
    starts = draw(st.lists(minutes, min_size=1, max_size=schema.SEGMENTS_MAX, unique=True))
    segments = tuple(Segment(start, draw(RATES)) for start in sorted(starts))
    return Program(conc, schema.SCHEDULE, segments)


def by_minute(program: Program) -> list[int]:
    """The rate of each minute of the day."""
    day = [program.segments[-1].rate_nl_day] * schema.DAY_MIN
    for segment in program.segments:
        day[segment.start_min :] = [segment.rate_nl_day] * (schema.DAY_MIN - segment.start_min)
    return day


@given(programs())
@settings(max_examples=60)
def test_total_and_rates_are_those_of_the_minutes(program: Program) -> None:
    day = by_minute(program)
    assert program.total_nl_day == Fraction(sum(day), schema.DAY_MIN)
    assert [program.rate_at(minute) for minute in range(schema.DAY_MIN)] == day
    assert sum(minutes for _, minutes, _ in program.spans()) == schema.DAY_MIN


@given(programs())
@settings(max_examples=60)
def test_no_hour_of_the_day_delivers_more_than_the_peak_hour(program: Program) -> None:
    day = by_minute(program) * 2
    hours = [sum(day[at : at + 60]) for at in range(schema.DAY_MIN)]
    peak_min, peak_ng = program.peak()
    assert peak_ng == Fraction(max(hours) * program.conc_mcg_ml, schema.DAY_MIN * 1_000)
    assert hours[peak_min] == max(hours)


@given(programs())
def test_the_dose_is_what_the_pump_accepts_as_equal(program: Program) -> None:
    """The pump's own rule: at most 1 nL/day between the stated dose and its sum."""
    exact = sum(by_minute(program)) * program.conc_mcg_ml
    stated = program.dose_ng_day * 1_000 * schema.DAY_MIN
    assert abs(stated - exact) <= program.conc_mcg_ml * schema.DAY_MIN


@given(programs())
def test_the_wire_carries_a_program_whole(program: Program) -> None:
    payload = codec.encode(schema.PROPOSE, dict(program.to_wire()))
    values = codec.decode(schema.PROPOSE, payload)
    assert from_wire({"digest": bytes(16), **values}) == program  # type: ignore[typeddict-item]


def test_a_peak_that_is_the_same_all_night_begins_with_the_night() -> None:
    night = Program(
        2_000,
        schema.SCHEDULE,
        (Segment(360, 144_000), Segment(840, 168_000), Segment(1_200, 240_000)),
    )
    assert night.peak() == (1_200, Fraction(20_000))
    assert night.dose_ng_day == 380_000


@pytest.mark.parametrize(
    ("start_min", "minutes", "nl"), [(0, 1_440, 720), (1_430, 20, 10), (600, 0, 0)]
)
def test_volume_of_a_part_of_the_day(start_min: int, minutes: int, nl: int) -> None:
    steady = Program(500, schema.CONTINUOUS, (Segment(0, 720),))
    assert steady.volume_nl(start_min, minutes) == nl
