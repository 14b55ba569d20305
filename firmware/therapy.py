"""Which rate holds now, and until when.

Polled from the loop; changed only by commands, through the pump. Tells delivery a rate with the
exact instant from which it holds: the edge of the segment, not the moment at which the loop came
round to it.
"""

from firmware.clock import DAY_MS
from firmware.task import NEVER, Task
from protocol.wire import schema

_MIN_MS = 60_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional

    from firmware.clock import WallClock
    from firmware.delivery import Delivery
    from firmware.prescription import Prescription


class Therapy(Task):
    """The prescription in force.

    rate_nl_day: what is programmed for now; 0 while stopped. segment: 1 .. n of the schedule, 0
    while stopped. on_rate: told of each rate, with its segment and from when on it holds.
    """

    def __init__(self, wall: "WallClock", delivery: "Delivery") -> None:
        super().__init__()
        self._wall = wall
        self._delivery = delivery
        self.prescription: "Optional[Prescription]" = None
        self.rate_nl_day = 0
        self.segment = 0
        self.on_rate: "Callable[[int, int, int], None]" = _nobody

    def begin(self, from_ms: int) -> None:
        """Deliver as prescribed from ``from_ms`` on.

        Also after a change of prescription or clock.
        """
        prescription = self.prescription
        if prescription is None:
            return
        self.segment = 1
        self.due_ms = NEVER
        if prescription.therapy == schema.SCHEDULE:
            day_ms = self._wall.day_ms(from_ms)
            segment = prescription.segment_at(day_ms // _MIN_MS)
            self.segment = segment + 1
            into_ms = (day_ms - prescription.starts_min[segment] * _MIN_MS) % DAY_MS
            self.due_ms = from_ms + prescription.spans_min[segment] * _MIN_MS - into_ms
        self.rate_nl_day = prescription.rates_nl_day[self.segment - 1]
        self._delivery.set_rate(self.rate_nl_day, from_ms)
        self.on_rate(self.rate_nl_day, self.segment, from_ms)

    def halt(self, now_ms: int) -> None:
        """Deliver nothing from now on."""
        self.due_ms = NEVER
        self.rate_nl_day = 0
        self.segment = 0
        self._delivery.set_rate(0, now_ms)
        self.on_rate(0, 0, now_ms)

    def poll(self, now_ms: int) -> None:
        """A segment has ended."""
        self.begin(self.due_ms)

    def next_change_s(self, now_ms: int) -> int:
        """Seconds until the next segment, rounded up; 0: no change ahead."""
        if self.due_ms == NEVER:
            return 0
        return max(0, self.due_ms - now_ms + 999) // 1000


def _nobody(_rate_nl_day: int, _segment: int, _from_ms: int) -> None:
    """Stands where no listener has been connected yet."""
