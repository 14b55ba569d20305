"""One permitted step: arms the timer, makes the edge, expires.

`permit_step` and `expire` run in the loop; `_on_timer` in a hard timer interrupt (a few pin
writes, no allocation). A permit is for exactly one step: the interrupt makes the edge and arms
nothing, so a dead loop delivers nothing. Permit and edge are guarded numbers (firmware/guard.py):
the interrupt makes the edge only where both pairs are sound.
"""

from firmware.guard import MADE, PERMITS, PERMITTED, STEP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.board import Board
    from firmware.guard import Guard


class Drive:
    """Stepper driver with a dead-man."""

    def __init__(self, board: "Board", guard: "Guard") -> None:
        self._board = board
        self._step = board.step
        self._enable = board.enable
        self._words = guard.step
        board.on_step(self._on_timer)

    def permit_step(self, delay_ms: int) -> None:
        """Make one step, ``delay_ms`` (>= 0) from now. Allocates nothing."""
        words = self._words
        permits = (words[PERMITS] + 1) & 0xFFFF
        words[PERMITS] = permits
        words[PERMITS + 1] = ~permits
        words[MADE] = 0
        words[MADE + 1] = ~0
        words[STEP] = PERMITTED
        words[STEP + 1] = ~PERMITTED
        self._enable(0)
        self._board.arm_step(delay_ms)

    def expire(self) -> None:
        """End the permit: a step not made by now is not made; the driver is switched off."""
        words = self._words
        words[STEP] = 0
        words[STEP + 1] = ~0
        self._enable(1)

    def _on_timer(self, _timer: object) -> None:
        words = self._words
        step = words[STEP]
        if step and words[STEP + 1] == ~step and words[MADE] == 0 and words[MADE + 1] == ~0:
            self._step(1)
            self._step(0)
            words[MADE] = 1
            words[MADE + 1] = ~1
