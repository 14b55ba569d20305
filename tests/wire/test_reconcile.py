"""Did it deliver? Whatever the line does to a change, it takes effect once or not at all, and the
programmer finds out which. Judged by an observer inside the pump, who counts what was done."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from emulator.emu_link import EmuLink
from emulator.world import World
from protocol import names
from protocol.programmer import reconciliation
from protocol.programmer.app import ALARM, LINK
from protocol.programmer.bolus import Bolus
from protocol.programmer.client import Client
from protocol.programmer.crc import crc32
from protocol.programmer.exchange import REPEATS_MAX, NoAnswer, Refused
from protocol.programmer.journal import Entry, Journal, JournalError, Recorder
from protocol.programmer.link import LinkError
from protocol.programmer.program import Program, Segment
from protocol.programmer.reconciliation import Verdict
from protocol.wire import events, frame, schema
from tests.pumps import Bed, bytes_of_state
from tests.wire.desk import OK, Desk
from tests.wire.test_client import EIGHT_S, SETUP

PORT = "/dev/pump"
NEVER = 1 << 30
BOLUS = (schema.PROPOSE_BOLUS, schema.START_BOLUS, schema.CANCEL_BOLUS)
HELLO = {
    "protocol_version": schema.PROTOCOL_VERSION,
    "schema_hash": schema.SCHEMA_HASH,
    "client": "cut",
}


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


class Line(EmuLink):
    """A line with a fault, from the first request of one command on.

    command: which. to_pump, from_pump: bytes that still pass before the line breaks. change: what
    becomes of the n-th writing (from 1) of the command. back: of the n-th reading after it.
    held: what was held back; `let_go` sends it on.
    """

    def __init__(self, world: World, command: int) -> None:
        super().__init__(world, PORT)
        self.command = command
        self.to_pump = self.from_pump = NEVER
        self.change: Callable[[int, bytes], bytes] = lambda _number, data: data
        self.back: Callable[[int, bytes], bytes] = lambda _number, data: data
        self.held = b""
        self._writings = self._readings = 0

    def write(self, data: bytes) -> None:
        (said,) = frame.Decoder(crc32).feed(data)
        if said.kind != self.command:
            super().write(data)
            return
        self._writings += 1
        data = self.change(self._writings, data)
        if data:
            super().write(data[: self.to_pump])
        if len(data) >= self.to_pump:
            raise LinkError(self.name, OSError("cut on the way there"))

    def read(self, timeout_ms: int) -> bytes:
        data = super().read(timeout_ms)
        if not self._writings or not data:
            return data
        self._readings += 1
        data = self.back(self._readings, data)
        self.from_pump -= len(data)
        if self.from_pump <= 0:
            raise LinkError(self.name, OSError("cut on the way back"))
        return data

    def hold(self, data: bytes) -> bytes:
        self.held += data
        return b""

    def let_go(self) -> None:
        EmuLink.write(self, self.held)


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

    def client(self, link: EmuLink, recorded: bool = True) -> Client:
        recorder = Recorder(self.journal, PORT, self.now_s) if recorded else None
        client = Client(link, recorder)
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

    def attempt(self, link: Line) -> bool:
        """Send it over this line. Whether it was answered."""
        client = self.client(link)
        if self.command == schema.CONFIRM:
            program = Program(2_000, schema.CONTINUOUS, (Segment(0, 400_000 + 1_000 * self._n),))
            self.proposed = client.propose(program.to_wire())["digest"]
        if self.command == schema.START_BOLUS:
            self.proposed = client.propose_bolus(Bolus(2_000, 2_000, 1_000_000).to_wire())[
                "digest"
            ]
        try:
            self.send(client)
        except (LinkError, NoAnswer):
            return False
        return True

    def effects(self) -> int:
        """How often it took effect since `prepare`, by the observer."""
        return self.observer.done[self.command] - self.before[self.command]

    def reconciled(self) -> Verdict:
        """What the programmer finds out on a sound line; the journal is empty after it."""
        client = self.client(EmuLink(self.bed.world), recorded=False)
        serial = client.hello()["serial"]
        ((path, entry),) = self.journal.open_for(serial, PORT).items()
        verdict = reconciliation.judge(client, entry, self.now_s())
        client.goodbye()
        self.journal.end(path)
        assert self.journal.open_for(serial, PORT) == {}
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


@pytest.fixture(params=schema.CHANGING, ids=lambda kind: names.MESSAGES[kind])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return Case(request.param, tmp_path / "journal")


def cut_everywhere(case: Case) -> tuple[int, int]:
    """Cut after every byte there, then back: (cuts, how many of them took effect)."""
    cuts = done = 0
    for way in ("to_pump", "from_pump"):
        for passed in count():
            link = Line(case.bed.world, case.command)
            setattr(link, way, passed)
            if case.check(link):
                break
            cuts += 1
            done += case.effects()
    return cuts, done


def test_a_line_cut_after_any_byte_of_any_change_leaves_no_doubt(case: Case) -> None:
    cuts, done = cut_everywhere(case)
    assert cuts >= 30
    assert 10 < done < cuts - 10, "some cuts came before the effect, some after it"


PROPOSED = Program(2_000, schema.CONTINUOUS, (Segment(0, 500_000),)).to_wire()
A_BOLUS = Bolus(2_000, 2_000, 1_000_000).to_wire()
OTHERS = [kind for kind in schema.STATE_X_COMMAND if kind not in schema.CHANGING]


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: names.MESSAGES[kind])
def test_a_line_cut_after_any_byte_of_any_other_request_changes_nothing(
    kind: int, tmp_path: Path
) -> None:
    case = Case(kind, tmp_path)
    values = {"first_event": 0, **PROPOSED, **HELLO}
    if kind == schema.PROPOSE_BOLUS:
        values.update(A_BOLUS)
    for way in ("to_pump", "from_pump"):
        for passed in count():
            link = Line(case.bed.world, kind)
            client = case.client(EmuLink(case.bed.world))
            client.exchange._link = link
            setattr(link, way, passed)
            try:
                client.exchange.ask(kind, values)
                break
            except LinkError:
                assert sum(case.observer.done.values()) == 0
    assert case.bed.pump.therapy.prescription.fields["segments"] == [
        {"start_min": 0, "rate_nl_day": 400_000}
    ]


FAULTS = ("lost there", "lost back", "doubled there", "doubled back", "late there", "late back")


def faulty(case: Case, fault: str, times: int) -> Line:
    """A line on which the first `times` frames, of the change or of its answer, have a fault."""
    link = Line(case.bed.world, case.command)

    def change(number: int, data: bytes) -> bytes:
        if number > times:
            held, link.held = link.held, b""
            return held + data
        if fault.startswith("late"):
            return link.hold(data)
        return b"" if fault.startswith("lost") else data * 2

    if fault.endswith("there"):
        link.change = change
    else:
        link.back = change
    return link


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_doubled_or_late_frame_is_done_once_or_told(case: Case, fault: str) -> None:
    for times in range(1, REPEATS_MAX + 2):
        answered = case.check(faulty(case, fault, times))
        assert answered == (times <= REPEATS_MAX or fault.startswith("doubled")), times


def test_a_request_that_arrives_after_all_was_reconciled_is_refused(case: Case) -> None:
    """But for STOP, which is taken at any time: standing still is what was asked for."""
    link = Line(case.bed.world, case.command)
    link.change = lambda _number, data: link.hold(data)
    case.prepare()
    assert not case.attempt(link)
    assert case.reconciled().times == 0
    link.let_go()
    case.bed.run(s=3)
    assert (case.effects() > 0) == (case.command == schema.STOP)


@pytest.mark.parametrize("way", ["to_pump", "from_pump"])
def test_after_a_power_failure_as_well_the_pumps_state_decides(case: Case, way: str) -> None:
    """The line is cut, then the power fails before the log is on the flash."""
    case.bed.run(s=30)
    case.prepare()
    link = Line(case.bed.world, case.command)
    setattr(link, way, 3)
    assert not case.attempt(link)
    case.bed.run(ms=100)
    assert case.effects() == int(way == "from_pump")
    effects = case.effects()
    case.bed.world.power_cut()
    case.bed.run(s=5)
    case.bed.world.power_on()
    case.bed.run(s=5)
    verdict = case.reconciled()
    assert not verdict.from_log
    assert verdict.times == effects


def test_a_change_by_somebody_else_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    case = Case(schema.START, tmp_path)
    link = Line(case.bed.world, case.command)
    link.to_pump = 5
    case.prepare()
    assert not case.attempt(link)
    case.bed.ask(schema.START)
    verdict = case.reconciled()
    assert (verdict.times, verdict.from_log) == (0, True)


def test_a_change_that_stands_before_a_gap_is_found(tmp_path: Path) -> None:
    case = Case(schema.STOP, tmp_path)
    link = Line(case.bed.world, case.command)
    link.from_pump = 1
    case.prepare()
    assert not case.attempt(link)
    log = case.bed.pump.log
    for _ in range(300):
        log.note(events.SELF_TEST)
    verdict = case.reconciled()
    assert (verdict.times, verdict.from_log) == (1, True)


def test_behind_a_gap_in_the_log_the_pumps_state_decides(tmp_path: Path) -> None:
    case = Case(schema.START, tmp_path)
    link = Line(case.bed.world, case.command)
    log = case.bed.pump.log

    def crowded(_number: int, data: bytes) -> bytes:
        for _ in range(300):
            log.note(events.SELF_TEST)
        return data

    link.change = crowded
    link.from_pump = 1
    case.prepare()
    assert not case.attempt(link)
    verdict = case.reconciled()
    assert (verdict.times, verdict.from_log) == (1, False)


def test_a_refusal_is_an_answer(tmp_path: Path) -> None:
    case = Case(schema.START, tmp_path)
    client = case.client(EmuLink(case.bed.world))
    client.start()
    with pytest.raises(Refused):
        client.start()
    assert case.journal.open_for("A-0", PORT) == {}


def test_no_request_but_the_changing_ones_changes_anything() -> None:
    bed = Bed()
    bed.running()
    bed.programmer.hello()
    others = {kind for kind in schema.STATE_X_COMMAND if kind not in schema.CHANGING}
    before = bytes_of_state(bed.pump)
    for kind in others - {schema.HELLO, schema.GOODBYE, schema.PROPOSE, schema.PROPOSE_BOLUS}:
        bed.programmer.ask(kind, {"first_event": 0})
    assert bytes_of_state(bed.pump) == before


@pytest.fixture
def cut(ready: Desk) -> Desk:
    """A desk whose START was cut on the way back: it took effect."""
    ready.link_type = lambda world, _url: link_of(world)

    def link_of(world: World) -> Line:
        link = Line(world, schema.START)
        link.from_pump = 2
        return link

    done = ready.run("start", "--yes")
    assert done.exit_code == LINK
    assert "`pump-programmer reconcile`" in done.stderr
    return ready


def test_the_command_says_what_became_of_it(cut: Desk) -> None:
    cut.link_type = EmuLink
    done = cut.run("reconcile")
    assert done.exit_code == OK
    assert "START, sent at 2026-01-01 08:00:00, took effect, once" in done.output
    assert cut.state_name() == "RUNNING"
    again = cut.run("reconcile")
    assert again.exit_code == OK
    assert "No change to this pump is open." in again.output


def test_one_that_did_not_take_effect_gives_exit_code_1(ready: Desk) -> None:
    def link_of(world: World, _url: str) -> Line:
        link = Line(world, schema.START)
        link.to_pump = 4
        return link

    ready.link_type = link_of
    assert ready.run("start", "--yes").exit_code == LINK
    ready.link_type = EmuLink
    answer = ready.ask("reconcile")
    assert not answer["ok"]
    assert [(one["command_name"], one["times"]) for one in answer["result"]] == [("START", 0)]
    assert ready.state_name() == "STOPPED"
    assert ready.run("start", "--yes").exit_code == OK


def test_while_the_line_stays_cut_the_change_stays_open(cut: Desk) -> None:
    cut.broken = OSError("no such port")
    assert cut.run("reconcile").exit_code == LINK
    cut.broken = None
    cut.link_type = EmuLink
    assert cut.ask("reconcile")["result"][0]["times"] == 1


def test_before_it_is_reconciled_nothing_is_changed_but_stop(cut: Desk) -> None:
    cut.link_type = EmuLink
    observer = Observer(cut.bed)
    refused = cut.run("clock", "--set", "now", "--yes")
    assert refused.exit_code == ALARM
    assert "reconcile" in refused.stderr
    assert sum(observer.done.values()) == 0
    assert cut.run("stop").exit_code == OK
    assert cut.state_name() == "STOPPED"
    assert cut.ask("reconcile")["result"][0]["times"] == 1
    assert cut.run("clock", "--set", "now", "--yes").exit_code == OK


def test_a_stop_is_not_held_up_by_an_open_change(tmp_path: Path) -> None:
    case = Case(schema.START, tmp_path)
    link = Line(case.bed.world, case.command)
    link.from_pump = 1
    case.prepare()
    assert not case.attempt(link)
    client = case.client(EmuLink(case.bed.world))
    with pytest.raises(JournalError):
        client.set_clock(EIGHT_S)
    client.stop()
    assert case.bed.state == schema.STOPPED


def test_a_stop_without_a_greeting_is_known_by_its_port(tmp_path: Path) -> None:
    case = Case(schema.STOP, tmp_path)
    link = Line(case.bed.world, case.command)
    link.to_pump = 2
    with pytest.raises(LinkError):
        Client(link, Recorder(case.journal, PORT, case.now_s)).stop()
    assert case.journal.open_for("A-0", "/dev/other") == {}
    ((_, entry),) = case.journal.open_for("A-0", PORT).items()
    assert (entry.serial, entry.newest_event) == (None, -1)
    assert case.reconciled() == Verdict(1, False), "it stands still: nothing was running"


def test_another_pump_is_not_held_up(cut: Desk) -> None:
    cut.link_type = EmuLink
    cut.bed = Bed()
    cut.bed.programmer.hold_magnet()
    assert "No change to this pump is open." in cut.run("reconcile").output
    assert cut.run("setup", "--yes", *OTHER_SETUP).exit_code == OK


OTHER_SETUP = (
    "--serial", "OITB-0777", "--patient-label", "another", "--drug", "baclofen",
    "--concentration", "2000 mcg/mL", "--reservoir", "20 mL", "--catheter-length", "89 cm",
    "--catheter-volume", "2.2 uL/cm", "--dose-limit", "1000 mcg/day",
)  # fmt: skip


def test_a_journal_that_cannot_be_kept_sends_nothing(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    case = Case(schema.START, blocked / "journal")
    case.prepare()
    with pytest.raises(JournalError, match="nothing was sent"):
        case.send(case.client(EmuLink(case.bed.world)))
    assert case.effects() == 0


def test_a_journal_that_cannot_be_read_is_told(ready: Desk) -> None:
    (Path(ready.journal.name) / "1-0000000001.json").write_text('{"serial": 1')
    done = ready.run("start", "--yes")
    assert done.exit_code == ALARM
    assert "cannot be read" in done.stderr
    assert ready.state_name() == "STOPPED"


def test_an_entry_is_on_the_disk_before_a_byte_is_on_the_line(tmp_path: Path) -> None:
    case = Case(schema.START, tmp_path)
    seen: list[Entry] = []

    class Looking(Line):
        def write(self, data: bytes) -> None:
            if frame.Decoder(crc32).feed(data)[0].kind == schema.START:
                seen.extend(case.journal.open_for("A-0", PORT).values())
            super().write(data)

    case.prepare()
    case.send(case.client(Looking(case.bed.world, schema.START)))
    assert [(one.serial, one.command, one.port) for one in seen] == [("A-0", schema.START, PORT)]
    assert case.journal.open_for("A-0", PORT) == {}
