"""A run kept in memory: what verdicts, tables and reports are made from.

A sink of the Watch, as the trace is: nothing in it comes from behind the pump's back.
"""

from bisect import bisect_right
from typing import Any, NamedTuple

from emulator.story.orders import Orders


class Sample(NamedTuple):
    """The plant's own ledger at one instant: the fields of `delivered_by_plant`."""

    t_ms: int
    head_steps: int
    unasked_steps: int
    head_nl: float
    tip_nl: float
    stored_nl: float
    released_nl: float
    leaked_nl: float
    returned_nl: float
    outlet_pa: float
    reservoir_nl: float


DOWN = "DOWN"  # beside the states of the schema: there is no power


class Steps(NamedTuple):
    """The firmware's ledger: steps, and their volume as calibrated then."""

    t_ms: int
    commanded: int
    verified: int
    unverified: int
    commanded_pl: int
    verified_pl: int


class Alarm:
    """One raising of an alarm; cleared_ms, acknowledged_ms: None as long as it did not happen."""

    def __init__(self, name: str, priority: int, value: int, raised_ms: int) -> None:
        self.name = name
        self.priority = priority
        self.value = value
        self.raised_ms = raised_ms
        self.cleared_ms: int | None = None
        self.acknowledged_ms: int | None = None


class Chronicle:
    """All lists are in the order of time.

    states: (t_ms, name), DOWN among them: without power. hidden_steps: how many may have been
    made that a reset hid; the firmware counts them as unverified. happenings: (t_ms, what,
    amount). boots: t_ms of each. end_ms: of the last event.
    """

    def __init__(self) -> None:
        self.orders = Orders()
        self.states: list[tuple[int, str]] = []
        self.steps: list[Steps] = [Steps(0, 0, 0, 0, 0, 0)]
        self.samples: list[Sample] = []
        self.alarms: list[Alarm] = []
        self.happenings: list[tuple[int, str, float]] = []
        self.boots: list[int] = []
        self.end_ms = 0
        self.hidden_steps = 0
        self._step_pl = 0
        self._just_booted = False
        self._counts = (0, 0, 0)
        self._takers = {
            "boot": self._on_boot,
            "state": self._on_state,
            "step_volume": self._on_step_volume,
            "steps": self._on_steps,
            "delivered_by_plant": self._on_sample,
            "happened": self._on_happened,
            "alarm_raised": self._on_raised,
            "alarm_cleared": self._on_cleared,
            "alarm_acknowledged": self._on_acknowledged,
            "request": self._on_request,
            "answer": self._on_answer,
        }

    def __call__(self, t_ms: int, kind: str, values: tuple[Any, ...]) -> None:
        """Take one event."""
        self.end_ms = t_ms
        taker = self._takers.get(kind)
        if taker is not None:
            taker(t_ms, values)

    def state_at(self, t_ms: int) -> str:
        """The state of the pump at t_ms; "" while it is down."""
        at = bisect_right(self.states, t_ms, key=lambda row: row[0])
        return self.states[at - 1][1] if at else ""

    def sample_at(self, t_ms: int) -> Sample:
        """The plant's ledger at the look nearest to t_ms: half a minute away, or less."""
        place = bisect_right(self.samples, t_ms, key=lambda row: row.t_ms)
        around = self.samples[max(0, place - 1) : place + 1]
        return min(around, key=lambda sample: abs(sample.t_ms - t_ms))

    def steps_at(self, t_ms: int) -> Steps:
        """The firmware's ledger at t_ms."""
        return self.steps[bisect_right(self.steps, t_ms, key=lambda row: row.t_ms) - 1]

    def stretches(self, state: str) -> list[tuple[int, int]]:
        """(from, until) of every stretch of time in this state."""
        ends = [t_ms for t_ms, _ in self.states[1:]] + [self.end_ms]
        return [(t_ms, end_ms) for (t_ms, name), end_ms in zip(self.states, ends) if name == state]

    def raised(self, name: str) -> list[Alarm]:
        """Every time this alarm was raised."""
        return [alarm for alarm in self.alarms if alarm.name == name]

    def _on_boot(self, t_ms: int, values: tuple[Any, ...]) -> None:
        self.boots.append(t_ms)
        self._just_booted = len(self.boots) > 1
        self.orders.boot(t_ms)

    def _on_state(self, t_ms: int, values: tuple[Any, ...]) -> None:
        self.states.append((t_ms, values[0]))

    def _on_step_volume(self, t_ms: int, values: tuple[Any, ...]) -> None:
        self._step_pl = values[0]

    def _on_steps(self, t_ms: int, values: tuple[Any, ...]) -> None:
        commanded, verified, unverified = (
            now - before for now, before in zip(values, self._counts)
        )
        self._counts = (values[0], values[1], values[2])
        if self._just_booted:
            self._just_booted = False
            self.hidden_steps += max(0, unverified)
        last = self.steps[-1]
        self.steps.append(
            Steps(
                t_ms,
                last.commanded + commanded,
                last.verified + verified,
                last.unverified + unverified,
                last.commanded_pl + commanded * self._step_pl,
                last.verified_pl + verified * self._step_pl,
            )
        )

    def _on_sample(self, t_ms: int, values: tuple[Any, ...]) -> None:
        self.samples.append(Sample(t_ms, *values))

    def _on_happened(self, t_ms: int, values: tuple[Any, ...]) -> None:
        what, amount = values
        self.happenings.append((t_ms, what, amount))
        if what == "power" and not amount:
            self.states.append((t_ms, DOWN))

    def _on_raised(self, t_ms: int, values: tuple[Any, ...]) -> None:
        name, priority, value = values
        self.alarms.append(Alarm(name, priority, value, t_ms))
        self.orders.end_bolus(t_ms)

    def _on_cleared(self, t_ms: int, values: tuple[Any, ...]) -> None:
        self.raised(values[0])[-1].cleared_ms = t_ms

    def _on_acknowledged(self, t_ms: int, values: tuple[Any, ...]) -> None:
        self.raised(values[0])[-1].acknowledged_ms = t_ms

    def _on_request(self, t_ms: int, values: tuple[Any, ...]) -> None:
        self.orders.request(values[0], values[2])

    def _on_answer(self, t_ms: int, values: tuple[Any, ...]) -> None:
        self.orders.answer(t_ms, values[0], values[1])
