"""Resets a pump, or cuts its power, at the events of a day, and looks at what starts then."""

import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

from emulator.plant.plant import Plant
from emulator.world import BOOT_US, World
from firmware import ledger
from firmware.pins import STEP
from protocol.wire import schema
from tests.exact import DAY_MS, Order
from tests.fault.day import DAY_S, SEGMENTS, Day
from tests.fault.event import Event, Said, said_by

STEP_NL = 50
STEP_PL = 50_000
HOUR_MS = 3_600_000
LATE_MS = 1_000  # more than a start takes until therapy goes on
_FREE = 0.0  # kink of a catheter that is open


class After:
    """The pump that starts from what an event left. cut_power: else the watchdog reset it."""

    def __init__(self, event: Event, cut_power: bool) -> None:
        self.world = world = World(start_us=event.t_us)
        world.disk._entries = dict(event.disk)
        self.plant = plant = Plant(world)
        plant.fluid = copy.deepcopy(event.fluid)
        plant.motor.stalled = event.stalled
        self.edges_us: list[int] = []
        world.chip.outside.listen(STEP, self._on_step)
        if cut_power:
            world.power_cut()
            world.power_on()
        else:
            world.reset(world.chip.WDT_RESET)
        world.run_for_ms(BOOT_US // 1_000)
        self.pump: Any = world.pump
        self.cut_power = cut_power

    def made(self) -> int:
        """Steps of the rotor in its life."""
        head = self.plant.fluid.head
        return int(head.forward_steps - head.backward_steps)

    def bracket(self) -> tuple[int, int]:
        """Of the steps of its life."""
        steps = self.pump.ledger
        low = steps.verified.value()
        return low, low + steps.unverified.value()

    def span(self, span: int) -> tuple[int, int]:
        """The bracket of a span, in steps."""
        steps = self.pump.ledger
        return steps.span_nl(span) // STEP_NL, steps.span_possible_nl(span) // STEP_NL

    def _on_step(self, level: int) -> None:
        if level:
            self.edges_us.append(self.world.now_us)


def wrong_after(event: Event, after: After) -> Iterator[str]:
    """Where the start does not agree with what was before."""
    yield from _wrong_ledger(event, after)
    yield from _wrong_said(event, after)
    pump = after.pump
    if pump.boluses.is_under_way or pump.therapy.bolus_left_ms(pump.clock.read()):
        yield "a bolus goes on"
    rate_nl_day = 0
    if pump.state.state == schema.RUNNING:
        rate_nl_day = order(after).rate_at(pump.wall.day_ms(pump.clock.read()))[0]
    if pump.therapy.rate_nl_day != rate_nl_day:
        yield f"it delivers {pump.therapy.rate_nl_day} nL/day for {rate_nl_day}"


def _wrong_ledger(event: Event, after: After) -> Iterator[str]:
    pump = after.pump
    low, high = after.bracket()
    if not low <= event.steps <= high:
        yield f"{event.steps} steps are not in {low} .. {high}"
    if high - low > event.doubt + event.reserved:
        yield f"{high - low} steps are in doubt, not {event.doubt} + {event.reserved}"
    for name, span in (("refill", ledger.SINCE_REFILL), ("schedule", ledger.OF_SCHEDULE)):
        if after.span(span) != (low, high):
            yield f"{low} .. {high} steps, by {name} {after.span(span)}"
    day = pump.wall.wall_s(pump.clock.read()) // DAY_S
    low, high = after.span(ledger.SINCE_MIDNIGHT)
    begun = event.days.get(day, -1)
    if begun < 0 or not low <= event.steps - begun <= high:
        yield f"{event.steps} - {begun} steps of day {day} are not in {low} .. {high}"
    yield from _wrong_bolus(event, pump.boluses)


def _wrong_bolus(event: Event, boluses: Any) -> Iterator[str]:
    if event.given is None:
        return
    given = event.given.of_it() if boluses.count == event.given.number else 0
    low = high = 0
    for row in boluses.rows()[-1:]:
        low, high = (row[end] // STEP_NL for end in ("verified_nl", "possible_nl"))
    if not low <= given <= high:
        yield f"{given} steps of a bolus are not in {low} .. {high}"


def _wrong_said(event: Event, after: After) -> Iterator[str]:
    said = said_by(after.pump)
    wanted = {_kept(one) for one in event.said}
    if said not in wanted:
        yield f"{said}, not {' or '.join(str(one) for one in wanted)}"
    alarms = after.pump.alarms
    if bool(alarms.mask(True) & 1 << schema.WATCHDOG_RESET) == after.cut_power:
        yield "the watchdog is told of, or is not"
    if not alarms.mask(False) & alarms.mask(True) & 1 << schema.CLOCK_LOST:
        yield "nobody is told that the clock is lost"


def _kept(said: Said) -> Said:
    """What must be said after a reset of a pump that said this."""
    if said.outcome == schema.UNDER_WAY:
        return said._replace(outcome=schema.ENDED_BY_RESET)
    return said


def order(after: After) -> Order:
    """The prescription, from now on, by the clock of the pump."""
    found = Order(STEP_PL)
    found.segments = SEGMENTS
    found.running = True
    found.day_ms_at_since = after.pump.wall.day_ms(after.pump.clock.read())
    return found


def wrong_hour(after: After) -> Iterator[str]:
    """Where the hour after the start does not agree with the prescription and the plant."""
    pump = after.pump
    owed = order(after)
    fastest_nl_day = max(
        owed.rate_at((owed.day_ms_at_since + ms) % DAY_MS)[0]
        for ms in range(0, HOUR_MS + 1, 1_000)
    )
    runs = pump.state.state == schema.RUNNING
    after.world.run_for_ms(HOUR_MS)
    lasted_ms = (after.world.now_us - after.world.zero_us - BOOT_US) // 1_000
    edges = after.edges_us
    for number, t_us in enumerate(edges, 1):
        most = owed.until((t_us - after.world.zero_us - BOOT_US) // 1_000)
        if number > most:
            yield f"edge {number} where {float(most)} steps are owed"
    least = owed.until(max(owed.since_ms, lasted_ms - LATE_MS))
    is_free = after.plant.fluid.catheter.kink == _FREE and not after.plant.motor.stalled
    if runs and is_free and len(edges) < int(least):
        yield f"{len(edges)} edges in an hour that owes {float(least)}"
    period_us = DAY_MS * STEP_NL // fastest_nl_day * 1_000
    apart_us = min((b - a for a, b in zip(edges, edges[1:], strict=False)), default=period_us)
    if apart_us < period_us:
        yield f"steps are {apart_us} us apart, the period is {period_us} us"
    low, high = after.bracket()
    if not low <= after.made() <= high:
        yield f"{after.made()} steps are not in {low} .. {high} after an hour"


class Found:
    """What a campaign found.

    events: of the day, by kind. resets, hours, steps: made after them. waited_ms: the longest
    that a record waited for room. failed: at which event what is wrong.
    """

    def __init__(self) -> None:
        self.events: Counter[str] = Counter()
        self.resets = self.hours = self.steps = self.waited_ms = 0
        self.failed: list[str] = []

    def look(self, number: int, event: Event, cut_power: bool, goes_on: bool) -> None:
        """One reset. goes_on: for an hour."""
        after = After(event, cut_power)
        wrong = list(wrong_after(event, after))
        if goes_on:
            wrong += wrong_hour(after)
            self.hours += 1
            self.steps += len(after.edges_us)
        self.resets += 1
        way = "power cut" if cut_power else "watchdog"
        self.failed += [f"{number} {event.kind}, {way}: {text}" for text in wrong]


def campaign(ways: int, hour_every: int) -> Found:
    """The day, and resets at each of its events.

    ways: 2: the power fails there, and the watchdog resets; 1: one of them, by turns.
    hour_every: after one in so many events the pump goes on for an hour.
    """
    day = Day()
    day.live()
    found = Found()
    found.waited_ms = day.waited_ms
    for number, event in enumerate(day.events):
        found.events[event.kind] += 1
        for way in range(ways):
            found.look(number, event, (number + way) % 2 == 0, number % hour_every == 0)
    return found
