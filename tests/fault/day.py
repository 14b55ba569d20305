"""A day of a pump, and what would outlive a reset at each of its events.

From one morning to the next: three rates, two boluses, a stall, an occlusion, a stop, a power
failure, midnight, the clock set twice. What counts as an event: event.py.
"""

import copy
from typing import Any

from emulator.ram_disk import RamDisk
from firmware import ledger, records
from firmware.guard import MADE
from firmware.guard import STEP as STEP_STATE
from firmware.pins import STEP
from protocol.wire import events, schema
from tests.fault.event import Event, Given, said_by
from tests.fault.test_restore import made
from tests.kept import paths_of
from tests.pumps import Bed

SEGMENTS = [(0, 48_000), (480, 96_000), (960, 72_000)]
BOLUS = (5_000, 1_200_000)  # nL, nL/day: 100 steps in 6 min
DAY_S = 86_400
_OF_A_TURN = ("file", "note", "answer")


class _Disk(RamDisk):
    """Tells of each change."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: Any = lambda _path: None

    def open(self, _path: str, _mode: str = "r") -> Any:
        before = len(self._entries)
        file = super().open(_path, _mode)
        if len(self._entries) > before:
            self.changed(_path)
        return file

    def keep(self, path: str, data: bytes) -> None:
        super().keep(path, data)
        self.changed(path)

    def remove(self, _path: str) -> None:
        super().remove(_path)
        self.changed(_path)

    def rename(self, _old_path: str, _new_path: str) -> None:
        super().rename(_old_path, _new_path)
        self.changed(_new_path)

    def mkdir(self, _path: str) -> None:
        super().mkdir(_path)
        self.changed(_path)


def block_steps(rate_nl_day: int) -> int:
    """The table of docs/storage.md: steps reserved at a time."""
    return 8 if rate_nl_day <= 1_000_000 else -(-rate_nl_day // 125_000)


class Day:
    """One life of a pump, event by event.

    events: those since it was set up. waited_ms: the longest that a record waited for room.
    """

    def __init__(self) -> None:
        self.disk = disk = _Disk()
        self.bed = bed = Bed(before=lambda world: setattr(world, "disk", disk))
        self.events: list[Event] = []
        self._days = {0: 0}
        self._given: Given | None = None
        self._bolus_from = 0
        self._in_bolus = False
        self._doubt = self._reserved = 0
        bed.ready(*SEGMENTS)
        self._watch()
        self._turn = [said_by(bed.pump)]
        self._asleep = True
        self._seen: tuple[int, ...] = ()
        self._waits_us = -1
        self.waited_ms = 0
        self._listen()

    def live(self) -> None:
        """From 08:00 to 08:00."""
        self._morning()
        self._afternoon()
        self._night()

    def _morning(self) -> None:
        """Start, a bolus, a stall that comes and is acknowledged, a stop and a start."""
        bed = self.bed
        bed.programmer.start()
        bed.run(hours=1)
        self._bolus()
        bed.run(hours=1)
        bed.plant.stall(True)
        bed.run(minutes=10)
        bed.plant.stall(False)
        bed.run(minutes=5)
        bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
        bed.run(minutes=45)
        bed.ask(schema.STOP)
        bed.run(minutes=30)
        bed.ask(schema.START)
        bed.run(minutes=30)

    def _afternoon(self) -> None:
        """An occlusion comes, is acknowledged, and goes; a bolus is cancelled."""
        bed = self.bed
        bed.plant.kink(1.0)
        bed.run(hours=4)
        bed.ask(schema.ACKNOWLEDGE, alarm=schema.OCCLUSION)
        bed.run(minutes=10)
        bed.plant.release()
        bed.run(minutes=20)
        self._bolus()
        bed.run(minutes=3)
        bed.ask(schema.CANCEL_BOLUS)
        bed.run(hours=1)

    def _night(self) -> None:
        """The power fails, the clock is set, midnight, summer begins."""
        bed = self.bed
        self._cut_power(600)
        bed.run(minutes=30)
        self._set_clock(18, 15)
        bed.ask(schema.ACKNOWLEDGE, alarm=schema.CLOCK_LOST)
        bed.run(hours=8)
        self._set_clock(27, 15)
        bed.run(hours=5.8)

    def _bolus(self) -> None:
        self.bed.programmer.hello()
        self.bed.programmer.bolus(*BOLUS)
        self.bed.programmer.goodbye()

    def _set_clock(self, hours: int, minutes: int) -> None:
        self.bed.ask(schema.SET_CLOCK, wall_s=hours * 3_600 + minutes * 60)

    def _cut_power(self, off_s: int) -> None:
        self._doubt += self._reserved
        self.bed.world.power_cut()
        self.bed.run(s=off_s)
        self.bed.world.power_on()
        self.bed.run(s=2)

    def _listen(self) -> None:
        bed = self.bed
        plant = bed.plant
        on_encoder_a = plant._on_encoder_a

        def on_encoder(level: int) -> None:
            on_encoder_a(level)
            self._note("encoder")

        plant._on_encoder_a = on_encoder  # type: ignore[method-assign]
        outside = bed.world.chip.outside
        outside.listen(STEP, lambda level: self._note("step") if level else None)
        outside.uart_out(lambda _data, _done_us: self._note("answer"))
        self.disk.changed = self._file
        bed.world.observer = self._sleeps

    def _watch(self) -> None:
        """The pump of now: it was built by a start."""
        self._pump = pump = self.bed.pump
        note_at, begin = pump.log.note_at, pump.ledger.begin

        def noted(kind: int, a: int, b: int, at_ms: int) -> None:
            note_at(kind, a, b, at_ms)
            if kind == events.BOLUS_BEGUN:
                self._bolus_from = self._booked()
                self._in_bolus = True
                total_nl_day = b + pump.therapy.rate_nl_day
                self._given = Given(pump.boluses.count, 0, b, total_nl_day)
            elif kind == events.BOLUS_ENDED and self._in_bolus and self._given is not None:
                self._in_bolus = False
                self._given = self._given._replace(steps=self._booked() - self._bolus_from)
            self._note("note")

        def begun(span: int) -> None:
            begin(span)
            if span == ledger.SINCE_MIDNIGHT:
                day = pump.wall.wall_s(pump.clock.read()) // DAY_S
                self._days = {**self._days, day: self._booked()}

        pump.log.note_at = noted
        pump.ledger.begin = begun

    def _sleeps(self) -> None:
        pump = self.bed.pump
        if pump is None:
            return  # in its self-test
        if pump is not self._pump:
            self._watch()
        self._asleep = True
        waits = pump.keeper._changed != 0
        seen = (pump.log.noted, *pump.ledger._counts(), waits)
        if seen == self._seen:
            return
        self._seen = seen
        said = said_by(pump)
        self._turn.append(said)
        self._wait(waits)
        self._turn = list(self._turn) if waits else [said]
        self._note("turn")

    def _wait(self, waits: bool) -> None:
        """A record waits for room, or no longer."""
        now_us = self.bed.world.now_us
        if waits and self._waits_us < 0:
            self._waits_us = now_us
        elif not waits and self._waits_us >= 0:
            self.waited_ms = max(self.waited_ms, (now_us - self._waits_us) // 1_000)
            self._waits_us = -1

    def _booked(self) -> int:
        """Steps of the rotor, but for one that the pump has still to look for."""
        words = self._pump.guard.step
        return made(self.bed) - (words[MADE] if words[STEP_STATE] else 0)

    def _file(self, path: str) -> None:
        """A new record of the ledger reserves anew."""
        if path in paths_of(records.LEDGER):
            pump = self.bed.pump
            if pump is None:
                self._reserved = max(self._reserved, block_steps(0))
            elif pump.state.state == schema.RUNNING:
                self._reserved = block_steps(pump.therapy.rate_nl_day)
            else:
                self._reserved = 0
        self._note("file")

    def _note(self, kind: str) -> None:
        """An event."""
        pump = self.bed.pump
        if kind in _OF_A_TURN:
            if self._asleep:
                self._turn = list(self._turn)
                self._asleep = False
            if pump is not None:
                self._turn.append(said_by(pump))
        if pump is not None:
            self._doubt = pump.ledger.unverified.value()
        steps = made(self.bed)
        if self._in_bolus and self._given is not None:
            self._given = self._given._replace(steps=steps - self._bolus_from)
        plant = self.bed.plant
        event = Event(
            kind,
            self.bed.world.now_us,
            dict(self.disk._entries),
            copy.deepcopy(plant.fluid),
            plant.motor.stalled,
            self._turn,
            steps,
            self._days,
            self._given,
            self._doubt,
            self._reserved,
        )
        self.events.append(event)
