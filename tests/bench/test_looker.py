"""A look at a pump over its line: what it tells holds when it is told."""

import binascii
from collections.abc import Callable
from typing import Any

from emulator.bench.looker import Looker
from emulator.bench.picture import Picture
from protocol.wire import schema
from protocol.wire.frame import Decoder
from tests.pumps import Bed

FULL_NL_DAY = 24_000_000  # a step in 180 ms
HELD_MS = 400  # shorter than the time after which a client asks again


class SlowBoard:
    """A pump with the face of a board. Its line holds each answer that `is_held` wants."""

    def __init__(self, bed: Bed, is_held: Callable[[bytes], bool]) -> None:
        self._world = bed.world
        self._is_held = is_held
        self.private: Callable[[bytes], None] | None = None
        self.watch = bed.world.chip.outside.listen
        self.uart_in = bed.world.chip.outside.uart_in
        self.run_for_ms = bed.world.run_for_ms
        bed.world.chip.outside.uart_out(self._on_answer)

    @property
    def now_us(self) -> int:
        return self._world.now_us

    def _on_answer(self, data: bytes, _done_us: int) -> None:
        assert self.private is not None
        if self._is_held(data):
            self._world.at(self._world.now_us + HELD_MS * 1_000, self.private, data)
        else:
            self.private(data)


def test_totals_are_those_of_now_however_late_the_answer_came() -> None:
    bed = Bed()
    bed.running((0, FULL_NL_DAY))
    bed.programmer.goodbye()
    bed.run(s=5)
    held: list[bytes] = []

    def first_totals(answer: bytes) -> bool:
        (one,) = Decoder(binascii.crc32).feed(answer)
        if one.kind != schema.TOTALS | schema.ANSWER or held:
            return False
        held.append(answer)
        return True

    board: Any = SlowBoard(bed, first_totals)
    picture, told = Picture(), []
    Looker(board, board).look(
        picture, lambda: told.append((picture.ledger.commanded.steps, len(bed.steps)))
    )
    assert held
    ((commanded, made),) = told
    assert commanded == made
