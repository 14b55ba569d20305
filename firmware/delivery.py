"""Delivery: turns the rate into permitted steps, one at a time, and books what the encoder saw.

The delivery path: `poll` and all that it calls run in the loop and allocate nothing
(tests/parity/heap_lock.py). Each step has three instants: LEAD before it is due the permit is
asked and the timer armed; when due, the interrupt makes the edge; SETTLE after it the step is
verified.
"""

from firmware.rate import StepRate
from firmware.task import NEVER, Task

LEAD_MS = 30  # the loop may be this late without making the step late
ENERGISE_MS = 5  # between switching the driver on and the edge, late or not; the motor takes 2 ms
SETTLE_MS = 40  # motor and encoder are at rest; LEAD + SETTLE < 180 ms, the shortest period
HELD_MS = 10  # a settle that is later than this: the chip was held, and the edge may have been too
LATE_MS_MAX = 1_000  # later than this a step is missed delivery, and not caught up
MISSED_STEPS_MAX = 2  # in a row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from firmware.drive import Drive
    from firmware.ledger import Ledger
    from firmware.monitor.motion import Motion
    from firmware.monitor.pressure import Pressure


class Delivery(Task):
    """Delivers at a rate, step by step.

    may_step: asked before each step. on_stalled: called when steps in a row did not arrive.
    """

    def __init__(
        self,
        drive: "Drive",
        ledger: "Ledger",
        motion: "Motion",
        pressure: "Pressure",
        step_pl: int,
    ) -> None:
        super().__init__()
        self._drive = drive
        self._ledger = ledger
        self._motion = motion
        self._pressure = pressure
        self._rate = StepRate(step_pl)
        self._rate_nl_day = 0
        self._settling = False
        self._taken = False
        self._patient = False
        self._edges_booked = 0
        self._missed = 0
        self.may_step: "Callable[[], bool]" = _never
        self.on_stalled: "Callable[[], None]" = _nobody

    def set_rate(self, rate_nl_day: int, from_ms: int) -> None:
        """Deliver at this rate from ``from_ms`` on; 0: not at all. The part of a step already
        earned is kept.

        Allocates: called where a rate is loaded. A step that is armed and not made is withdrawn.
        """
        if self._settling:
            self._withdraw_or_take()
        self._rate.set_rate(rate_nl_day, from_ms)
        self._rate_nl_day = rate_nl_day
        if not self._settling:
            self._wait()

    def calibrate(self, step_pl: int) -> None:
        """The volume of a step is ``step_pl``.

        Only while no rate is set; the phase starts anew.
        """
        self._rate = StepRate(step_pl)
        self._missed = 0

    def poll(self, now_ms: int) -> None:
        """Ask the permit for the next step, or verify the last one."""
        if self._settling:
            self._settle(now_ms)
        elif now_ms - self._rate.due_ms > LATE_MS_MAX:
            self._forfeit(now_ms)
        else:
            self._arm(now_ms)

    def room_ms(self, now_ms: int) -> int:
        """For how long the loop may do something else without making a step late."""
        return self.due_ms - now_ms

    def rebase(self, by_ms: int) -> None:
        """See Task."""
        super().rebase(by_ms)
        if self._rate_nl_day:
            self._rate.rebase(by_ms)

    def _wait(self) -> None:
        self.due_ms = self._rate.due_ms - LEAD_MS if self._rate_nl_day else NEVER

    def _arm(self, now_ms: int) -> None:
        if self._pressure.blocked(now_ms) or not self.may_step():
            self.due_ms = NEVER
            return
        delay_ms = self._rate.due_ms - now_ms
        if delay_ms < ENERGISE_MS:
            delay_ms = ENERGISE_MS
        self._drive.permit_step(delay_ms)
        self._settling = True
        self._taken = False
        self._patient = True
        self.due_ms = now_ms + delay_ms + SETTLE_MS

    def _settle(self, now_ms: int) -> None:
        if self._patient and now_ms - self.due_ms > HELD_MS:
            self._patient = False
            self.due_ms = now_ms + SETTLE_MS
            return
        drive = self._drive
        drive.expire()
        self._settling = False
        if drive.made and not self._taken:
            self._rate.take_step()
        arrived = self._book()
        self._wait()
        if arrived:
            self._missed = 0
            return
        self._missed += 1
        if self._missed >= MISSED_STEPS_MAX:
            self._missed = 0
            self.on_stalled()

    def _book(self) -> bool:
        edges = (self._motion.edges - self._edges_booked) & 0xFFFF
        self._edges_booked = self._motion.edges
        if edges & 0x8000:
            edges -= 0x1_0000
        return self._ledger.book(self._drive.made, edges)

    def _withdraw_or_take(self) -> None:
        """A step is under way: before its edge it is withdrawn, after it taken."""
        if not self._drive.made:
            self._drive.expire()
        if self._drive.made:
            if not self._taken:
                self._rate.take_step()
                self._taken = True
        else:
            self._settling = False
            self._book()

    def _forfeit(self, now_ms: int) -> None:
        """The loop was away for too long: what was due meanwhile is not caught up."""
        self._rate.set_rate(0, self._rate.due_ms)
        self._rate.set_rate(self._rate_nl_day, now_ms)
        self._wait()


def _never() -> bool:
    """No permit before the pump has been put together."""
    return False


def _nobody() -> None:
    """Stands where no listener has been connected yet."""
