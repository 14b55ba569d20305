"""An exported event log, played again: the same rates from the same instants, through the real
firmware, motor and encoder, give the same ledger.

The log holds what decides over delivery: each rate with its instant to the millisecond, each
calibration, each start of the pump, and each time that the motor stalled. What it does not hold is
not played: a single step that did not arrive, drug that left by a leak. Each start of the pump is
a pump of its own here; the ledgers are compared from the first checkpoint after it on.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.plant.plant import Plant
from emulator.world import World
from firmware.delivery import MISSED_STEPS_MAX
from firmware.pins import STEP
from firmware.prescription import Prescription
from protocol.programmer.event_log import Event
from protocol.wire import events, schema

_JUST_AFTER_US = 500  # what the loop does in the same millisecond has been done
_JUST_BEFORE_MS = 1
_RESERVOIR_NL = 40_000_000
_SETUP = {
    "serial": "replay",
    "patient_label": "replay",
    "drug": "baclofen",
    "conc_mcg_ml": 500,
    "reservoir_nl": _RESERVOIR_NL,
    "catheter_um": 890_000,
    "catheter_nl_cm": 2_200,
    "dose_ng_day_limit": schema.DOSE_NG_DAY_MAX,
}


@dataclass(frozen=True)
class Checkpoint:
    """Steps since the first checkpoint of the same start: as logged, and as played again."""

    boot: int
    uptime_s: int
    verified_steps: int
    unverified_steps: int
    played_verified_steps: int
    played_unverified_steps: int
    slack_steps: int

    @property
    def agrees(self) -> bool:
        """Whether both ledgers say the same, within the slack."""
        return (
            abs(self.verified_steps - self.played_verified_steps) <= self.slack_steps
            and abs(self.unverified_steps - self.played_unverified_steps) <= self.slack_steps
        )


def replay(found: list[Event], seed: int) -> list[Checkpoint]:
    """Play a log again; every checkpoint but the first of each start.

    Where the log begins in the middle of a start, the phase of the first step is not known: one
    step of slack.
    """
    checkpoints: list[Checkpoint] = []
    step_pl = _first_step_pl(found)
    was_set_up = False
    for part in _starts(found):
        steps_ms: list[int] = []
        stalls_ms = [_ms(one) for one in part if _is_stall(one)]
        goes_on = was_set_up or _begins_prescribed(part)
        if stalls_ms:
            _Play(part, seed, step_pl, goes_on, []).run(steps_ms)
        jammed_ms = [_jam(steps_ms, at_ms) for at_ms in stalls_ms]
        checkpoints += _Play(part, seed, step_pl, goes_on, jammed_ms).run([])
        was_set_up |= goes_on or any(_is_set_up(one) for one in part)
        for one in part:
            if one.kind == events.CALIBRATED:
                step_pl = one.b
    return checkpoints


class _Play:
    """One start of the pump. goes_on: it had been set up before; a whole step is earned first.

    jammed_ms: (from, to) of each time that the motor stalled.
    """

    def __init__(
        self,
        part: list[Event],
        seed: int,
        step_pl: int,
        goes_on: bool,
        jammed_ms: list[tuple[int, int]],
    ) -> None:
        self._part = part
        self._world = World(seed)
        self._plant = Plant(self._world, capacity_nl=_RESERVOIR_NL)
        self._ledgers: list[tuple[Event, int, int]] = []
        self._world.boot()
        self._from_us = self._world.now_us
        pump = self._world.pump
        pump.commission(_SETUP, pump.clock.read())
        if step_pl != pump.step_pl:
            pump.calibrate(step_pl)
        if goes_on:
            pump.delivery.calibrate(step_pl, True)
        for from_ms, to_ms in jammed_ms:
            self._at(from_ms, 0, self._plant.stall, True)
            self._at(to_ms, _JUST_AFTER_US, self._plant.stall, False)
        acts = {
            events.RATE: self._on_rate,
            events.CALIBRATED: self._on_calibrated,
            events.LEDGER: self._on_ledger,
        }
        for one in part:
            if one.kind in acts:
                self._at(_ms(one), _JUST_AFTER_US, acts[one.kind], one)

    def run(self, steps_ms: list[int]) -> list[Checkpoint]:
        """To the end. steps_ms: takes the instants of the steps that were made."""

        def on_step(level: int) -> None:
            if level:
                steps_ms.append((self._world.now_us - self._from_us) // 1_000)

        self._world.chip.outside.listen(STEP, on_step)
        self._world.run_until(self._from_us + (_ms(self._part[-1]) + 1_000) * 1_000)
        slack = 0 if self._part[0].kind == events.BOOT else 1
        return [_checkpoint(self._ledgers[0], one, slack) for one in self._ledgers[1:]]

    def _at(self, ms: int, us: int, act: Callable[[Any], None], what: Any) -> None:
        self._world.at(self._from_us + ms * 1_000 + us, act, what)

    def _on_rate(self, one: Event) -> None:
        """Another rate holds; an alarm that the pump raised by itself is in nobody's way."""
        pump = self._world.pump
        now_ms = pump.clock.read()
        if not one.a:
            pump.stop(now_ms)
        else:
            for alarm, entry in enumerate(pump.alarms.table):
                if entry.stands:
                    pump.alarms.acknowledge(alarm)
            pump.prescribe(_steady(one.a), now_ms)
            if pump.state.state == schema.STOPPED:
                pump.start(now_ms)
        self._world.board.woken = True

    def _on_calibrated(self, one: Event) -> None:
        self._world.pump.calibrate(one.b)

    def _on_ledger(self, one: Event) -> None:
        ledger = self._world.pump.ledger
        self._ledgers.append((one, ledger.verified.value(), ledger.unverified.value()))
        if self._plant.fluid.reservoir.volume_nl < _RESERVOIR_NL // 2:
            self._plant.refill(_RESERVOIR_NL // 4)


def _checkpoint(
    first: tuple[Event, int, int], last: tuple[Event, int, int], slack_steps: int
) -> Checkpoint:
    return Checkpoint(
        last[0].boot,
        last[0].uptime_s,
        last[0].a - first[0].a,
        last[0].b - first[0].b,
        last[1] - first[1],
        last[2] - first[2],
        slack_steps,
    )


def _starts(found: list[Event]) -> list[list[Event]]:
    """The events of each start of the pump; before the first start or rate nothing is known."""
    parts: list[list[Event]] = []
    for one in found:
        if one.kind == events.BOOT or (not parts and one.kind == events.RATE):
            parts.append([])
        if parts:
            parts[-1].append(one)
    return [part for part in parts if any(one.kind == events.LEDGER for one in part)]


def _first_step_pl(found: list[Event]) -> int:
    """The calibration that held at the beginning."""
    old = [one.a for one in found if one.kind == events.CALIBRATED]
    return old[0] if old else schema.STEP_PL_NOMINAL


def _ms(one: Event) -> int:
    """Milliseconds since the start of the pump."""
    return one.uptime_s * 1_000 + one.ms


def _is_stall(one: Event) -> bool:
    return one.kind == events.ALARM_RAISED and one.a == schema.MOTOR_STALLED


def _is_set_up(one: Event) -> bool:
    return one.kind == events.COMMAND and one.a == schema.SETUP


def _begins_prescribed(part: list[Event]) -> bool:
    """Whether a prescription was restored, before anybody asked for anything."""
    first = next((one for one in part if one.kind in (events.COMMAND, events.PRESCRIPTION)), None)
    return first is not None and first.kind == events.PRESCRIPTION


def _jam(steps_ms: list[int], at_ms: int) -> tuple[int, int]:
    """From just before the steps that the alarm is about, to the alarm."""
    about = [step_ms for step_ms in steps_ms if step_ms <= at_ms][-MISSED_STEPS_MAX:]
    return (about[0] if about else at_ms) - _JUST_BEFORE_MS, at_ms


def _steady(rate_nl_day: int) -> Prescription:
    return Prescription(
        {
            "conc_mcg_ml": _SETUP["conc_mcg_ml"],
            "therapy": schema.CONTINUOUS,
            "dose_ng_day": rate_nl_day * 500 // 1_000,
            "segments": [{"start_min": 0, "rate_nl_day": rate_nl_day}],
        }
    )
