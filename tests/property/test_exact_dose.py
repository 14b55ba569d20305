"""Exact dose: commanded steps against the exact rational integral of the order, at every event."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protocol.wire import schema
from tests.exact import Action, Segments, live

RATE = st.one_of(st.just(0), st.sampled_from([48_000, 24_000_000]), st.integers(48_000, 4_000_000))


@st.composite
def prescriptions(draw: st.DrawFn) -> Segments:
    """Continuous or up to 24 segments, at least one of them delivering."""
    count = draw(st.sampled_from([1, 1, 2, 3, 24]))
    starts = sorted(draw(st.sets(st.integers(0, 1_439), min_size=count, max_size=count)))
    if count == 1:
        starts = [0]
    rates = [draw(RATE) for _ in starts]
    rates[draw(st.integers(0, count - 1))] = draw(st.integers(48_000, 4_000_000))
    return list(zip(starts, rates))


BOLUS = st.tuples(st.integers(1_000, 50_000), st.integers(200_000, 24_000_000))
ACTION = st.one_of(
    st.tuples(st.just("prescribe"), prescriptions()),
    st.tuples(st.just("clock"), st.integers(0, schema.WALL_S_MAX)),
    st.tuples(st.sampled_from(["stop", "start"]), st.none()),
    st.tuples(st.just("bolus"), BOLUS),
)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    prescriptions(),
    st.lists(st.tuples(ACTION, st.integers(0, 10_000_000)), max_size=8),
    st.integers(45_000, 55_000),
)
def test_commanded_steps_never_differ_by_a_whole_step_from_the_exact_integral(
    segments: Segments, actions: list[tuple[Action, int]], step_pl: int
) -> None:
    checker = live(segments, actions, step_pl)
    assert checker.worst < 1
    assert checker.bed.state in (schema.RUNNING, schema.STOPPED)
