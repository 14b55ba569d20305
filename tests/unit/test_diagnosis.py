"""No answer: each usual cause gets a finding of its own, with something to try."""

import errno
import os
import socket
from collections.abc import Callable

import pytest
import serial

from protocol.programmer import diagnosis, exchange
from protocol.programmer.client import Client
from protocol.programmer.crc import crc32
from protocol.programmer.exchange import NoAnswer, VersionMismatch, WrongAnswer
from protocol.programmer.link import LinkError, PortLink, open_link
from protocol.wire import codec, frame, schema


class Line:
    """A line on which `answer(sent)` says what comes back; its clock runs while one waits."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self.name = "line"
        self.sent: list[bytes] = []
        self._answer = answer
        self._waiting = b""
        self._now_ms = 1_000

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        self._waiting += self._answer(data)

    def read(self, timeout_ms: int) -> bytes:
        data, self._waiting = self._waiting, b""
        self._now_ms += 1 if data else timeout_ms
        return data

    def now_ms(self) -> int:
        return self._now_ms

    def close(self) -> None:
        """Nothing to give back."""


def other_answer(sent: bytes) -> bytes:
    """The sound answer to another programmer's request."""
    (asked,) = frame.Decoder(crc32).feed(sent)
    values = {"set": 0, "wall_s": 0, "uptime_s": 5}
    kind = schema.READ_CLOCK | schema.ANSWER
    return frame.encode(crc32, asked.counter + 9, kind, codec.encode(kind, values))


PROMPT = b"MicroPython v1.27.0 on 2026-01-01; Raspberry Pi Pico with RP2040\r\n>>> "
WRONG_BAUD = bytes((0xE0, 0x1C, 0xFC, 0x00, 0x87, 0xF8, 0x80, 0x00, 0xE3, 0x9C)) * 3

SILENCES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("SILENT", lambda sent: b""),
    ("ECHO", lambda sent: sent),
    ("GARBAGE", lambda sent: WRONG_BAUD),
    ("GARBAGE", lambda sent: b"\x00" + sent[2:]),
    ("PROMPT", lambda sent: PROMPT),
    ("STRANGERS", other_answer),
]


@pytest.mark.parametrize(("code", "answer"), SILENCES, ids=lambda value: str(value)[:9])
def test_what_came_back_tells_what_is_wrong(code: str, answer: Callable[[bytes], bytes]) -> None:
    line = Line(answer)
    with pytest.raises(NoAnswer) as caught:
        Client(line).hello()
    found = diagnosis.diagnose(caught.value, "/dev/ttyACM0")
    assert found.code == code
    assert "/dev/ttyACM0" in found.what
    assert found.action.endswith((".", "?"))
    assert len(line.sent) == 1 + exchange.REPEATS_MAX
    assert len(set(line.sent)) == 1, "a repeat is the same bytes"


def test_every_finding_has_something_to_try() -> None:
    codes = {code for code, _ in SILENCES} | set(diagnosis._WHAT)
    assert set(diagnosis._ACTIONS) == codes | {"OTHER_SCHEMA", "UNDECIDED", "WRONG_ANSWER"}


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (serial.SerialException(errno.ENOENT, "no such file"), "PORT_MISSING"),
        (serial.SerialException(errno.EACCES, "permission denied"), "PORT_DENIED"),
        (serial.SerialException(errno.EAGAIN, "could not lock"), "PORT_BUSY"),
        (serial.SerialException(errno.EBUSY, "busy"), "PORT_BUSY"),
        (serial.SerialException(errno.EIO, "input/output error"), "PORT_FAILED"),
        (serial.SerialException("device disconnected"), "PORT_FAILED"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "NOBODY_LISTENS"),
        (TimeoutError("timed out"), "NOBODY_LISTENS"),
        (socket.gaierror(-2, "name unknown"), "HOST_UNKNOWN"),
        (ValueError("unknown scheme"), "URL_WRONG"),
    ],
)
def test_what_the_system_says_is_put_in_words(cause: Exception, code: str) -> None:
    found = diagnosis.diagnose(LinkError("/dev/ttyACM0", cause), "/dev/ttyACM0")
    assert found.code == code
    assert "/dev/ttyACM0" in found.what


def test_another_schema_is_named_with_both_versions() -> None:
    values = {"protocol_version": 2, "schema_hash": 0xABCD, "firmware_version": "9.9"}
    found = diagnosis.diagnose(VersionMismatch(values), "port")
    assert found.code == "OTHER_SCHEMA"
    assert "firmware 9.9" in found.what
    assert "0000ABCD" in found.what
    assert f"{schema.SCHEMA_HASH:08X}" in found.what


def test_an_answer_against_the_schema_is_a_finding() -> None:
    error = WrongAnswer(schema.STATUS, codec.WireError(schema.OUT_OF_RANGE, "state", 0, 4))
    found = diagnosis.diagnose(error, "port")
    assert found.code == "WRONG_ANSWER"
    assert "STATUS" in found.what


def test_a_bug_is_no_finding() -> None:
    with pytest.raises(TypeError):
        diagnosis.diagnose(KeyError("x"), "port")


def finding_for(url: str) -> str:
    with pytest.raises(LinkError) as caught:
        open_link(url)
    return diagnosis.diagnose(caught.value, url).code


def test_a_device_that_is_not_there() -> None:
    assert finding_for("/dev/no-such-port") == "PORT_MISSING"


@pytest.mark.parametrize("url", ["/", "/etc/passwd"])
def test_a_folder_or_a_file_is_no_serial_port(url: str) -> None:
    assert finding_for(url) == "PORT_NOT_SERIAL"


def test_a_connection_that_is_closed_has_hung_up() -> None:
    """What pyserial says of it; a second client of a served pump: tests/story/test_serve.py."""
    url = "socket://127.0.0.1:5000"
    error = LinkError(url, serial.SerialException("socket disconnected"))
    assert diagnosis.diagnose(error, url).code == "HUNG_UP"


def test_an_url_that_is_none() -> None:
    assert finding_for("carrier-pigeon://roof") == "URL_WRONG"


def test_nobody_listens_at_a_port_that_was_just_closed() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        number = listener.getsockname()[1]
    assert finding_for(f"socket://127.0.0.1:{number}") == "NOBODY_LISTENS"


def test_a_port_in_use_is_busy_and_free_afterwards() -> None:
    master, slave = os.openpty()
    url = os.ttyname(slave)
    try:
        first = PortLink(url)
        assert finding_for(url) == "PORT_BUSY"
        first.close()
        PortLink(url).close()
    finally:
        os.close(master)
        os.close(slave)


def test_a_port_that_goes_away_is_a_failed_link() -> None:
    master, slave = os.openpty()
    link = PortLink(os.ttyname(slave))
    os.close(slave)
    os.close(master)
    with pytest.raises(LinkError) as caught:
        link.read(1_000)
    assert diagnosis.diagnose(caught.value, link.name).code == "PORT_FAILED"
    link.close()


def test_a_port_carries_every_byte_both_ways() -> None:
    master, slave = os.openpty()
    link = PortLink(os.ttyname(slave))
    everything = bytes(range(256))
    try:
        link.write(everything)
        got = b""
        while len(got) < len(everything):
            got += os.read(master, 300)
        assert got == everything
        os.write(master, everything)
        got = b""
        while len(got) < len(everything):
            got += link.read(1_000)
        assert got == everything
        assert link.read(1) == b""
    finally:
        link.close()
        os.close(master)
        os.close(slave)


def test_a_loop_back_plug_is_an_echo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "TIMEOUT_MS", 20)
    with pytest.raises(NoAnswer) as caught:
        Client(open_link("loop://")).hello()
    assert diagnosis.diagnose(caught.value, "loop://").code == "ECHO"
