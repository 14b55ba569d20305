"""A look at a pump over its line: what it tells holds when it is told."""

import binascii
from collections.abc import Callable
from typing import Any

import pytest

from emulator.bench.looker import Looker
from emulator.bench.picture import Picture
from protocol.wire import schema
from protocol.wire.frame import Decoder
from tests.pumps import Bed

FULL_NL_DAY = 24_000_000
STEP_MS = 180  # at this rate
PHASES = 12
HELD_MS = 400  # shorter than the time after which a client asks again


class SlowBoard:
    """A pump with the face of a board. Its line holds each answer that `is_held` wants, for so
    long; None: it loses it.
    """

    def __init__(
        self, bed: Bed, is_held: Callable[[bytes], bool], held_ms: int | None = HELD_MS
    ) -> None:
        self._world = bed.world
        self._is_held = is_held
        self._held_ms = held_ms
        self.private: Callable[[bytes, int], None] | None = None
        self.watch = bed.world.chip.outside.listen
        self.uart_in = bed.world.chip.outside.uart_in
        self.run_for_ms = bed.world.run_for_ms
        bed.world.chip.outside.uart_out(self._on_answer)

    @property
    def now_us(self) -> int:
        return self._world.now_us

    def _on_answer(self, data: bytes, left_us: int) -> None:
        delay_ms = self._held_ms if self._is_held(data) else 0
        if delay_ms is None:
            return
        self._world.at(left_us + delay_ms * 1_000, lambda _: self._tell(data, left_us))

    def _tell(self, data: bytes, left_us: int) -> None:
        assert self.private is not None
        self.private(data, left_us)


@pytest.fixture
def bed() -> Bed:
    made = Bed()
    made.running((0, FULL_NL_DAY))
    made.programmer.goodbye()
    made.run(s=5)
    return made


def told_and_made(bed: Bed, looker: Looker) -> tuple[int, int]:
    """Steps that one look tells of, and how many the motor driver had seen by then."""
    picture = Picture()
    told: list[tuple[int, int]] = []
    looker.look(picture, lambda: told.append((picture.ledger.commanded.steps, len(bed.steps))))
    return told[0]


def looker_at(bed: Bed, is_held: Callable[[bytes], bool], held_ms: int | None = HELD_MS) -> Looker:
    board: Any = SlowBoard(bed, is_held, held_ms)
    return Looker(board, board)


class FirstTotals:
    """Wants the first answer to TOTALS."""

    def __init__(self) -> None:
        self.found = False

    def __call__(self, answer: bytes) -> bool:
        (one,) = Decoder(binascii.crc32).feed(answer)
        is_first = one.kind == schema.TOTALS | schema.ANSWER and not self.found
        self.found |= is_first
        return is_first


def test_totals_are_those_of_now_however_late_the_answer_came(bed: Bed) -> None:
    first = FirstTotals()
    told, made = told_and_made(bed, looker_at(bed, first))
    assert first.found
    assert told == made


@pytest.mark.parametrize("phase", range(PHASES))
def test_totals_are_those_of_now_where_the_first_answer_was_lost(bed: Bed, phase: int) -> None:
    """The request is repeated, and the pump gives the answer that it gave before."""
    bed.run(ms=phase * STEP_MS // PHASES)
    first = FirstTotals()
    told, made = told_and_made(bed, looker_at(bed, first, None))
    assert first.found
    assert told == made


def test_a_step_that_is_not_booked_yet_is_waited_for(bed: Bed) -> None:
    """Whatever the phase of the look: the firmware books a step 40 ms after its edge."""
    looker = looker_at(bed, lambda _answer: False)
    for _ in range(PHASES):
        told, made = told_and_made(bed, looker)
        assert told == made
        bed.run(ms=STEP_MS // PHASES)


def test_a_look_over_a_line_that_is_slower_than_the_steps_ends(bed: Bed) -> None:
    told, made = told_and_made(bed, looker_at(bed, lambda _answer: True))
    assert 0 < made - told <= HELD_MS // STEP_MS + 2
