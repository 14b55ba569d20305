"""Changes to a pump over a line with faults; an observer inside it counts what was done."""

from itertools import count
from pathlib import Path
from typing import Any

from emulator.emu_link import EmuLink
from protocol.programmer import reconciliation
from protocol.programmer.bolus import Bolus
from protocol.programmer.client import Client
from protocol.programmer.exchange import NoAnswer
from protocol.programmer.journal import Journal, Recorder
from protocol.programmer.link import LinkError
from protocol.programmer.program import Program, Segment
from protocol.programmer.reconciliation import Verdict
from protocol.wire import schema
from tests.pumps import Bed
from tests.wire.faulty_line import PORT, Line
from tests.wire.test_client import EIGHT_S, SETUP

BOLUS = (schema.PROPOSE_BOLUS, schema.START_BOLUS, schema.CANCEL_BOLUS)


class Observer:
    """Counts what the pump does, behind the protocol's back. done: how often, by command."""

    def __init__(self, bed: Bed) -> None:
        self.done = dict.fromkeys(schema.CHANGING, 0)
        pump = bed.pump
        self._watch(pump, "commission", schema.SETUP)
        self._watch(pump, "calibrate", schema.CALIBRATE)
        self._watch(pump, "prescribe", schema.CONFIRM)
        self._watch(pump.therapy, "begin_bolus", schema.START_BOLUS)
        self._watch(pump.therapy, "end_bolus", schema.CANCEL_BOLUS)
        self._watch(pump, "start", schema.START)
        self._watch(pump, "stop", schema.STOP)
        self._watch(pump.wall, "set", schema.SET_CLOCK)
        self._watch(pump.alarms, "acknowledge", schema.ACKNOWLEDGE)
        self._watch(pump.ledger, "begin", schema.REFILLED)

    def _watch(self, owner: Any, name: str, command: int) -> None:
        act = getattr(owner, name)

        def watched(*args: Any) -> Any:
            result = act(*args)
            self.done[command] += 1
            return result

        setattr(owner, name, watched)


class Case:
    """One command to one pump, again and again, each time something new.

    prepare: on a sound line, so that the pump accepts it. send: the change itself.
    """

    def __init__(self, command: int, folder: Path) -> None:
        self.command = command
        self.bed = Bed()
        self.journal = Journal(folder)
        self._number = count(1)
        self._n = 0
        self.bed.ready((0, 400_000), serial="A-0")
        self.bed.programmer.goodbye()
        if command in (schema.REFILLED, *BOLUS):
            self.bed.ask(schema.START)
            self.bed.run(hours=2)
        self.observer = Observer(self.bed)

    def client(self, link: EmuLink, recorded: bool = True, greet: bool = True) -> Client:
        recorder = Recorder(self.journal, PORT, self.now_s) if recorded else None
        client = Client(link, recorder)
        if greet:
            client.hello()
        return client

    def now_s(self) -> int:
        """This computer's clock: as fast as the pump's, and right."""
        return EIGHT_S + self.bed.world.now_us // 1_000_000

    def prepare(self) -> None:
        self._n = next(self._number)
        bed = self.bed
        if self.command in (schema.SETUP, schema.CALIBRATE, schema.REFILLED):
            bed.programmer.hold_magnet()
        if self.command == schema.ACKNOWLEDGE:
            bed.pump.alarms.raise_alarm(schema.RESERVOIR_LOW, 1)
            bed.pump.alarms.clear(schema.RESERVOIR_LOW)
        if self.command == schema.START:
            bed.ask(schema.STOP)
        if self.command == schema.STOP and bed.state != schema.RUNNING:
            bed.ask(schema.START)
        if self.command in BOLUS:
            bed.run(s=schema.BOLUS_LOCKOUT_S)
        if self.command == schema.CANCEL_BOLUS:
            bed.programmer.hello()
            bed.programmer.bolus(2_000, 1_000_000)
        if self.command == schema.START_BOLUS:  # it waits for room before the next step
            steps = len(bed.steps)
            while len(bed.steps) == steps:
                bed.run(ms=100)
        self.before = dict(self.observer.done)

    def send(self, client: Client) -> None:
        n = self._n
        if self.command == schema.ACKNOWLEDGE:
            client.acknowledge(schema.RESERVOIR_LOW)
        elif self.command == schema.SET_CLOCK:
            client.set_clock(EIGHT_S + 86_400 * n)
        elif self.command == schema.SETUP:
            client.setup({**SETUP, "serial": f"A-{n}"})
        elif self.command == schema.CALIBRATE:
            client.calibrate(1_000, 50_000 + n)
        elif self.command == schema.REFILLED:
            client.refilled()
        elif self.command == schema.CONFIRM:
            client.confirm(self.proposed)
        elif self.command == schema.START_BOLUS:
            client.start_bolus(self.proposed)
        elif self.command == schema.CANCEL_BOLUS:
            client.cancel_bolus()
        elif self.command == schema.START:
            client.start()
        else:
            client.stop()

    def attempt(self, link: Line, greet: bool = True) -> bool:
        """Send it over this line. Whether it was answered."""
        try:
            self.say(link, greet)
        except (LinkError, NoAnswer):
            return False
        return True

    def say(self, link: EmuLink, greet: bool = True) -> None:
        """Send it over this line. Raises what the client raises."""
        client = self.client(link, greet=greet)
        if self.command == schema.CONFIRM:
            program = Program(2_000, schema.CONTINUOUS, (Segment(0, 400_000 + 1_000 * self._n),))
            self.proposed = client.propose(program.to_wire())["digest"]
        if self.command == schema.START_BOLUS:
            self.proposed = client.propose_bolus(Bolus(2_000, 2_000, 1_000_000).to_wire())[
                "digest"
            ]
        self.send(client)

    def effects(self) -> int:
        """How often it took effect since `prepare`, by the observer."""
        return self.observer.done[self.command] - self.before[self.command]

    def judged(self) -> Verdict:
        """What the programmer finds out on a sound line."""
        client = self.client(EmuLink(self.bed.world), recorded=False)
        self.serial = client.hello()["serial"]
        ((self.path, entry),) = self.journal.open_for(self.serial, PORT).items()
        verdict = reconciliation.judge(client, entry, self.now_s())
        client.goodbye()
        return verdict

    def reconciled(self) -> Verdict:
        """The same; the journal is empty after it."""
        verdict = self.judged()
        assert verdict.is_final
        self.journal.end(self.path)
        assert self.journal.open_for(self.serial, PORT) == {}
        return verdict

    def check(self, link: Line) -> bool:
        """One attempt on this line, and what is said of it. Whether it was answered."""
        self.prepare()
        answered = self.attempt(link)
        if answered:
            assert self.effects() == 1
            return True
        verdict = self.reconciled()
        assert verdict.times == self.effects() <= 1
        assert verdict.from_log
        return False
