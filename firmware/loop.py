"""The tickless superloop: runs each task when it is due, sleeps until the next deadline.

Nothing in it blocks. It sleeps in slices, because the chip's sleep does not end early: after each
slice it looks for bytes on the serial line and for an interrupt that wants attention.
"""

from firmware.clock import DAY_MS, REBASE_AT_MS
from firmware.guard import CHANGE_MS, WAKE_MS, Corrupt

IDLE_SLICE_MS = 250  # first answer to a programmer within 300 ms
AWAKE_SLICE_MS = 1  # later answers within 20 ms
_SLEEP_MS_MAX = 60_000
_NEAR_MS = 300

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Tuple

    from firmware.board import Board
    from firmware.clock import Clock, WallClock
    from firmware.guard import Guard
    from firmware.session import Session
    from firmware.task import Task


class Loop:
    """Runs `tasks` in the order given: what delivers first, what talks last.

    Those of a start, until `open`: the serial line is not looked at before.
    beat: set at every slice; the heartbeat monitor clears it and expects it back.
    """

    def __init__(
        self,
        board: "Board",
        guard: "Guard",
        clock: "Clock",
        wall: "WallClock",
        session: "Session",
        tasks: "Tuple[Task, ...]",
    ) -> None:
        self._board = board
        self._guard = guard
        self._words = guard.step
        self._clock = clock
        self._wall = wall
        self._session = session
        self._tasks = tasks
        self._read = clock.read
        self._any: "Callable[[], int]" = int  # 0: no line is looked at yet
        self._sleep_ms = board.sleep_ms
        self.beat = True

    def open(self, tasks: "Tuple[Task, ...]") -> None:
        """The start is over: run these from now on."""
        self._tasks = tasks
        self._any = self._board.uart_any

    def run_once(self) -> None:
        """Run what is due, then sleep until a deadline, a byte or an interrupt comes.

        Raises Corrupt where it would sleep beyond a deadline of the delivery path, as guarded.
        """
        now_ms = self._read()
        if now_ms >= REBASE_AT_MS:
            self._rebase()
            now_ms -= DAY_MS
        for task in self._tasks:
            if now_ms >= task.due_ms:
                task.poll(now_ms)
        next_ms = now_ms + _SLEEP_MS_MAX
        for task in self._tasks:
            if task.due_ms < next_ms:
                next_ms = task.due_ms
        if next_ms > self._words[WAKE_MS] or next_ms > self._words[CHANGE_MS]:
            raise Corrupt()
        if next_ms > now_ms:
            self._sleep(next_ms, next_ms - self._read())  # a task may have written the flash

    def _sleep(self, until_ms: int, left_ms: int) -> None:
        awake = self._session.awake
        while left_ms > 0 and not self._attention():
            if awake:
                self._sleep_ms(AWAKE_SLICE_MS)
            elif left_ms > _NEAR_MS:
                self._sleep_far(left_ms)
            elif left_ms > IDLE_SLICE_MS:
                self._sleep_ms(IDLE_SLICE_MS)
            else:
                self._sleep_ms(left_ms)
                return  # the next turn looks at the clock
            left_ms = until_ms - self._read()

    def _sleep_far(self, left_ms: int) -> None:
        """Slices without a look at the clock, until near the deadline.

        A slice is late by less than 1 ms and there are at most 240: _NEAR_MS is not missed.
        """
        any_byte = self._any
        sleep_ms = self._sleep_ms
        board = self._board
        while left_ms > _NEAR_MS:
            self.beat = True
            sleep_ms(IDLE_SLICE_MS)
            left_ms -= IDLE_SLICE_MS
            if board.woken or any_byte():
                return

    def _attention(self) -> bool:
        """Whether an interrupt or the serial line wants the loop to turn."""
        self.beat = True
        board = self._board
        if board.woken:
            board.woken = False
            return True
        if self._any():
            self._session.due_ms = 0
            return True
        return False

    def _rebase(self) -> None:
        self._guard.check()
        self._clock.rebase()
        self._wall.rebase()
        for task in self._tasks:
            task.rebase(DAY_MS)
