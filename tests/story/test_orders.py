"""What was prescribed: the integral over any day, against a sum minute by minute."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from emulator.story.orders import Orders

MIN_MS = 60_000
DAY_MIN = 1_440

days = st.lists(
    st.tuples(st.integers(0, DAY_MIN - 1), st.sampled_from([0, 48_000, 180_000, 276_000])),
    min_size=1,
    max_size=6,
    unique_by=lambda row: row[0],
).map(sorted)


def told(orders: Orders, t_ms: int, number: int, message: str, **fields: object) -> None:
    orders.request(number, dict(fields))
    orders.answer(t_ms, number, message)


def ordered(day: list[tuple[int, int]], wall_s: int) -> Orders:
    """Programmed, clock set and started at 0."""
    orders = Orders()
    rows = [{"start_min": start, "rate_nl_day": rate} for start, rate in day]
    told(orders, 0, 1, "PROPOSAL", segments=rows, conc_mcg_ml=2_000, dose_ng_day=1)
    told(orders, 0, 2, "CONFIRM_ANSWER")
    told(orders, 0, 3, "SET_CLOCK_ANSWER", wall_s=wall_s)
    told(orders, 0, 4, "START_ANSWER")
    return orders


@given(days, st.integers(1_000, 50_000), st.integers(200_000, 24_000_000))
def test_a_bolus_is_its_volume_and_no_more_until_something_ends_it(
    day: list[tuple[int, int]], volume_nl: int, rate_nl_day: int
) -> None:
    lasts_ms = -(-volume_nl * DAY_MIN * MIN_MS // rate_nl_day)
    plain = ordered(day, 0)
    for end, share in ((None, 1), ("alarm", 2), ("CANCEL_BOLUS_ANSWER", 2), ("boot", 2)):
        orders = ordered(day, 0)
        asked = {"volume_nl": volume_nl, "rate_nl_day": rate_nl_day, "dose_ng": 1}
        told(orders, 1_000, 5, "BOLUS_PROPOSAL", **asked)
        told(orders, 1_000, 6, "START_BOLUS_ANSWER")
        cut_ms = 1_000 + lasts_ms // 2
        if end == "alarm":
            orders.end_bolus(cut_ms)
        elif end == "boot":
            orders.boot(cut_ms)
        elif end:
            told(orders, cut_ms, 7, end)
        until_ms = 1_000 + 2 * lasts_ms
        extra = orders.volume_nl(0, until_ms) - plain.volume_nl(0, until_ms)
        one_ms = Fraction(rate_nl_day, DAY_MIN * MIN_MS)
        assert abs(extra - Fraction(volume_nl, share)) <= one_ms
        assert orders.rate_nl_day(1_000) - plain.rate_nl_day(1_000) == rate_nl_day
        assert orders.rate_nl_day(until_ms) == plain.rate_nl_day(until_ms)
        assert {1_000, cut_ms if end else 1_000 + lasts_ms} <= set(orders.edges_ms(until_ms))


def rate_at(day: list[tuple[int, int]], minute: int) -> int:
    earlier = [rate for start, rate in day if start <= minute]
    return earlier[-1] if earlier else day[-1][1]


@given(days, st.integers(0, DAY_MIN - 1), st.integers(0, 3_000), st.integers(0, 3_000))
def test_volume_is_the_sum_of_its_minutes(
    day: list[tuple[int, int]], start_min: int, from_min: int, minutes: int
) -> None:
    orders = ordered(day, start_min * 60)
    total = sum(
        rate_at(day, (start_min + minute) % DAY_MIN)
        for minute in range(from_min, from_min + minutes)
    )
    until_ms = (from_min + minutes) * MIN_MS
    assert orders.volume_nl(from_min * MIN_MS, until_ms) == Fraction(total, DAY_MIN)
    assert orders.rate_nl_day(until_ms) == rate_at(day, (start_min + from_min + minutes) % DAY_MIN)


def test_a_stop_and_a_clock_end_a_stretch_and_a_boot_does_not() -> None:
    orders = ordered([(0, 1_440_000), (720, 0)], 11 * 3_600)  # 1,000 nL a minute until noon
    told(orders, 10 * MIN_MS, 5, "STOP_ANSWER")
    told(orders, 20 * MIN_MS, 6, "START_ANSWER")
    told(orders, 30 * MIN_MS, 7, "SET_CLOCK_ANSWER", wall_s=11 * 3_600 + 3_000)  # ten minutes left
    assert orders.volume_nl(0, 60 * MIN_MS) == 30_000
    orders.boot(6 * MIN_MS)
    assert orders.volume_nl(0, 60 * MIN_MS) == 30_000
    assert orders.rate_nl_day(36 * MIN_MS) == 1_440_000


def test_a_repeated_answer_changes_nothing() -> None:
    orders = ordered([(0, 1_440_000)], 0)
    told(orders, MIN_MS, 5, "SET_CLOCK_ANSWER", wall_s=3_600)
    orders.answer(5 * MIN_MS, 5, "SET_CLOCK_ANSWER")
    assert orders.day_ms(5 * MIN_MS) == 3_600_000 + 4 * MIN_MS
    assert len(orders.log) == 4


def test_an_end_that_is_told_late_ends_the_bolus_of_then() -> None:
    """Of a board an alarm is heard after its time, when another bolus may be under way."""
    orders = ordered([(0, 0)], 0)
    asked = {"volume_nl": 1_000, "rate_nl_day": DAY_MIN * MIN_MS, "dose_ng": 1}  # a nL each ms
    for number, from_ms in ((5, 1_000), (7, 5_000)):
        told(orders, from_ms, number, "BOLUS_PROPOSAL", **asked)
        told(orders, from_ms, number + 1, "START_BOLUS_ANSWER")
    orders.end_bolus(1_400)
    assert orders.volume_nl(0, 4_000) == 400
    assert orders.volume_nl(4_000, 9_000) == 1_000
