"""The step ledger: the only source of a "delivered" figure.

Written by delivery, from the loop; read by commands, kept on the flash by the keeper. Commanded is
an edge made, verified a step that the encoder saw, unverified an edge that it did not see. What
was delivered lies between verified and verified + unverified.

A reservation bounds what a power failure can hide: before the first step of a block the record on
the flash says how many may follow (`left`). After a restart those that were reserved count as
unverified: they may have been made, or not.
"""

from array import array

from firmware import sums
from firmware.count import Count
from firmware.guard import (
    BOLUS_UNVERIFIED,
    BOLUS_VERIFIED,
    BOOKED_PL,
    COMMANDED,
    CONC_MCG_ML,
    HALF,
    KIND,
    LEFT,
    PART_NL_DAY,
    SHARE_NL_DAY,
    TOTAL_NL_DAY,
    UNVERIFIED,
    VERIFIED,
    put,
)
from protocol.wire import schema

# Spans of time, or kinds of therapy, that volumes are kept for. The first two together are a life;
# a bolus counts for the therapy that it came on top of, and for itself.
OF_CONTINUOUS = 0
OF_SCHEDULE = 1
SINCE_REFILL = 2
SINCE_MIDNIGHT = 3
OF_BOLUS = 4
SPANS = 5

# Sums of each span (firmware/sums.py), then the four counts at the last fold.
_VERIFIED_PL = 0
_UNVERIFIED_PL = 1
_VERIFIED_FG = 2  # doses: pL x mcg/mL
_UNVERIFIED_FG = 3
_OF_A_SPAN = 4
_FOLDED = _OF_A_SPAN * SPANS
_NAMES = ("verified_pl", "unverified_pl", "verified_fg", "unverified_fg")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

    from firmware.guard import Guard


class Ledger:
    """Steps for life, and their volumes at the calibration that held when each was made.

    Steps are counted modulo 2**32: 24 years at 24 mL/day. Their volumes do not wrap. All numbers
    are guarded (firmware/guard.py), so none is wrong while steps are made.

    boots: how often the pump has started. powered_s: how long it had power before this start.
    log_number: of the newest event on the flash.
    is_sound: False once a guarded number was wrong; what the flash holds is the truth then.
    """

    def __init__(self, guard: "Guard", step_pl: int) -> None:
        self._guard = guard
        self._words = words = guard.step
        self.commanded = Count(words, COMMANDED)
        self.verified = Count(words, VERIFIED)
        self.unverified = Count(words, UNVERIFIED)
        self._bolus_verified = Count(words, BOLUS_VERIFIED)
        self._bolus_unverified = Count(words, BOLUS_UNVERIFIED)
        self.boots = 0
        self.powered_s = 0
        self.log_number = 0
        self.is_sound = True
        put(guard.rest, BOOKED_PL, step_pl)
        put(guard.rest, KIND, schema.CONTINUOUS)

    @property
    def left(self) -> int:
        """Steps that may still be made under the reservation on the flash."""
        return self._words[LEFT]

    @left.setter
    def left(self, steps: int) -> None:
        """So many have been reserved."""
        put(self._words, LEFT, steps)

    def book(self, made: bool, edges: int) -> bool:
        """Book one permit: whether its edge was made, and the encoder edges since the last
        booking.

        edges: forward minus backward. Returns whether a made step was seen to arrive. Allocates
        nothing.
        """
        words = self._words
        half = words[HALF] + edges
        steps = half // 2 if half > 0 else 0
        if steps:
            half -= 2 * steps
            self.verified.add(steps)
        if half != words[HALF]:
            put(words, HALF, half)
        if not made:
            return True
        put(words, LEFT, words[LEFT] - 1)
        self.commanded.add(1)
        if not steps:
            self.unverified.add(1)
        if words[SHARE_NL_DAY]:
            self._share_step(steps > 0)
        return steps > 0

    def share(self, bolus_nl_day: int, total_nl_day: int) -> None:
        """Of the steps that follow, a bolus has its part of the rate; 0: there is none.

        A step under way counts with those that follow. Allocates nothing.
        """
        words = self._words
        if not words[SHARE_NL_DAY]:
            put(words, PART_NL_DAY, total_nl_day // 2)
        put(words, SHARE_NL_DAY, bolus_nl_day)
        put(words, TOTAL_NL_DAY, total_nl_day)

    def recalibrate(self, step_pl: int) -> None:
        """From now on a step is ``step_pl``; what was delivered before keeps its volume."""
        self._fold()
        put(self._guard.rest, BOOKED_PL, step_pl)

    def concentrate(self, conc_mcg_ml: int) -> None:
        """From now on the reservoir holds this."""
        self._fold()
        put(self._guard.rest, CONC_MCG_ML, conc_mcg_ml)

    def deliver_as(self, kind: int) -> None:
        """What follows is therapy of this kind: schema.CONTINUOUS or SCHEDULE.

        What was reserved for the other one is not used: after a reset it would count for that one.
        """
        if kind != self._guard.rest[KIND]:
            self._fold()
            put(self._guard.rest, KIND, kind)
            self.left = 0

    def begin(self, span: int) -> None:
        """SINCE_REFILL or SINCE_MIDNIGHT begins anew: all of it or, as _fold, nothing."""
        self._fold()
        totals = array("i", self._guard.totals)
        for which in range(_OF_A_SPAN):
            sums.write(totals, _OF_A_SPAN * span + which, 0)
        self._guard.totals = totals

    def verified_nl(self) -> int:
        """Lower end of what was delivered in the pump's life, in nL."""
        return self._life(_VERIFIED_PL) // 1000

    def possible_nl(self) -> int:
        """Upper end of what was delivered in the pump's life, in nL."""
        return (self._life(_VERIFIED_PL) + self._life(_UNVERIFIED_PL) + 999) // 1000

    def verified_ng(self) -> int:
        """Lower end of the dose that was delivered in the pump's life, in ng."""
        return self._life(_VERIFIED_FG) // 1_000_000

    def possible_ng(self) -> int:
        """Upper end of the dose that was delivered in the pump's life, in ng."""
        return -(-(self._life(_VERIFIED_FG) + self._life(_UNVERIFIED_FG)) // 1_000_000)

    def span_nl(self, span: int) -> int:
        """Lower end of what was delivered in a span, in nL."""
        return self._sum(span, _VERIFIED_PL) // 1000

    def span_possible_nl(self, span: int) -> int:
        """Upper end of what was delivered in a span, in nL."""
        return (self._sum(span, _VERIFIED_PL) + self._sum(span, _UNVERIFIED_PL) + 999) // 1000

    def fields(self, reserved_steps: int) -> "Dict[str, Any]":
        """What of it goes into the record (firmware/records.py)."""
        self._fold()
        totals = self._guard.totals
        spans = []
        for span in range(SPANS):
            at = _OF_A_SPAN * span
            spans.append({name: sums.read(totals, at + n) for n, name in enumerate(_NAMES)})
        return {
            "commanded_steps": self.commanded.value(),
            "verified_steps": self.verified.value(),
            "unverified_steps": self.unverified.value(),
            "reserved_steps": reserved_steps,
            "step_pl": self._guard.rest[BOOKED_PL],
            "kind": self._guard.rest[KIND],
            "is_bolus": int(self._words[SHARE_NL_DAY] > 0),
            "spans": spans,
            "boots": self.boots,
            "log_number": self.log_number,
        }

    def restore(self, fields: "Dict[str, Any]") -> None:
        """Go on from a record: what it had reserved may have been made.

        Before the first step.
        """
        put(self._guard.rest, BOOKED_PL, fields["step_pl"])
        put(self._guard.rest, KIND, fields["kind"])
        self.boots = fields["boots"]
        self.powered_s = fields["powered_s"]
        self.log_number = fields["log_number"]
        self.commanded.set(fields["commanded_steps"])
        self.verified.set(fields["verified_steps"])
        self.unverified.set(fields["unverified_steps"])
        totals = self._guard.totals
        for number, count in enumerate(self._counts()):
            sums.write(totals, _FOLDED + number, count)
        for span, values in enumerate(fields["spans"]):
            for which, name in enumerate(_NAMES):
                sums.write(totals, _OF_A_SPAN * span + which, values[name])
        self.unverified.set(fields["unverified_steps"] + fields["reserved_steps"])
        if fields["is_bolus"]:
            self._bolus_unverified.set(fields["reserved_steps"])
        self._fold()

    def _life(self, which: int) -> int:
        return self._sum(OF_CONTINUOUS, which) + self._sum(OF_SCHEDULE, which)

    def _sum(self, span: int, which: int) -> int:
        self._fold()
        return sums.read(self._guard.totals, _OF_A_SPAN * span + which)

    def _share_step(self, arrived: bool) -> None:
        """Whether a step that was made was one of the bolus's."""
        words = self._words
        part_nl_day = words[PART_NL_DAY] + words[SHARE_NL_DAY]
        if part_nl_day >= words[TOTAL_NL_DAY]:
            part_nl_day -= words[TOTAL_NL_DAY]
            (self._bolus_verified if arrived else self._bolus_unverified).add(1)
        put(words, PART_NL_DAY, part_nl_day)

    def _counts(self) -> "List[int]":
        return [
            self.verified.value(),
            self.unverified.value(),
            self._bolus_verified.value(),
            self._bolus_unverified.value(),
        ]

    def _fold(self) -> None:
        """Add the steps since the last fold to every span that they belong to.

        All of it or, where memory runs out, nothing. Raises Corrupt: what is written anew would
        be sound, whatever it was.
        """
        self._guard.check_totals()
        counts = self._counts()
        folded = [sums.read(self._guard.totals, _FOLDED + number) for number in range(4)]
        if counts == folded:
            return
        totals = array("i", self._guard.totals)
        rest = self._guard.rest
        new_pl = []
        for number, count in enumerate(counts):
            new_pl.append((count - folded[number] & schema.U32_MAX) * rest[BOOKED_PL])
            sums.write(totals, _FOLDED + number, count)
        kind = OF_SCHEDULE if rest[KIND] == schema.SCHEDULE else OF_CONTINUOUS
        for span in (kind, SINCE_REFILL, SINCE_MIDNIGHT, OF_BOLUS):
            of = 2 if span == OF_BOLUS else 0
            for end in (0, 1):
                _add(totals, _OF_A_SPAN * span + end, new_pl[of + end])
                dose_fg = new_pl[of + end] * rest[CONC_MCG_ML]
                _add(totals, _OF_A_SPAN * span + _VERIFIED_FG + end, dose_fg)
        self._guard.totals = totals


def _add(totals: "array[int]", number: int, value: int) -> None:
    sums.write(totals, number, sums.read(totals, number) + value)
