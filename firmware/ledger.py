"""The step ledger: the only source of a "delivered" figure.

Written by delivery, from the loop; read by commands, kept on the flash by the keeper. Commanded is
an edge made, verified a step that the encoder saw, unverified an edge that it did not see. What
was delivered lies between verified and verified + unverified.

A reservation bounds what a power failure can hide: before the first step of a block the record on
the flash says how many may follow (`left`). After a restart those that were reserved count as
unverified: they may have been made, or not.
"""

from array import array

from firmware.count import Count
from protocol.wire import schema

# Spans of time, or kinds of therapy, that volumes are kept for. The first two together are a life;
# a bolus counts for the therapy that it came on top of, and for itself.
OF_CONTINUOUS = 0
OF_SCHEDULE = 1
SINCE_REFILL = 2
SINCE_MIDNIGHT = 3
OF_BOLUS = 4
SPANS = 5

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List


class Ledger:
    """Steps for life, and their volumes at the calibration that held when each was made.

    Steps are counted modulo 2**32: 24 years at 24 mL/day. Their volumes do not wrap.

    left: steps that may still be made under the reservation on the flash.
    boots: how often the pump has started. powered_s: how long it had power before this start.
    """

    def __init__(self, step_pl: int) -> None:
        self.commanded = Count()
        self.verified = Count()
        self.unverified = Count()
        self.left = 0
        self.boots = 0
        self.powered_s = 0
        self._half = 0  # an encoder edge whose partner has not come
        self._step_pl = step_pl
        self._conc_mcg_ml = 0
        self._kind = schema.CONTINUOUS
        self._bolus_nl_day = 0  # of _total_nl_day; 0: no bolus
        self._total_nl_day = 0
        self._part_nl_day = 0  # steps of a bolus: Bresenham's rule, by rate
        self._bolus_verified = Count()
        self._bolus_unverified = Count()
        self._folded = [0, 0, 0, 0]  # the four counts at the last fold ...
        self._verified_pl = _sums()  # ... the volumes up to it ...
        self._unverified_pl = _sums()
        self._verified_fg = _sums()  # ... and their doses: pL x mcg/mL
        self._unverified_fg = _sums()

    def book(self, made: bool, edges: int) -> bool:
        """Book one permit: whether its edge was made, and the encoder edges since the last
        booking.

        edges: forward minus backward. Returns whether a made step was seen to arrive. Allocates
        nothing.
        """
        self._half += edges
        steps = self._half // 2 if self._half > 0 else 0
        if steps:
            self._half -= 2 * steps
            self.verified.add(steps)
        if not made:
            return True
        self.left -= 1
        self.commanded.add(1)
        if not steps:
            self.unverified.add(1)
        if self._bolus_nl_day:
            self._share_step(steps > 0)
        return steps > 0

    def share(self, bolus_nl_day: int, total_nl_day: int) -> None:
        """Of the steps that follow, a bolus has its part of the rate; 0: there is none.

        A step under way counts with those that follow. Allocates nothing.
        """
        if not self._bolus_nl_day:
            self._part_nl_day = total_nl_day // 2
        self._bolus_nl_day = bolus_nl_day
        self._total_nl_day = total_nl_day

    def recalibrate(self, step_pl: int) -> None:
        """From now on a step is ``step_pl``; what was delivered before keeps its volume."""
        self._fold()
        self._step_pl = step_pl

    def concentrate(self, conc_mcg_ml: int) -> None:
        """From now on the reservoir holds this."""
        self._fold()
        self._conc_mcg_ml = conc_mcg_ml

    def deliver_as(self, kind: int) -> None:
        """What follows is therapy of this kind: schema.CONTINUOUS or SCHEDULE."""
        if kind != self._kind:
            self._fold()
            self._kind = kind

    def begin(self, span: int) -> None:
        """SINCE_REFILL or SINCE_MIDNIGHT begins anew."""
        self._fold()
        self._verified_pl[span] = self._unverified_pl[span] = 0
        self._verified_fg[span] = self._unverified_fg[span] = 0

    def verified_nl(self) -> int:
        """Lower end of what was delivered in the pump's life, in nL."""
        self._fold()
        return self._life(self._verified_pl) // 1000

    def possible_nl(self) -> int:
        """Upper end of what was delivered in the pump's life, in nL."""
        self._fold()
        return (self._life(self._verified_pl) + self._life(self._unverified_pl) + 999) // 1000

    def verified_ng(self) -> int:
        """Lower end of the dose that was delivered in the pump's life, in ng."""
        self._fold()
        return self._life(self._verified_fg) // 1_000_000

    def possible_ng(self) -> int:
        """Upper end of the dose that was delivered in the pump's life, in ng."""
        self._fold()
        return -(-(self._life(self._verified_fg) + self._life(self._unverified_fg)) // 1_000_000)

    def span_nl(self, span: int) -> int:
        """Lower end of what was delivered in a span, in nL."""
        self._fold()
        return self._verified_pl[span] // 1000

    def span_possible_nl(self, span: int) -> int:
        """Upper end of what was delivered in a span, in nL."""
        self._fold()
        return (self._verified_pl[span] + self._unverified_pl[span] + 999) // 1000

    def fields(self, reserved_steps: int) -> "Dict[str, Any]":
        """What of it goes into the record (firmware/records.py)."""
        self._fold()
        spans = [
            {
                "verified_pl": self._verified_pl[span],
                "unverified_pl": self._unverified_pl[span],
                "verified_fg": self._verified_fg[span],
                "unverified_fg": self._unverified_fg[span],
            }
            for span in range(SPANS)
        ]
        return {
            "commanded_steps": self.commanded.value(),
            "verified_steps": self.verified.value(),
            "unverified_steps": self.unverified.value(),
            "reserved_steps": reserved_steps,
            "step_pl": self._step_pl,
            "kind": self._kind,
            "is_bolus": int(self._bolus_nl_day > 0),
            "spans": spans,
            "boots": self.boots,
        }

    def restore(self, fields: "Dict[str, Any]") -> None:
        """Go on from a record: what it had reserved may have been made.

        Before the first step.
        """
        self._step_pl = fields["step_pl"]
        self._kind = fields["kind"]
        self.boots = fields["boots"]
        self.powered_s = fields["powered_s"]
        self.commanded.set(fields["commanded_steps"])
        self.verified.set(fields["verified_steps"])
        self.unverified.set(fields["unverified_steps"])
        self._folded = self._counts()
        for number, span in enumerate(fields["spans"]):
            self._verified_pl[number] = span["verified_pl"]
            self._unverified_pl[number] = span["unverified_pl"]
            self._verified_fg[number] = span["verified_fg"]
            self._unverified_fg[number] = span["unverified_fg"]
        self.unverified.set(fields["unverified_steps"] + fields["reserved_steps"])
        if fields["is_bolus"]:
            self._bolus_unverified.add(fields["reserved_steps"])
        self._fold()

    def _life(self, spans: "array[int]") -> int:
        return spans[OF_CONTINUOUS] + spans[OF_SCHEDULE]

    def _share_step(self, arrived: bool) -> None:
        """Whether a step that was made was one of the bolus's."""
        self._part_nl_day += self._bolus_nl_day
        if self._part_nl_day >= self._total_nl_day:
            self._part_nl_day -= self._total_nl_day
            (self._bolus_verified if arrived else self._bolus_unverified).add(1)

    def _counts(self) -> "List[int]":
        return [
            self.verified.value(),
            self.unverified.value(),
            self._bolus_verified.value(),
            self._bolus_unverified.value(),
        ]

    def _fold(self) -> None:
        """Add the steps since the last fold to every span that they belong to.

        All of it or, where memory runs out, nothing.
        """
        counts = self._counts()
        new_pl = [
            (now - then & schema.U32_MAX) * self._step_pl
            for now, then in zip(counts, self._folded)
        ]
        volumes = (array("Q", self._verified_pl), array("Q", self._unverified_pl))
        doses = (array("Q", self._verified_fg), array("Q", self._unverified_fg))
        kind = OF_SCHEDULE if self._kind == schema.SCHEDULE else OF_CONTINUOUS
        for span in (kind, SINCE_REFILL, SINCE_MIDNIGHT, OF_BOLUS):
            of = 2 if span == OF_BOLUS else 0
            for end in (0, 1):
                volumes[end][span] += new_pl[of + end]
                doses[end][span] += new_pl[of + end] * self._conc_mcg_ml
        self._folded = counts
        self._verified_pl, self._unverified_pl = volumes
        self._verified_fg, self._unverified_fg = doses


def _sums() -> "array[int]":
    """One sum a span; it takes as much memory however large it grows."""
    return array("Q", [0] * SPANS)
