"""The journal: a change is in it before a byte is sent, until it is known what became of it."""

from pathlib import Path

import pytest

from emulator.emu_link import EmuLink
from protocol.programmer.app import ALARM
from protocol.programmer.client import Client
from protocol.programmer.crc import crc32
from protocol.programmer.exchange import Refused
from protocol.programmer.journal import Entry, JournalError, Recorder
from protocol.programmer.link import LinkError
from protocol.programmer.reconciliation import Verdict
from protocol.wire import frame, schema
from tests.wire.changes import Case
from tests.wire.desk import Desk
from tests.wire.faulty_line import PORT, Line
from tests.wire.test_client import EIGHT_S


def test_a_refusal_is_an_answer(tmp_path: Path) -> None:
    case = Case(schema.START, tmp_path)
    client = case.client(EmuLink(case.bed.world))
    client.start()
    with pytest.raises(Refused):
        client.start()
    assert case.journal.open_for("A-0", PORT) == {}


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
    assert case.reconciled() == Verdict(None, False), "it stands still: nothing was running"


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
