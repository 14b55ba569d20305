"""What a pump has to do over the years, by plain arithmetic of any size."""

from protocol.wire import events, schema

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
WRAP = 1 << 32
NEVER_MS = 1 << 60
SETTLE_MS = 40  # a step is counted so long after it was made
LEFT_STOPPED_H = 48
TONES = 6  # of a critical alarm, half a second each, every ten minutes
TONE_MS = 500
PATTERN_MS = 600_000

Event = tuple[int, int, int, int, int]


class PlainOrder:
    """A schedule, and what was ordered on top of it. Times are ms since the pump was started.

    segments: (start in minutes, nL/day). verified: steps counted before. events: those that the
    log is to have, (time, wall time in s, kind, a, b). next_hour_ms: when it gets the ledger's.
    tones: when the buzzer is to get one.
    """

    def __init__(self, segments: list[tuple[int, int]], step_pl: int, verified: int) -> None:
        self._segments = segments
        self.step_pl = step_pl
        self._verified = verified
        self._owed = 0  # nL/day x ms
        self._rate_from_ms = 0
        self.now_ms = 0
        self.offset_ms = -NEVER_MS  # of the wall clock; before it is set there is no wall time
        self.runs = False
        self.events: list[Event] = []
        self.tones: list[int] = []
        self._bolus_nl_day = 0
        self._bolus_from = 0  # steps when it began
        self.bolus_steps = 0  # of those that are over
        self.next_hour_ms = HOUR_MS
        self._midnight_at_ms = self._edge_at_ms = self._bolus_end_ms = NEVER_MS
        self._alarm_at_ms = self._tone_at_ms = NEVER_MS
        self._tones = 0  # of this alarm, so far
        self._alarm_at = 0
        self.midnight_ms = -1  # the last one, or when the clock was set to another day ...
        self.midnight_steps = 0  # ... and the steps until then
        self.stopped_ms = 0

    @property
    def steps(self) -> int:
        """Counted since the pump was started: the phase begins at half a step."""
        whole = DAY_MS * self.step_pl
        owed = self._owed - self.rate_nl_day * min(SETTLE_MS, self.now_ms - self._rate_from_ms)
        return (owed * 2_000 + whole) // (2 * whole)

    @property
    def verified(self) -> int:
        """The count."""
        return (self._verified + self.steps) % WRAP

    @property
    def day_steps(self) -> int:
        """Since midnight."""
        return self.steps - self.midnight_steps

    @property
    def given_steps(self) -> int:
        """Of all boluses: nothing else is delivered meanwhile. A last step that is not yet counted
        when one ends is none of it.
        """
        return self.bolus_steps + (self.steps - self._bolus_from if self._bolus_nl_day else 0)

    @property
    def rate_nl_day(self) -> int:
        """Now."""
        return self._segment()[1] + self._bolus_nl_day if self.runs else 0

    @property
    def wall_s(self) -> int:
        """Now; 0: it was never set."""
        return max(0, (self.now_ms + self.offset_ms) // 1_000)

    @property
    def stopped_h(self) -> int:
        """For so many hours it has been stopped, as far as they are counted."""
        return min(LEFT_STOPPED_H, (self.now_ms - self.stopped_ms) // HOUR_MS)

    def midnight_after_ms(self, days: int) -> int:
        """When the day that is now begins, or one so many days after it."""
        today_ms = (self.now_ms + self.offset_ms) // DAY_MS * DAY_MS
        return today_ms + days * DAY_MS - self.offset_ms

    def note(self, kind: int, a: int = 0, b: int = 0) -> None:
        """The log is to have this, of now."""
        self.events.append((self.now_ms, self.wall_s, kind, a % WRAP, b % WRAP))

    def advance(self, until_ms: int) -> None:
        """All that comes of itself, to and with this instant."""
        while (at_ms := self._next_ms()) <= until_ms:
            self._deliver(at_ms)
            self._come(at_ms)
        self._deliver(until_ms)

    def set_clock(self, wall_s: int) -> None:
        """It is so late now."""
        old_wall_s = self.wall_s
        self.offset_ms = wall_s * 1_000 - self.now_ms
        self.note(events.CLOCK_SET, old_wall_s, wall_s)
        self._midnight_at_ms = self.midnight_after_ms(1)
        if self.runs:
            self._rate()

    def begin_day(self) -> None:
        """From now on, for the total since midnight."""
        self.midnight_ms = self.now_ms
        self.midnight_steps = self.steps

    def start(self) -> None:
        """Therapy."""
        self.note(events.STATE, schema.STOPPED, schema.RUNNING)
        if self._tones:
            self.note(events.ALARM_CLEARED, schema.LEFT_STOPPED)
        self._alarm_at_ms = self._tone_at_ms = NEVER_MS
        self._tones = 0
        self.runs = True
        self._rate()

    def stop(self) -> None:
        """Therapy."""
        self.note(events.STATE, schema.RUNNING, schema.STOPPED)
        self.runs = False
        self.note(events.RATE)
        self._edge_at_ms = NEVER_MS
        self.stopped_ms = self.now_ms
        self._alarm_at_ms = self.now_ms + LEFT_STOPPED_H * HOUR_MS

    def bolus(self, volume_nl: int, rate_nl_day: int) -> None:
        """Begin one, while the schedule's rate is 0."""
        self.note(events.BOLUS_BEGUN, volume_nl, rate_nl_day)
        self._bolus_from = self.steps
        self._bolus_nl_day = rate_nl_day
        self._bolus_end_ms = self.now_ms - (-volume_nl * DAY_MS // rate_nl_day)
        self._rate()

    def _next_ms(self) -> int:
        return min(
            self.next_hour_ms,
            self._midnight_at_ms,
            self._edge_at_ms,
            self._bolus_end_ms,
            self._alarm_at_ms,
            self._tone_at_ms,
        )

    def _deliver(self, until_ms: int) -> None:
        self._owed += self.rate_nl_day * (until_ms - self.now_ms)
        self.now_ms = until_ms

    def _come(self, at_ms: int) -> None:
        if at_ms == self._edge_at_ms:
            self._rate()
        if at_ms == self._bolus_end_ms:
            self.bolus_steps = self.given_steps
            self._bolus_nl_day = 0
            self._bolus_end_ms = NEVER_MS
            self.note(events.BOLUS_ENDED, schema.WHOLE)
            self._rate()
        if at_ms == self._midnight_at_ms:
            self.begin_day()
            self._midnight_at_ms += DAY_MS
        if at_ms == self._alarm_at_ms:
            self.note(events.ALARM_RAISED, schema.LEFT_STOPPED, LEFT_STOPPED_H)
            self._alarm_at = self._tone_at_ms = at_ms
            self._alarm_at_ms = NEVER_MS
        if at_ms == self._tone_at_ms:
            self.tones.append(at_ms)
            self._tones += 1
            pattern, tone = divmod(self._tones, TONES)
            self._tone_at_ms = self._alarm_at + pattern * PATTERN_MS + tone * TONE_MS
        if at_ms == self.next_hour_ms:
            self.note(events.LEDGER, self.verified, 0)
            self.next_hour_ms += HOUR_MS

    def _segment(self) -> tuple[int, int]:
        """(number, nL/day) of what the schedule says for now."""
        minute = (self.now_ms + self.offset_ms) % DAY_MS // 60_000
        number = len(self._segments)
        for i, (start_min, _) in enumerate(self._segments):
            if start_min <= minute:
                number = i + 1
        return number, self._segments[number - 1][1]

    def _rate(self) -> None:
        """Another one holds from now on, until the next edge of the schedule."""
        number, _ = self._segment()
        self._rate_from_ms = self.now_ms
        self.note(events.RATE, self.rate_nl_day, number)
        day_ms = (self.now_ms + self.offset_ms) % DAY_MS
        waits = [(start * 60_000 - day_ms - 1) % DAY_MS + 1 for start, _ in self._segments]
        self._edge_at_ms = self.now_ms + min(waits)
