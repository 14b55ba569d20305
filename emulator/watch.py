"""The observer: sees what pump and plant do, and tells it as events (emulator/trace.py).

It compares what the firmware holds anyway, and changes nothing. A World calls it at each entry of
the loop's sleep, where the firmware's state is settled, a few times a virtual second. What comes
over the wire, and what happens to the plant, it is told.
"""

from collections.abc import Sequence
from typing import Any

from emulator.plant.plant import Plant
from emulator.story.wire_tap import WireTap
from emulator.trace import FORMAT, Sink
from emulator.world import World
from protocol import names
from protocol.wire import schema

SAMPLE_MS = 60_000  # the plant's ledger at least once a virtual minute, and at each step
_SOON_MS = 1_000  # and again after something happened: a release is over within a second


class Watch:
    """Tells every sink what happens in one World. Set up before the World boots.

    The counts of the firmware start anew at each boot; those of the plant do not. Without sinks
    it looks at nothing, and costs nothing.
    """

    def __init__(self, world: World, plant: Plant, sinks: Sequence[Sink]) -> None:
        self._world = world
        self._plant = plant
        self._sinks = tuple(sinks)
        self._pump: Any = None
        self._sample_at_us = 0
        self._seen: list[tuple[bool, bool, int]] = []  # of each alarm: active, waiting, count
        self._last_state = -1
        self._rate_nl_day = -1
        self._segment = -1
        self._step_pl = -1
        self._last_commanded = -1
        self._last_verified = -1
        self._wire = WireTap(self._on_wire)
        self._wire_us = 0
        if not sinks:
            return
        world.observer = self._look
        world.chip.outside.uart_out(self._on_sent_by_pump)
        self._emit("start", (FORMAT, world.seed, world.start_us, schema.SCHEMA_HASH))

    def sent_to_pump(self, data: bytes) -> None:
        """Bytes begin to arrive at the pump, now."""
        if self._sinks:
            self._wire_us = self._world.now_us
            self._wire.to_pump(data)

    def happened(self, what: str, amount: float) -> None:
        """Somebody did this to the plant, now."""
        if self._sinks:
            self._emit("happened", (what, amount))
            self._sample(_SOON_MS)

    def look(self) -> None:
        """Tell the plant's ledger as it stands now."""
        if self._sinks:
            self._sample(SAMPLE_MS)

    def end(self) -> None:
        """The run is over: the last counts, and the line that says so."""
        if not self._sinks:
            return
        if self._world.pump is not None:
            self._look()
        self._sample(SAMPLE_MS)
        self._emit("end", ())

    def _emit(self, kind: str, values: tuple[Any, ...]) -> None:
        self._emit_at(self._world.now_us, kind, values)

    def _emit_seen(self, kind: str, values: tuple[Any, ...]) -> None:
        """It was so already when the pump was as it is seen now."""
        self._emit_at(self._world.seen_us, kind, values)

    def _emit_at(self, t_us: int, kind: str, values: tuple[Any, ...]) -> None:
        t_ms = (t_us - self._world.start_us) // 1_000
        for sink in self._sinks:
            sink(t_ms, kind, values)

    def _on_sent_by_pump(self, data: bytes, done_us: int) -> None:
        """An emulated pump is heard as it writes; over a cable it is heard later, or again."""
        self._wire_us = min(done_us, self._world.now_us)
        self._wire.from_pump(data)

    def _on_wire(self, kind: str, values: tuple[Any, ...]) -> None:
        self._emit_at(self._wire_us, kind, values)

    def _look(self) -> None:
        """A few hundred thousand times a virtual day: comparisons only, until one differs."""
        pump = self._world.pump
        if pump is not self._pump:
            self._meet(pump)
        if self._state.state != self._last_state:
            self._last_state = self._state.state
            self._emit_seen("state", (names.STATES[self._last_state],))
        therapy = self._therapy
        if therapy.rate_nl_day != self._rate_nl_day or therapy.segment != self._segment:
            self._rate_nl_day, self._segment = therapy.rate_nl_day, therapy.segment
            self._emit_seen("rate", (self._rate_nl_day, self._segment))
        if pump.step_pl != self._step_pl:
            self._step_pl = pump.step_pl
            self._emit_seen("step_volume", (self._step_pl,))
        for alarm, entry in self._alarms:
            if (entry.active, entry.waiting, entry.count) != self._seen[alarm]:
                self._on_alarm(alarm, entry)
        commanded, verified = self._commanded(), self._verified()
        if commanded != self._last_commanded or verified != self._last_verified:
            self._last_commanded, self._last_verified = commanded, verified
            self._emit("steps", (commanded, verified, self._unverified()))
            self._sample(SAMPLE_MS)
        elif self._world.now_us >= self._sample_at_us:
            self._sample(SAMPLE_MS)

    def _meet(self, pump: Any) -> None:
        """A pump that has just booted."""
        self._pump = pump
        self._state = pump.state
        self._therapy = pump.therapy
        self._alarms = tuple(enumerate(pump.alarms.table))
        self._seen = [(False, False, 0)] * len(self._alarms)
        self._commanded = pump.ledger.commanded.value
        self._verified = pump.ledger.verified.value
        self._unverified = pump.ledger.unverified.value
        self._last_state = self._rate_nl_day = self._segment = self._step_pl = -1  # all is news
        self._last_commanded = self._last_verified = -1
        self._emit_seen("boot", (names.RESETS[int(pump.board.was_watchdog)],))

    def _on_alarm(self, alarm: int, entry: Any) -> None:
        """The three things that can happen to an alarm, in the order in which they must have."""
        was_active, was_waiting, count = self._seen[alarm]
        self._seen[alarm] = (entry.active, entry.waiting, entry.count)
        name, priority, _ = schema.ALARM_TABLE[alarm]
        raised = entry.count != count
        if raised:
            self._emit_seen("alarm_raised", (name, priority, entry.value))
        if (was_waiting or raised) and not entry.waiting:
            self._emit_seen("alarm_acknowledged", (name,))
        if (was_active or raised) and not entry.active:
            self._emit_seen("alarm_cleared", (name,))

    def _sample(self, again_in_ms: int) -> None:
        found = self._plant.snapshot()
        self._sample_at_us = self._world.now_us + again_in_ms * 1_000
        self._emit(
            "delivered_by_plant",
            (
                found["forward_steps"] - found["backward_steps"],
                found["unasked_steps"],
                found["head_nl"],
                found["tip_nl"],
                found["stored_nl"],
                found["released_nl"],
                found["leaked_nl"],
                found["returned_nl"],
                found["outlet_pa"],
                found["reservoir_nl"],
            ),
        )
