"""`pump-board hil --pty`: a programmer beside a scenario, on the line of the pump."""

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emulator.bench import cli_hil
from emulator.story.ports import PtyPort
from protocol.programmer.crc import crc32
from protocol.wire import codec, frame, schema
from tests.bench.cli import OK, Done
from tests.bench.emulated_board import EmulatedBoard

SCENARIO = """
title = "A pump that nobody sets up"
duration = "20 s"
actions = []
expect = [ { state = "UNCOMMISSIONED", at = "20 s" } ]
"""
COUNTER = 4_711
END = 0x7F  # no message of the schema
PATIENCE_S = 30
ASKED_MS = 3_000
ANSWERED_MS = 300  # the loop's slice, and the line


class Person:
    """At the far end of the pseudo-terminal: asks for the state, and keeps what is heard.

    What is written at one end of it is at the other a moment later, by the wall clock.
    """

    def __init__(self, port: PtyPort) -> None:
        self._port = port
        self._fd = os.open(port.name, os.O_RDWR | os.O_NOCTTY)

    def ask(self) -> None:
        payload = codec.encode(schema.STATUS, {})
        os.write(self._fd, frame.encode(crc32, COUNTER, schema.STATUS, payload))
        assert select.select(self._port.fds(), [], [], PATIENCE_S)[0]

    def heard(self) -> list[frame.Frame]:
        """All that was sent to the port before now."""
        self._port.send(frame.encode(crc32, COUNTER, END, b""))
        decoder = frame.Decoder(crc32)
        found: list[frame.Frame] = []
        while not found or found[-1].kind != END:
            assert select.select([self._fd], [], [], PATIENCE_S)[0]
            found += decoder.feed(os.read(self._fd, 4_096))
        return found[:-1]


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> EmulatedBoard:
    """At the port that the command is given."""
    made = EmulatedBoard()

    @contextmanager
    def on_the_bench(_port: str, _wait: object) -> Iterator[EmulatedBoard]:
        yield made

    monkeypatch.setattr(cli_hil.bench, "on_the_bench", on_the_bench)
    return made


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[PtyPort]:
    """The one that the command offers."""
    made = PtyPort()
    monkeypatch.setattr(cli_hil, "port_of", lambda _pty, _tcp: made)
    yield made
    made.close()


def hil(folder: Path) -> Done:
    path = folder / "scenario.toml"
    path.write_text(SCENARIO)
    return Done("hil", str(path), "--port", "P", "--pty")


def test_a_programmer_is_answered_beside_a_scenario(
    board: EmulatedBoard, port: PtyPort, tmp_path: Path
) -> None:
    person = Person(port)
    heard: list[frame.Frame] = []
    board.at(ASKED_MS * 1_000, lambda _: person.ask())
    board.at((ASKED_MS + ANSWERED_MS) * 1_000, lambda _: heard.extend(person.heard()))
    done = hil(tmp_path)
    assert done.code == OK, done.text
    assert f"The programmer's line: {port.name}" in done.text
    ((counter, kind),) = [(one.counter, one.kind) for one in heard]
    assert (counter, kind) == (COUNTER, schema.STATUS | schema.ANSWER)


def test_nobody_at_the_line_hears_the_observer_look(
    board: EmulatedBoard, port: PtyPort, tmp_path: Path
) -> None:
    looks: list[int] = []
    board.world.chip.outside.uart_out(lambda _data, _done_us: looks.append(board.now_us))
    person = Person(port)
    assert hil(tmp_path).code == OK
    assert len(looks) > 10, "it looked at the pump, more than once"
    assert person.heard() == []


def test_who_asks_while_the_observer_looks_is_answered_after_the_look(
    board: EmulatedBoard, port: PtyPort, tmp_path: Path
) -> None:
    person = Person(port)
    looks_us: list[int] = []

    def on_answer(_data: bytes, _done_us: int) -> None:
        if board.now_us > ASKED_MS * 1_000 and not looks_us:
            looks_us.append(board.now_us)
            person.ask()

    board.world.chip.outside.uart_out(on_answer)
    assert hil(tmp_path).code == OK
    assert looks_us
    assert [one.kind for one in person.heard()] == [schema.STATUS | schema.ANSWER]
