"""The step ledger: what it books, and that a calibration does not rewrite the past."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import sums
from firmware.count import Count
from firmware.guard import Guard
from firmware.ledger import SINCE_REFILL, Ledger


@given(st.lists(st.integers(0, 1 << 20), max_size=50))
def test_a_count_is_the_sum_however_large(parts: list[int]) -> None:
    words = array("i", [0, -1, 0, -1])
    count = Count(words, 0)
    for part in parts:
        count.add(part)
    assert count.value() == sum(parts)
    assert words[0] == ~words[1] < 1 << 20
    assert words[2] == ~words[3]


@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), max_size=60))
def test_verified_is_what_the_encoder_moved_forward(permits: list[tuple[bool, int]]) -> None:
    """Net edges never give more whole steps than they are; every made step is one or the other."""
    ledger = Ledger(Guard(50_000), 50_000)
    net = highest = 0
    for made, edges in permits:
        ledger.book(made, edges)
        net += edges
        highest = max(highest, net)
    assert ledger.verified.value() == highest // 2
    assert ledger.commanded.value() == sum(made for made, _ in permits)
    assert ledger.unverified.value() <= ledger.commanded.value()
    assert ledger.verified_nl() == 50 * ledger.verified.value()
    assert ledger.possible_nl() == 50 * (ledger.verified.value() + ledger.unverified.value())


def test_a_calibration_keeps_the_volume_of_what_was_delivered_before() -> None:
    ledger = Ledger(Guard(50_000), 50_000)
    for _ in range(100):
        ledger.book(True, 2)
    ledger.book(True, 0)
    ledger.recalibrate(52_500)
    assert (ledger.verified_nl(), ledger.possible_nl()) == (5_000, 5_050)
    for _ in range(40):
        ledger.book(True, 2)
    ledger.book(True, 0)
    assert ledger.verified_nl() == 5_000 + 40 * 52_500 // 1000
    assert ledger.possible_nl() == 5_050 + (41 * 52_500 + 999) // 1000
    ledger.recalibrate(50_000)
    ledger.book(True, 2)
    assert ledger.verified_nl() == 5_000 + 2_100 + 50


@pytest.mark.parametrize("fails_at", range(4))
def test_a_span_begins_anew_as_a_whole_or_where_memory_runs_out_not_at_all(
    monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    ledger = Ledger(Guard(50_000), 50_000)
    ledger.concentrate(2_000)
    for _ in range(10):
        ledger.book(True, 2)
    ledger.book(True, 0)
    before = ledger.fields(0)["spans"]
    write, calls = sums.write, []

    def short(words: "array[int]", number: int, value: int) -> None:
        calls.append(number)
        if len(calls) > fails_at:
            raise MemoryError
        write(words, number, value)

    monkeypatch.setattr(sums, "write", short)
    with pytest.raises(MemoryError):
        ledger.begin(SINCE_REFILL)
    monkeypatch.undo()
    assert len(calls) == fails_at + 1
    assert ledger.fields(0)["spans"] == before
    ledger.begin(SINCE_REFILL)
    assert set(ledger.fields(0)["spans"][SINCE_REFILL].values()) == {0}


@given(st.lists(st.integers(0, (1 << 84) - 1), min_size=1, max_size=24))
def test_a_sum_in_guarded_words_is_what_was_written(values: list[int]) -> None:
    words = array("i", [0, -1] * (3 * len(values)))
    for number, value in enumerate(values):
        sums.write(words, number, value)
    assert [sums.read(words, number) for number in range(len(values))] == values
    assert sum(words) == -len(words) // 2
    assert max(words) < 1 << 28
