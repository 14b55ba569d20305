"""Exact dose: commanded steps against the exact rational integral of what was ordered, at every event.

The reference shares no code with the firmware: fractions, its own reading of a schedule, and the
instants at which the pump's answers left it.
"""

from fractions import Fraction
from typing import Optional

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator.bedside import Refused
from protocol.wire import schema
from tests.pumps import Bed

DAY_MS = 86_400_000
Segments = list[tuple[int, int]]


class Order:
    """What the pump owes, in steps: the integral of the ordered rate since the start of therapy."""

    def __init__(self, step_pl: int) -> None:
        self.step_pl = step_pl
        self.owed = Fraction(0)
        self.segments: Segments = []
        self.running = False
        self.since_ms = 0
        self.day_ms_at_since = 0

    def rate_at(self, day_ms: int) -> tuple[int, int]:
        """(rate in nL/day, ms until it ends) at this time of day."""
        if len(self.segments) == 1 and self.segments[0][0] == 0:
            return self.segments[0][1], DAY_MS - day_ms
        starts = [minute * 60_000 for minute, _ in self.segments]
        for i in range(len(starts) - 1, -1, -1):
            if starts[i] <= day_ms:
                end = starts[i + 1] if i + 1 < len(starts) else DAY_MS
                return self.segments[i][1], end - day_ms
        return self.segments[-1][1], starts[0] - day_ms

    def until(self, now_ms: int) -> Fraction:
        """Owed by now; moves on."""
        left = now_ms - self.since_ms
        while left > 0:
            rate, span = self.rate_at(self.day_ms_at_since)
            span = min(span, left)
            if self.running:
                self.owed += Fraction(rate * span * 1000, DAY_MS * self.step_pl)
            self.day_ms_at_since = (self.day_ms_at_since + span) % DAY_MS
            left -= span
        self.since_ms = now_ms
        return self.owed


RATE = st.one_of(
    st.just(0), st.sampled_from([48_000, 24_000_000]), st.integers(48_000, 4_000_000)
)


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


ACTION = st.one_of(
    st.tuples(st.just("prescribe"), prescriptions()),
    st.tuples(st.just("clock"), st.integers(0, schema.WALL_S_MAX)),
    st.tuples(st.sampled_from(["stop", "start"]), st.none()),
)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    prescriptions(),
    st.lists(st.tuples(ACTION, st.integers(0, 10_000_000)), max_size=8),
    st.integers(45_000, 55_000),
)
def test_commanded_steps_never_differ_by_a_whole_step_from_the_exact_integral(
    segments: Segments, actions: list[tuple[tuple[str, object], int]], step_pl: int
) -> None:
    bed = Bed()
    bed.ready()
    bed.programmer.ask(schema.CALIBRATE, {"steps": 1_000, "volume_nl": step_pl})
    bed.programmer.prescribe(segments)
    order = Order(step_pl)
    order.segments = segments
    answered: list[int] = []
    bed.world.chip.outside.uart_out(lambda _data, _done: answered.append(bed.now_ms))

    def at_answer(day_ms: Optional[int] = None) -> None:
        order.until(answered[-1])
        if day_ms is not None:
            order.day_ms_at_since = day_ms

    bed.programmer.ask(schema.SET_CLOCK, {"wall_s": 8 * 3600})
    order.since_ms = answered[-1]
    order.day_ms_at_since = 8 * 3_600_000
    check = Checker(bed, order)
    bed.programmer.start()
    at_answer()
    order.running = True
    check.all_steps()
    for (action, value), pause_ms in actions:
        bed.run(ms=pause_ms)
        check.all_steps()
        bed.programmer.hello()
        try:
            if action == "prescribe":
                assert isinstance(value, list)
                bed.programmer.prescribe(value)
                at_answer()
                order.segments = value
            elif action == "clock":
                assert isinstance(value, int)
                bed.programmer.ask(schema.SET_CLOCK, {"wall_s": value})
                at_answer(value % 86_400 * 1000)
            elif action == "stop":
                bed.programmer.ask(schema.STOP)
                at_answer()
                order.running = False
            else:
                bed.programmer.start()
                at_answer()
                order.running = True
        except Refused as no:
            assert no.values["name"] == "THERAPY_RUNNING"
        check.all_steps()
    bed.run(hours=1)
    check.all_steps()
    assert bed.state in (schema.RUNNING, schema.STOPPED)


class Checker:
    """Compares at each step's own instant and at each event."""

    def __init__(self, bed: Bed, order: Order) -> None:
        self.bed = bed
        self.order = order
        self.checked = 0

    def all_steps(self) -> None:
        for at_ms in self.bed.steps[self.checked :]:
            owed = self.order.until(at_ms) if at_ms >= self.order.since_ms else self.order.owed
            assert abs(owed - self.checked) < 1, (at_ms, float(owed), self.checked)
            self.checked += 1
            assert abs(owed - self.checked) < 1, (at_ms, float(owed), self.checked)
        owed = self.order.until(self.bed.now_ms)
        assert abs(owed - self.checked) < 1
