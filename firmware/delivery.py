"""Delivery: turns the rate into permitted steps, one at a time, and books what the encoder saw.

The delivery path: `poll` and all that it calls run in the loop and allocate nothing
(tests/parity/heap_lock.py). Each step has three instants: LEAD before it is due the permit is
asked and the timer armed; when due, the interrupt makes the edge; SETTLE after it the step is
verified.
"""

from firmware.guard import (
    DUE_MS,
    EDGES,
    LEFT,
    MADE,
    MISSED,
    PATIENT,
    PERIOD_MS,
    PERMITTED,
    RATE_NL_DAY,
    STATE,
    STEP,
    TAKEN,
    WAKE_MS,
    Corrupt,
    put,
)
from firmware.rate import StepRate
from firmware.state import RUNNING
from firmware.task import NEVER, Task, nobody
from protocol.wire import events

LEAD_MS = 30  # the loop may be this late without making the step late
ENERGISE_MS = 5  # between switching the driver on and the edge, late or not; the motor takes 2 ms
SETTLE_MS = 40  # motor and encoder are at rest; LEAD + SETTLE < 180 ms, the shortest period
HELD_MS = 10  # a settle that is later than this: the chip was held, and the edge may have been too
LATE_MS_MAX = 1_000  # later than this a step is missed delivery, and not caught up
MISSED_STEPS_MAX = 2  # in a row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from firmware.clock import Clock
    from firmware.drive import Drive
    from firmware.guard import Guard
    from firmware.ledger import Ledger
    from firmware.monitor.motion import Motion
    from firmware.monitor.pressure import Pressure


class Delivery(Task):
    """Delivers at a rate, step by step. Its numbers are guarded (firmware/guard.py).

    on_stalled: called when steps in a row did not arrive. on_block_end: called when the steps
    reserved on the flash are used up, but for one. note: told of missed delivery (events.MISSED).
    """

    def __init__(
        self,
        guard: "Guard",
        clock: "Clock",
        drive: "Drive",
        ledger: "Ledger",
        motion: "Motion",
        pressure: "Pressure",
    ) -> None:
        super().__init__()
        self._guard = guard
        self._words = guard.step
        self._read = clock.read
        self._drive = drive
        self._ledger = ledger
        self._motion = motion
        self._pressure = pressure
        self._rate = StepRate(guard)
        self.on_stalled: "Callable[[], None]" = nobody
        self.on_block_end: "Callable[[], None]" = nobody
        self.note: "Callable[[int, int, int], None]" = nobody
        self._wake(NEVER)

    def set_rate(self, rate_nl_day: int, from_ms: int, bolus_nl_day: int = 0) -> None:
        """Deliver at this rate from ``from_ms`` on; 0: not at all. The part of a step already
        earned is kept. bolus_nl_day: what of it is a bolus.

        A step that is armed and not made is withdrawn. Allocates nothing. Raises Corrupt.
        """
        self._guard.check()
        words = self._words
        if words[STEP]:
            self._withdraw_or_take()
        self._rate.set_rate(rate_nl_day, from_ms)
        self._ledger.share(bolus_nl_day, rate_nl_day)
        if not words[STEP]:
            self._wait()

    def calibrate(self, step_pl: int, is_restart: bool = False) -> None:
        """The volume of a step is ``step_pl``.

        Only while no rate is set; the phase starts anew (StepRate.calibrate). Raises Corrupt.
        """
        self._guard.check_pairs()
        self._rate.calibrate(step_pl, is_restart)
        put(self._words, MISSED, 0)

    def poll(self, now_ms: int) -> None:
        """Ask the permit for the next step, or verify the last one. Raises Corrupt."""
        words = self._words
        if self.due_ms != words[WAKE_MS]:
            raise Corrupt()
        if words[STEP]:
            self._guard.check_step()
            self._settle(now_ms)
            return
        self._guard.check()
        self._motion.edges()  # sound, or no step
        if now_ms - words[DUE_MS] > LATE_MS_MAX:
            self._forfeit(now_ms)
        else:
            self._arm(now_ms)

    def has_room(self, now_ms: int, want_ms: int) -> bool:
        """Whether the loop may do something else for so long without making a step late.

        Where steps come too fast for that: whether one has just been settled, so that there is as
        much room as there will ever be.
        """
        room_ms = self.due_ms - now_ms
        if room_ms >= want_ms:
            return True
        most_ms = self._words[PERIOD_MS] - LEAD_MS - SETTLE_MS - HELD_MS
        return not self._words[STEP] and most_ms < want_ms and room_ms >= most_ms

    def is_under_way(self) -> bool:
        """Whether a step is that has not been booked yet."""
        return self._words[STEP] != 0

    def abandon(self) -> None:
        """Deliver no more: a guarded number is wrong, so none is used.

        A step that may be under way is booked as one that was made and not seen.
        """
        words = self._words
        under_way = words[STEP] or words[STEP + 1] != -1
        self._drive.expire()
        if under_way:
            self._ledger.book(True, 0)
        put(words, RATE_NL_DAY, 0)
        self._wake(NEVER)

    def rebase(self, by_ms: int) -> None:
        """See Task."""
        if self.due_ms != NEVER:
            self._wake(self.due_ms - by_ms)
        if self._words[RATE_NL_DAY]:
            self._rate.rebase(by_ms)

    def _wake(self, at_ms: int) -> None:
        self.due_ms = at_ms
        put(self._words, WAKE_MS, at_ms)

    def _wait(self) -> None:
        words = self._words
        at_ms = words[DUE_MS] - LEAD_MS if words[RATE_NL_DAY] else NEVER
        self.due_ms = words[WAKE_MS] = at_ms
        words[WAKE_MS + 1] = ~at_ms

    def _arm(self, now_ms: int) -> None:
        if self._words[LEFT] <= 0:
            self.on_block_end()
            self._wake(now_ms + 1)
            return
        words = self._words
        if self._pressure.blocked(now_ms) or words[STATE] != RUNNING:
            self._wake(NEVER)
            return
        now_ms = self._read()  # a millisecond, or a write of the flash, after the turn began
        delay_ms = words[DUE_MS] - now_ms
        if delay_ms < ENERGISE_MS:
            delay_ms = ENERGISE_MS
        self._drive.permit_step(delay_ms)
        at_ms = now_ms + delay_ms + SETTLE_MS
        self.due_ms = words[WAKE_MS] = at_ms
        words[WAKE_MS + 1] = ~at_ms

    def _settle(self, now_ms: int) -> None:
        words = self._words
        if words[STEP] == PERMITTED and now_ms - self.due_ms > HELD_MS:
            put(words, STEP, PATIENT)
            self._wake(now_ms + SETTLE_MS)
            return
        is_taken = words[STEP] == TAKEN
        self._drive.expire()
        if words[MADE] and not is_taken:
            self._rate.take_step()
        arrived = self._book()
        self._wait()
        if words[LEFT] <= 0:
            self.on_block_end()
        if arrived:
            if words[MISSED]:
                put(words, MISSED, 0)
            return
        put(words, MISSED, words[MISSED] + 1)
        if words[MISSED] >= MISSED_STEPS_MAX:
            put(words, MISSED, 0)
            self.on_stalled()

    def _book(self) -> bool:
        words = self._words
        seen = self._motion.edges()
        edges = (seen - words[EDGES]) & 0xFFFF
        words[EDGES] = seen
        words[EDGES + 1] = ~seen
        if edges & 0x8000:
            edges -= 0x1_0000
        return self._ledger.book(bool(words[MADE]), edges)

    def _withdraw_or_take(self) -> None:
        """A step is under way: before its edge it is withdrawn, after it taken."""
        words = self._words
        is_taken = words[STEP] == TAKEN
        if not words[MADE]:
            self._drive.expire()
        if words[MADE]:
            if not is_taken:
                self._rate.take_step()
            put(words, STEP, TAKEN)
        else:
            self._book()

    def _forfeit(self, now_ms: int) -> None:
        """The loop was away for too long: what was due meanwhile is not caught up."""
        words = self._words
        rate_nl_day = words[RATE_NL_DAY]
        self.note(events.MISSED, now_ms - words[DUE_MS], rate_nl_day)
        self._rate.set_rate(0, words[DUE_MS])
        self._rate.set_rate(rate_nl_day, now_ms)
        self._wait()
