"""A program: which rate holds at which time of day. What is proposed to the pump and read back.

Whole numbers in the pump's units; the day's sums are exact fractions, rounded once, at the end.
"""

from dataclasses import dataclass
from fractions import Fraction

from protocol.programmer.answers import ProposeFields
from protocol.wire import schema

HOUR_MIN = 60


@dataclass(frozen=True)
class Segment:
    """From start_min (minutes since midnight) to the next segment, at rate_nl_day (0: off)."""

    start_min: int
    rate_nl_day: int


@dataclass(frozen=True)
class Program:
    """conc_mcg_ml: the drug's concentration. therapy: schema.CONTINUOUS or schema.SCHEDULE.

    segments: for CONTINUOUS one that starts at 0, for SCHEDULE 1..24 in ascending order of
    start_min; the last one runs past midnight to the first.
    """

    conc_mcg_ml: int
    therapy: int
    segments: tuple[Segment, ...]

    @property
    def total_nl_day(self) -> Fraction:
        """Volume of 24 hours in nL, exact."""
        return self.volume_nl(0, schema.DAY_MIN)

    @property
    def dose_ng_day(self) -> int:
        """Dose of 24 hours in ng, to the nearest (half to even): off by at most half a nanogram,

        which is within the 1 nL/day that the pump allows at its lowest concentration, 500 mcg/mL.
        """
        return round(self.total_nl_day * self.conc_mcg_ml / 1_000)

    def spans(self) -> list[tuple[int, int, int]]:
        """(start_min, minutes, rate_nl_day) of each segment; the last may run past midnight."""
        starts = [segment.start_min for segment in self.segments]
        ends = starts[1:] + [starts[0] + schema.DAY_MIN]
        return [
            (one.start_min, end - one.start_min, one.rate_nl_day)
            for one, end in zip(self.segments, ends)
        ]

    def volume_nl(self, start_min: int, minutes: int) -> Fraction:
        """Volume of `minutes` (up to 1,440) from a minute of the day on, in nL, exact."""
        total = 0
        for begin, length, rate in self.spans():
            for day in (-schema.DAY_MIN, 0, schema.DAY_MIN):
                end = min(begin + day + length, start_min + minutes)
                total += rate * max(0, end - max(begin + day, start_min))
        return Fraction(total, schema.DAY_MIN)

    def dose_ng(self, start_min: int, minutes: int) -> Fraction:
        """Dose of `minutes` (up to 1,440) from a minute of the day on, in ng, exact."""
        return self.volume_nl(start_min, minutes) * self.conc_mcg_ml / 1_000

    def peak(self) -> tuple[int, Fraction]:
        """The hour that delivers most: (its start in minutes of the day, its dose in ng).

        The dose of a sliding hour is largest with one of its ends at the edge of a segment. Of
        equal hours the first that begins with a segment is given.
        """
        edges = [segment.start_min for segment in self.segments]
        starts = edges + [(edge - HOUR_MIN) % schema.DAY_MIN for edge in edges]
        best_min = max(starts, key=lambda at: self.volume_nl(at, HOUR_MIN))
        return best_min, self.dose_ng(best_min, HOUR_MIN)

    def segment_at(self, minute: int) -> int:
        """Index of the segment that holds at a minute of the day, 0..1,439."""
        earlier = [at for at, one in enumerate(self.segments) if one.start_min <= minute]
        return earlier[-1] if earlier else len(self.segments) - 1

    def rate_at(self, minute: int) -> int:
        """Rate in nL/day at a minute of the day, 0..1,439."""
        return self.segments[self.segment_at(minute)].rate_nl_day

    def to_wire(self) -> ProposeFields:
        """The fields of PROPOSE."""
        return {
            "conc_mcg_ml": self.conc_mcg_ml,
            "therapy": self.therapy,
            "dose_ng_day": self.dose_ng_day,
            "segments": [
                {"start_min": one.start_min, "rate_nl_day": one.rate_nl_day}
                for one in self.segments
            ],
        }


def from_wire(values: ProposeFields) -> Program:
    """The program in the fields of PROPOSE or READ_BACK_ANSWER."""
    segments = [Segment(one["start_min"], one["rate_nl_day"]) for one in values["segments"]]
    return Program(values["conc_mcg_ml"], values["therapy"], tuple(segments))
