"""The tickless superloop: runs each task when it is due, sleeps until the next deadline.

Nothing in it blocks. It sleeps in slices, because the chip's sleep does not end early: after each
slice it looks for bytes on the serial line and for an interrupt that wants attention.
"""

from firmware.clock import DAY_MS

IDLE_SLICE_MS = 250  # first answer to a programmer within 300 ms
AWAKE_SLICE_MS = 1  # later answers within 20 ms
_SLEEP_MS_MAX = 60_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Tuple

    from firmware.board import Board
    from firmware.clock import Clock, WallClock
    from firmware.session import Session
    from firmware.task import Task


class Loop:
    """Runs `tasks` in the order given: what delivers first, what talks last.

    beat: set at every slice; the heartbeat monitor clears it and expects it back.
    """

    def __init__(
        self,
        board: "Board",
        clock: "Clock",
        wall: "WallClock",
        session: "Session",
        tasks: "Tuple[Task, ...]",
    ) -> None:
        self._board = board
        self._clock = clock
        self._wall = wall
        self._session = session
        self._tasks = tasks
        self._read = clock.read
        self._any = board.uart_any
        self._sleep_ms = board.sleep_ms
        self.beat = True

    def run_once(self) -> None:
        """Run what is due, then sleep until a deadline, a byte or an interrupt comes."""
        now_ms = self._read()
        if self._clock.must_rebase:
            self._rebase()
            now_ms -= DAY_MS
        for task in self._tasks:
            if now_ms >= task.due_ms:
                task.poll(now_ms)
        next_ms = now_ms + _SLEEP_MS_MAX
        for task in self._tasks:
            if task.due_ms < next_ms:
                next_ms = task.due_ms
        self._sleep(next_ms)

    def _sleep(self, until_ms: int) -> None:
        board = self._board
        slice_ms = AWAKE_SLICE_MS if self._session.awake else IDLE_SLICE_MS
        while True:
            self.beat = True
            left_ms = until_ms - self._read()
            if left_ms <= 0:
                return
            if board.woken:
                board.woken = False
                return
            if self._any():
                self._session.due_ms = 0
                return
            self._sleep_ms(left_ms if left_ms < slice_ms else slice_ms)

    def _rebase(self) -> None:
        self._clock.rebase()
        self._wall.rebase()
        for task in self._tasks:
            task.rebase(DAY_MS)
