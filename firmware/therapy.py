"""Which rate holds now, and until when.

Polled from the loop; changed only by commands, through the pump. Tells delivery a rate with the
exact instant from which it holds: the edge of the segment, not the moment at which the loop came
round to it.
"""

from firmware.clock import DAY_MS
from firmware.guard import (
    BOLUS_END_MS,
    BOLUS_NL_DAY,
    CHANGE_MS,
    IS_SCHEDULE,
    RATE_NL_DAY,
    REST_WORDS,
    SEGMENT,
    SEGMENT_WORDS,
    SEGMENTS,
    Corrupt,
    put,
    take,
)
from firmware.task import NEVER, Task, nobody
from protocol.wire import schema

_MIN_MS = 60_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict, List, Optional

    from firmware.clock import WallClock
    from firmware.delivery import Delivery
    from firmware.guard import Guard, Words
    from firmware.prescription import Prescription


class Therapy(Task):
    """The prescription in force, and where in it the pump is. Delivery goes by guarded numbers.

    prescription: as it was confirmed, for those who ask; None: there is none.
    on_rate: told of each rate, with its segment and from when on it holds. on_bolus_end: told that
    a bolus was given whole (schema.WHOLE).
    """

    def __init__(self, guard: "Guard", wall: "WallClock", delivery: "Delivery") -> None:
        super().__init__()
        self._guard = guard
        self._wall = wall
        self._delivery = delivery
        self.prescription: "Optional[Prescription]" = None
        self.on_rate: "Callable[[int, int, int], None]" = nobody
        self.on_bolus_end: "Callable[[int], None]" = nobody
        self._plan(NEVER)

    @property
    def rate_nl_day(self) -> int:
        """What is programmed for now; 0 while stopped. Raises Corrupt."""
        return take(self._guard.step, RATE_NL_DAY)

    @property
    def segment(self) -> int:
        """1 .. n of the schedule, 0 while stopped. Raises Corrupt."""
        return take(self._guard.rest, SEGMENT)

    def load(self, prescription: "Optional[Prescription]") -> None:
        """Put a prescription in force, from the next `begin` on. Raises Corrupt."""
        if prescription is None:
            self._guard.load(False, [])
        else:
            self._guard.load(
                prescription.therapy == schema.SCHEDULE,
                list(zip(prescription.starts_min, prescription.rates_nl_day)),
            )
        self.prescription = prescription

    def segments(self) -> "List[Dict[str, int]]":
        """Those that are delivered, as PROPOSE has them. Raises Corrupt."""
        self._guard.check()
        rest = self._guard.rest
        return [
            {"start_min": rest[at], "rate_nl_day": rest[at + 2]}
            for at in range(REST_WORDS, len(rest), SEGMENT_WORDS)
        ]

    def begin(self, from_ms: int) -> None:
        """Deliver as prescribed from ``from_ms`` on. Allocates nothing. Raises Corrupt.

        Also after a change of prescription or clock.
        """
        self._guard.check()
        rest = self._guard.rest
        count = rest[SEGMENTS]
        if not count:
            return
        at = REST_WORDS
        change_ms = NEVER
        if rest[IS_SCHEDULE]:
            day_ms = self._wall.day_ms(from_ms)
            at = _segment_at(rest, day_ms // _MIN_MS)
            change_ms = from_ms + _until(rest, at, day_ms)
        put(rest, SEGMENT, (at - REST_WORDS) // SEGMENT_WORDS + 1)
        bolus_nl_day = rest[BOLUS_NL_DAY]
        if bolus_nl_day:
            if from_ms < rest[BOLUS_END_MS]:
                change_ms = min(change_ms, rest[BOLUS_END_MS])
            else:
                bolus_nl_day = 0
                self._forget_bolus()
                self.on_bolus_end(schema.WHOLE)
        self._plan(change_ms)
        rate_nl_day = rest[at + 2] + bolus_nl_day
        self._delivery.set_rate(rate_nl_day, from_ms, bolus_nl_day)
        self.on_rate(rate_nl_day, rest[SEGMENT], from_ms)

    def begin_bolus(self, rate_nl_day: int, duration_ms: int, from_ms: int) -> None:
        """Deliver so much more for so long. Raises Corrupt."""
        self._guard.check()
        put(self._guard.rest, BOLUS_NL_DAY, rate_nl_day)
        put(self._guard.rest, BOLUS_END_MS, from_ms + duration_ms)
        self.begin(from_ms)

    def end_bolus(self, now_ms: int) -> None:
        """Deliver as prescribed again, and no more. Raises Corrupt. Allocates nothing."""
        if take(self._guard.rest, BOLUS_NL_DAY):
            self._forget_bolus()
            self.begin(now_ms)

    def bolus_left_ms(self, now_ms: int) -> int:
        """How long the bolus goes on; 0: there is none. Raises Corrupt."""
        if not take(self._guard.rest, BOLUS_NL_DAY):
            return 0
        return max(0, take(self._guard.rest, BOLUS_END_MS) - now_ms)

    def halt(self, now_ms: int) -> None:
        """Deliver nothing from now on. Raises Corrupt."""
        self._guard.check()
        put(self._guard.rest, SEGMENT, 0)
        self._forget_bolus()
        self._plan(NEVER)
        self._delivery.set_rate(0, now_ms, 0)
        self.on_rate(0, 0, now_ms)

    def abandon(self) -> None:
        """Deliver nothing more: a guarded number is wrong, so none is used."""
        put(self._guard.rest, SEGMENT, 0)
        self._forget_bolus()
        self._plan(NEVER)
        self._delivery.abandon()

    def poll(self, now_ms: int) -> None:
        """A segment or a bolus has ended. Raises Corrupt."""
        if self.due_ms != take(self._guard.step, CHANGE_MS):
            raise Corrupt()
        self.begin(self.due_ms)

    def rebase(self, by_ms: int) -> None:
        """See Task."""
        if self.due_ms != NEVER:
            self._plan(self.due_ms - by_ms)
        rest = self._guard.rest
        if rest[BOLUS_NL_DAY]:
            put(rest, BOLUS_END_MS, take(rest, BOLUS_END_MS) - by_ms)

    def _forget_bolus(self) -> None:
        put(self._guard.rest, BOLUS_NL_DAY, 0)

    def _plan(self, change_ms: int) -> None:
        self.due_ms = change_ms
        put(self._guard.step, CHANGE_MS, change_ms)

    def next_change_s(self, now_ms: int) -> int:
        """Seconds until the next segment, rounded up; 0: no change ahead."""
        if self.due_ms == NEVER:
            return 0
        return max(0, self.due_ms - now_ms + 999) // 1000


def _segment_at(rest: "Words", minute: int) -> int:
    """Where the segment stands that holds at ``minute`` after midnight: the last one at first."""
    found = len(rest) - SEGMENT_WORDS
    at = REST_WORDS
    while at < len(rest) and rest[at] <= minute:
        found = at
        at += SEGMENT_WORDS
    return found


def _until(rest: "Words", at: int, day_ms: int) -> int:
    """From ``day_ms`` to the start of the segment after this one; a day where it is the only."""
    following = at + SEGMENT_WORDS
    if following == len(rest):
        following = REST_WORDS
    return (rest[following] * _MIN_MS - day_ms - 1) % DAY_MS + 1
