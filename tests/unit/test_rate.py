"""The rate engine against exact fractions: no step too many, none too few, for ever."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from firmware.guard import Guard
from firmware.rate import StepRate

RATES = st.one_of(
    st.just(0), st.sampled_from([48_000, 24_000_000]), st.integers(48_000, 24_000_000)
)
CHANGES = st.lists(
    st.tuples(RATES, st.integers(0, 400_000), st.booleans()), min_size=1, max_size=30
)


def steps_per_ms(rate_nl_day: int, step_pl: int) -> Fraction:
    """The prescription in steps a millisecond: nL/day over 86,400,000 ms, and pL a step."""
    return Fraction(rate_nl_day * 1000, 86_400_000 * step_pl)


@given(CHANGES, st.integers(45_000, 55_000), st.integers(0, 1 << 27))
def test_commanded_never_differs_by_more_than_half_a_step(
    changes: list[tuple[int, int, bool]], step_pl: int, start_ms: int
) -> None:
    """At every step and change: |steps - exact integral| <= 1/2, plus the millisecond grid.

    Also where the last step before a change is late: it is made after it, and nothing is lost.
    """
    engine = StepRate(Guard(step_pl))
    now_ms = start_ms
    exact = Fraction(0)
    steps = 0
    for rate_nl_day, span_ms, late in changes:
        engine.set_rate(rate_nl_day, now_ms)
        per_ms = steps_per_ms(rate_nl_day, step_pl)
        end_ms = now_ms + span_ms
        while rate_nl_day and engine.due_ms <= end_ms:
            late_ms = end_ms - engine.due_ms
            if late and late_ms < 1_000 and late_ms * per_ms < Fraction(1, 2):
                break
            earned = exact + per_ms * (engine.due_ms - now_ms)
            if engine.due_ms >= now_ms:
                assert Fraction(1, 2) <= earned - steps < Fraction(1, 2) + per_ms
            engine.take_step()
            steps += 1
        exact += per_ms * span_ms
        now_ms = end_ms
        if rate_nl_day and not late:
            assert Fraction(-1, 2) <= exact - steps < Fraction(1, 2) + per_ms
        assert abs(exact - steps) < 1 + per_ms


@given(RATES.filter(bool), st.integers(45_000, 55_000), st.integers(1, 10**9))
def test_rebase_moves_instants_and_nothing_else(rate: int, step_pl: int, by_ms: int) -> None:
    moved, still = StepRate(Guard(step_pl)), StepRate(Guard(step_pl))
    moved.set_rate(rate, 1_000)
    still.set_rate(rate, 1_000)
    moved.rebase(by_ms)
    for _ in range(50):
        assert moved.due_ms + by_ms == still.due_ms
        moved.take_step()
        still.take_step()


@given(
    RATES.filter(bool), st.integers(45_000, 55_000), st.lists(st.integers(1, 10**8), max_size=9)
)
def test_a_stop_freezes_the_phase_and_is_not_caught_up(
    rate: int, step_pl: int, stops_ms: list[int]
) -> None:
    """Stops of any length only shift the steps that follow."""
    stopped, through = StepRate(Guard(step_pl)), StepRate(Guard(step_pl))
    stopped.set_rate(rate, 0)
    through.set_rate(rate, 0)
    shift_ms = 0
    for stop_ms in stops_ms:
        at_ms = stopped.due_ms - min(3, stopped.due_ms - shift_ms)
        stopped.set_rate(0, at_ms)
        stopped.set_rate(rate, at_ms + stop_ms)
        shift_ms += stop_ms
        assert stopped.due_ms == through.due_ms + shift_ms
        stopped.take_step()
        through.take_step()
