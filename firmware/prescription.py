"""A prescription: what shall be delivered over the 24 hours, and what follows from it.

Immutable once built. Built and asked from commands only; big ints and allocation are allowed here.
The canonical form is that of the wire: concentration, kind of therapy, segments (start, rate).
"""

import hashlib

from firmware.refusal import Refusal
from protocol.wire import codec, schema

PROPOSAL_S = 300  # what is proposed and not confirmed within five minutes is stale
_PEAK_WINDOW_MIN = 60

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Tuple


class Prescription:
    """Checked on creation.

    fields: as decoded from a PROPOSE message. Raises Refusal where a segment's rate is neither 0
    nor a rate of the pump, the order of the segments is wrong, nothing at all would be
    delivered, or the stated 24 h dose disagrees with the pump's own sum.
    """

    def __init__(self, fields: "Dict[str, Any]") -> None:
        self.fields = fields
        self.conc_mcg_ml: int = fields["conc_mcg_ml"]
        self.therapy: int = fields["therapy"]
        segments = fields["segments"]
        self.starts_min: "List[int]" = [segment["start_min"] for segment in segments]
        self.rates_nl_day: "List[int]" = [segment["rate_nl_day"] for segment in segments]
        self._check_segments()
        self.spans_min = _spans(self.starts_min)
        self._check_dose(fields["dose_ng_day"])

    def total_nl_min_day(self) -> int:
        """24 h total in nL/day x minutes: 1,440 times the volume in nL, exact."""
        return sum([rate * span for rate, span in zip(self.rates_nl_day, self.spans_min)])

    def total_nl_day(self) -> int:
        """24 h total in nL, rounded down."""
        return self.total_nl_min_day() // schema.DAY_MIN

    def total_ng_day(self) -> int:
        """24 h total in ng, rounded down."""
        return self.total_nl_min_day() * self.conc_mcg_ml // (schema.DAY_MIN * 1000)

    def peak(self) -> "Tuple[int, int]":
        """The hour that delivers most: (its start in minutes after midnight, its dose in ng).

        The sum over a sliding hour is largest with one of its ends at a segment edge. Of equal
        hours the first is told: those that begin at an edge, then those that end there.
        """
        best_min, best = 0, -1
        ends = [(edge_min - _PEAK_WINDOW_MIN) % schema.DAY_MIN for edge_min in self.starts_min]
        for start_min in self.starts_min + ends:
            volume = self._nl_min_day_until(start_min + _PEAK_WINDOW_MIN)
            volume -= self._nl_min_day_until(start_min)
            if volume < 0:  # the first segment begins within the hour
                volume += self.total_nl_min_day()
            if volume > best:
                best_min, best = start_min, volume
        return best_min, best * self.conc_mcg_ml // (schema.DAY_MIN * 1000)

    def digest(self, serial: str) -> bytes:
        """16 bytes that stand for this prescription in this pump.

        SHA-256 of the serial number and of the prescription's bytes as PROPOSE carries them, cut.
        """
        payload = codec.encode(schema.PROPOSE, self.fields)
        return hashlib.sha256(serial.encode() + payload).digest()[:16]

    def _nl_min_day_until(self, minute: int) -> int:
        """What is delivered from the start of the first segment to ``minute``, within a day."""
        left_min = (minute - self.starts_min[0]) % schema.DAY_MIN
        total = 0
        for rate, span in zip(self.rates_nl_day, self.spans_min):
            if left_min <= span:
                return total + rate * left_min
            total += rate * span
            left_min -= span
        return total

    def _check_segments(self) -> None:
        starts = self.starts_min
        if self.therapy == schema.CONTINUOUS and (len(starts) != 1 or starts[0]):
            raise Refusal(schema.SCHEDULE_ORDER, "segments", 1, 1)
        for i in range(1, len(starts)):
            if starts[i] <= starts[i - 1]:
                low = starts[i - 1] + 1
                raise Refusal(schema.SCHEDULE_ORDER, "start_min", low, schema.DAY_MIN - 1)
        for rate in self.rates_nl_day:
            if 0 < rate < schema.RATE_NL_DAY_MIN:
                raise _rate_out_of_range()
        if not max(self.rates_nl_day):
            raise _rate_out_of_range()

    def _check_dose(self, dose_ng_day: int) -> None:
        """The programmer's sum and the pump's may differ by 1 nL/day: the wire has whole ng."""
        exact = self.total_nl_min_day() * self.conc_mcg_ml
        stated = dose_ng_day * 1000 * schema.DAY_MIN
        if abs(stated - exact) > self.conc_mcg_ml * schema.DAY_MIN:
            raise Refusal(
                schema.DOSE_MISMATCH, "dose_ng_day", self.total_ng_day(), self.total_ng_day() + 1
            )


def _spans(starts_min: "List[int]") -> "List[int]":
    if len(starts_min) == 1:
        return [schema.DAY_MIN]
    following = starts_min[1:] + starts_min[:1]
    return [(end - start) % schema.DAY_MIN for start, end in zip(starts_min, following)]


def _rate_out_of_range() -> Refusal:
    return Refusal(
        schema.OUT_OF_RANGE, "rate_nl_day", schema.RATE_NL_DAY_MIN, schema.RATE_NL_DAY_MAX
    )
