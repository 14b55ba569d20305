"""The exact order: what a pump owes, in rational arithmetic, without a line of the firmware.

Fractions, an own reading of a schedule, and the instants at which the pump's answers left it.
"""

from fractions import Fraction
from typing import Union

from emulator.bedside import Refused
from emulator.world import START_US
from protocol.wire import schema
from tests.pumps import Bed

DAY_MS = 86_400_000
Segments = list[tuple[int, int]]
Bolus = tuple[int, int]  # nL, nL/day
Value = Union[Segments, Bolus, int, None]
Action = tuple[str, Value]
MAY_BE_REFUSED = {
    "start": ("THERAPY_RUNNING",),
    "prescribe": ("BOLUS_UNDER_WAY", "DOSE_LIMIT"),
    "bolus": ("THERAPY_STOPPED", "BOLUS_UNDER_WAY", "BOLUS_LOCKED_OUT", "DOSE_LIMIT")
    + ("OUT_OF_RANGE",),
}


class Order:
    """What the pump owes, in steps: the integral of the ordered rate since therapy started."""

    def __init__(self, step_pl: int) -> None:
        self.step_pl = step_pl
        self.owed = Fraction(0)
        self.segments: Segments = []
        self.running = False
        self.since_ms = 0
        self.day_ms_at_since = 0
        self.bolus_nl_day = 0
        self.bolus_end_ms = 0

    def rate_at(self, day_ms: int) -> tuple[int, int]:
        """(rate in nL/day, ms until it ends) at this time of day."""
        if len(self.segments) == 1 and self.segments[0][0] == 0:
            return self.segments[0][1], DAY_MS - day_ms
        starts = [minute * 60_000 for minute, _ in self.segments]
        for i in range(len(starts) - 1, -1, -1):
            if starts[i] <= day_ms:
                end = starts[i + 1] if i + 1 < len(starts) else DAY_MS
                return self.segments[i][1], end - day_ms
        return self.segments[-1][1], starts[0] - day_ms

    def until(self, now_ms: int) -> Fraction:
        """Owed by now; moves on."""
        left = now_ms - self.since_ms
        bolus_ms = min(now_ms, self.bolus_end_ms) - self.since_ms
        if bolus_ms > 0:
            self.owed += Fraction(self.bolus_nl_day * bolus_ms * 1000, DAY_MS * self.step_pl)
        while left > 0:
            rate, span = self.rate_at(self.day_ms_at_since)
            span = min(span, left)
            if self.running:
                self.owed += Fraction(rate * span * 1000, DAY_MS * self.step_pl)
            self.day_ms_at_since = (self.day_ms_at_since + span) % DAY_MS
            left -= span
        self.since_ms = now_ms
        return self.owed

    def take(self, what: str, value: Value) -> None:
        """An order was answered at the instant that `until` was last told.

        A bolus lasts for the first whole ms in which all of it is due.
        """
        if what == "stop":
            self.bolus_end_ms = self.since_ms
        if isinstance(value, tuple):
            volume_nl, self.bolus_nl_day = value
            self.bolus_end_ms = self.since_ms - (-volume_nl * DAY_MS // self.bolus_nl_day)
        elif isinstance(value, list):
            self.segments = value
        elif isinstance(value, int):
            self.day_ms_at_since = value % 86_400 * 1000
        elif what in ("start", "stop", "hold", "release"):
            self.running = what in ("start", "release")


class Checker:
    """Compares at each step's own instant and at each event."""

    def __init__(self, bed: Bed, order: Order) -> None:
        self.bed = bed
        self.order = order
        self.checked = 0
        self.worst = Fraction(0)  # the largest distance seen, in steps

    def steps_before(self, end_ms: int) -> None:
        """Those of the order that held until then: a request may wait for room between steps."""
        for at_ms in self.bed.steps[self.checked :]:
            if at_ms > end_ms:
                return
            owed = self.order.until(at_ms) if at_ms >= self.order.since_ms else self.order.owed
            self._compare(owed, at_ms)
            self.checked += 1
            self._compare(owed, at_ms)

    def all_steps(self) -> None:
        self.steps_before(self.bed.now_ms)
        self._compare(self.order.until(self.bed.now_ms), self.bed.now_ms)

    def _compare(self, owed: Fraction, at_ms: int) -> None:
        distance = abs(owed - self.checked)
        self.worst = max(self.worst, distance)
        assert distance < 1, (at_ms, float(owed), self.checked)


def live(
    segments: Segments,
    actions: list[tuple[Action, int]],
    step_pl: int,
    start_us: int = START_US,
) -> Checker:
    """A pump's life: prescribed, started, then each action after a pause in ms; all checked.

    Actions: ("prescribe", segments), ("clock", wall_s), ("stop", None), ("start", None),
    ("bolus", (nL, nL/day)); ("hold", None): an alarm, and ("release", None): it goes, and is
    acknowledged.
    """
    bed = Bed(start_us=start_us)
    bed.ready()
    bed.programmer.ask(schema.CALIBRATE, {"steps": 1_000, "volume_nl": step_pl})
    bed.programmer.prescribe(segments)
    order = Order(step_pl)
    order.segments = segments
    answered: list[int] = []
    bed.world.chip.outside.uart_out(lambda _data, _done: answered.append(bed.now_ms))
    bed.programmer.ask(schema.SET_CLOCK, {"wall_s": 8 * 3600})
    order.since_ms = answered[-1]
    order.day_ms_at_since = 8 * 3_600_000
    checker = Checker(bed, order)
    for action, pause_ms in [(("start", None), 0), *actions, (("hello", None), 3_600_000)]:
        bed.run(ms=pause_ms)
        checker.all_steps()
        bed.programmer.hello()
        try:
            _do(bed, answered, *action)
        except Refused as no:
            if no.values["name"] not in MAY_BE_REFUSED[action[0]]:
                raise
            continue
        checker.steps_before(answered[-1])
        order.until(answered[-1])
        order.take(*action)
        checker.all_steps()
    return checker


def _do(bed: Bed, answered: list[int], what: str, value: Value) -> None:
    if isinstance(value, tuple):
        bed.programmer.bolus(*value)
    elif isinstance(value, list):
        bed.programmer.prescribe(value)
    elif what == "clock":
        bed.programmer.ask(schema.SET_CLOCK, {"wall_s": value})
    elif what == "stop":
        bed.programmer.ask(schema.STOP)
    elif what == "start":
        bed.programmer.start()
    elif what == "hold":
        bed.pump.alarms.raise_alarm(schema.OCCLUSION, 60_000)
        answered.append(bed.now_ms)
    elif what == "release":
        bed.pump.alarms.clear(schema.OCCLUSION)
        bed.programmer.ask(schema.ACKNOWLEDGE, {"alarm": schema.OCCLUSION})
