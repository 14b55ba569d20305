"""A refusal that does not say whether a change took effect is no answer: the journal stays open.

The change is carried out and stored, its answer is lost, and the pump no longer knows the session
when the repeat comes: the power has failed meanwhile, or somebody else has said hello.
"""

import binascii
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.emu_link import EmuLink
from emulator.world import World
from protocol import names
from protocol.programmer.app import ALARM, LINK
from protocol.programmer.exchange import Refused, Undecided
from protocol.wire import codec, frame, schema
from tests.wire.changes import Case
from tests.wire.desk import OK, Desk
from tests.wire.faulty_line import PORT

KINDS = [kind for kind in schema.CHANGING if kind != schema.STOP]  # it is taken without a session
OFF_US = 100_000
HELLO = {
    "protocol_version": schema.PROTOCOL_VERSION,
    "schema_hash": schema.SCHEMA_HASH,
    "client": "another",
}


def power_fails(world: World) -> None:
    world.at(world.now_us + OFF_US, lambda _: world.power_on())
    world.power_cut()


def somebody_says_hello(world: World) -> None:
    line = frame.encode(binascii.crc32, 77, schema.HELLO, codec.encode(schema.HELLO, HELLO))
    world.at(world.now_us + OFF_US, lambda _: world.chip.outside.uart_in(line))


MEANWHILE = {"power": power_fails, "hello": somebody_says_hello}


def lose_the_answer(world: World, command: int, meanwhile: Callable[[World], None]) -> None:
    """The next answer to this command does not go out; something else happens instead."""
    session = world.pump.session
    write = session._write

    def lost(data: bytes) -> None:
        (told,) = frame.Decoder(binascii.crc32).feed(data)
        if told.kind != command | schema.ANSWER:
            write(data)
            return
        session._write = write
        meanwhile(world)

    session._write = lost


@pytest.mark.parametrize("meanwhile", MEANWHILE)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: names.MESSAGES[kind])
def test_a_change_that_was_done_is_not_told_refused(
    kind: int, meanwhile: str, tmp_path: Path
) -> None:
    case = Case(kind, tmp_path)
    case.prepare()
    lose_the_answer(case.bed.world, kind, MEANWHILE[meanwhile])
    with pytest.raises(Undecided, match=f"no answer to {names.MESSAGES[kind]}"):
        case.say(EmuLink(case.bed.world))
    assert case.effects() == 1
    assert len(case.journal.open_for("A-0", PORT)) == 1


def test_a_refusal_of_the_first_copy_is_an_answer(tmp_path: Path) -> None:
    """Nothing was sent before it that could have been carried out."""
    case = Case(schema.SET_CLOCK, tmp_path)
    case.prepare()
    client = case.client(EmuLink(case.bed.world), recorded=False)
    case.client(EmuLink(case.bed.world))
    with pytest.raises(Refused, match="OUT_OF_SEQUENCE"):
        client.set_clock(1)
    assert case.effects() == 0


def out_of_memory(*_: Any) -> None:
    raise MemoryError


def test_a_change_that_a_fault_ended_halfway_is_not_told_refused(tmp_path: Path) -> None:
    case = Case(schema.CONFIRM, tmp_path)
    case.prepare()
    case.bed.pump.therapy.load = out_of_memory  # after the record was written
    with pytest.raises(Undecided) as caught:
        case.say(EmuLink(case.bed.world))
    assert caught.value.refused.name == "FAULTED"
    assert len(case.journal.open_for("A-0", PORT)) == 1


def test_a_change_that_a_fault_left_without_an_answer_is_not_told_refused(
    tmp_path: Path,
) -> None:
    """Its repeat is refused for the state FAULT, into which the first copy brought the pump."""
    case = Case(schema.CONFIRM, tmp_path)
    case.prepare()

    def fail(*_: Any) -> None:
        raise ValueError

    case.bed.pump.therapy.load = fail  # after the record was written
    with pytest.raises(Undecided) as caught:
        case.say(EmuLink(case.bed.world))
    assert (caught.value.refused.name, caught.value.refused.field) == ("FAULTED", "state")


def test_a_pump_that_was_in_fault_before_refuses_and_changes_nothing(ready: Desk) -> None:
    ready.bed.pump.fault_stop(1)
    refused = ready.run("start", "--yes")
    assert refused.exit_code == ALARM
    assert "The pump refused START (FAULTED)" in refused.stderr
    assert "No change to this pump is open." in ready.run("reconcile").output


@pytest.mark.parametrize(
    ("meanwhile", "code"), [("power", "NO_SESSION"), ("hello", "OUT_OF_SEQUENCE")]
)
def test_the_command_line_says_that_it_is_not_known_and_points_to_reconcile(
    ready: Desk, meanwhile: str, code: str
) -> None:
    lose_the_answer(ready.bed.world, schema.START, MEANWHILE[meanwhile])
    done = ready.run("start", "--yes")
    assert done.exit_code == LINK
    assert f"its repeat was refused ({code})" in done.stderr
    assert "It is not known whether it took effect." in done.stderr
    assert "`pump-programmer reconcile`" in done.stderr
    assert ready.state_name() == "RUNNING"
    assert ready.ask("reconcile")["result"][0]["times"] == 1
    assert ready.run("stop").exit_code == OK


def test_a_script_is_told_so_by_a_code_of_its_own(ready: Desk) -> None:
    ready.bed.pump.ledger.deliver_as = out_of_memory
    error = ready.ask("start", "--yes")["error"]
    assert error["kind"] == "UNDECIDED"
    assert "A fault of the pump came before or in START (FAULTED)." in error["what"]
    assert "reconcile" in error["action"]
