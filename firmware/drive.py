"""One permitted step: arms the timer, makes the edge, expires.

`permit_step` and `cancel` run in the loop; `_on_timer` in a hard timer interrupt (a few pin
writes, no allocation). A permit is for exactly one step: the interrupt makes the edge and arms
nothing, so a dead loop delivers nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.board import Board


class Drive:
    """Stepper driver with a dead-man.

    permits: one-way count of permits given, modulo 2**16; all that the motion monitor is told.
    made: whether the edge of the latest permit has been made.
    """

    def __init__(self, board: "Board") -> None:
        self._board = board
        self._step = board.step
        self._enable = board.enable
        self._armed = False
        self.permits = 0
        self.made = False
        board.on_step(self._on_timer)

    def permit_step(self, delay_ms: int) -> None:
        """Make one step, ``delay_ms`` (>= 0) from now. Allocates nothing."""
        self.permits = (self.permits + 1) & 0xFFFF
        self.made = False
        self._armed = True
        self._enable(0)
        self._board.arm_step(delay_ms)

    def expire(self) -> None:
        """End the permit: a step not made by now is not made; the driver is switched off."""
        self._armed = False
        self._enable(1)

    def _on_timer(self, _timer: object) -> None:
        if self._armed:
            self._armed = False
            self._step(1)
            self._step(0)
            self.made = True
