"""A served pump is a real serial device: this client shares no code with the project.

Written from docs/protocol.md alone, with pyserial for the port and zlib for the CRC; own COBS,
own layouts. It commissions, programs and starts a pump in another process, over a real pty.
"""

import ast
import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from tests.story.served import served

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
SCHEMA_HASH = int(re.findall(r"0x([0-9A-F]{8})", PAGE)[0], 16)
REFUSED = 0xFF
SERIAL = b"FOREIGN-1"


def cobs(raw: bytes) -> bytes:
    return b"".join(bytes([len(group) + 1]) + group for group in raw.split(b"\0"))


def uncobs(coded: bytes) -> bytes:
    groups = []
    while coded:
        groups.append(coded[1 : coded[0]])
        coded = coded[coded[0] :]
    return b"\0".join(groups)


def sealed(body: bytes, seed: int) -> bytes:
    return body + struct.pack("<I", zlib.crc32(body, seed))


def text(value: bytes) -> bytes:
    return bytes([len(value)]) + value


class Foreigner:
    """One pump at a serial port."""

    def __init__(self, port: str) -> None:
        self.line = serial.Serial(port, 115_200, timeout=0.5)
        self.counter = 4_294_967_290  # so that it passes its end on the way

    def frames(self) -> Iterator[bytes]:
        piece = b""
        while byte := self.line.read(1):
            if byte != b"\0":
                piece += byte
            elif piece:
                yield uncobs(piece)
                piece = b""

    def ask(self, kind: int, payload: bytes = b"") -> tuple[int, bytes]:
        """Type and payload of the answer; five repeats, half a second each."""
        self.counter = (self.counter + 1) % (1 << 32)
        seed = 0 if kind == 0x01 else SCHEMA_HASH
        head = struct.pack("<BBHIB", 1, 0, 0, self.counter, kind)
        line = b"\0" + cobs(sealed(head + payload, seed)) + b"\0"
        for _ in range(6):
            self.line.write(line)
            for raw in self.frames():
                version, _, _, counter, answer = struct.unpack_from("<BBHIB", raw)
                seed = 0 if answer in (0x81, 0xFE) else SCHEMA_HASH
                if sealed(raw[:-4], seed) == raw and version == 1 and counter == self.counter:
                    return answer, raw[9:-4]
        raise TimeoutError(hex(kind))

    def accepted(self, kind: int, payload: bytes = b"") -> bytes:
        answer, got = self.ask(kind, payload)
        assert answer == kind | 0x80, (hex(answer), got)
        return got


@pytest.fixture
def pump() -> Iterator[Foreigner]:
    with served("--pty", "--magnet") as emulated:
        foreigner = Foreigner(emulated.port)
        yield foreigner
        foreigner.line.close()


def test_this_client_shares_no_code() -> None:
    tree = ast.parse(Path(__file__).read_text())
    rooms = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not [
        room for room in rooms if room.split(".")[0] in ("protocol", "emulator", "firmware")
    ]


def test_the_page_gives_the_worked_bytes() -> None:
    body = bytes.fromhex("010000000700000010 00")
    line = b"\0" + cobs(sealed(body, SCHEMA_HASH)) + b"\0"
    assert line.hex(" ") in PAGE


def test_a_foreign_client_programs_a_served_pump(pump: Foreigner) -> None:
    hello = struct.pack("<BI", 1, SCHEMA_HASH) + text(b"foreign")
    assert struct.unpack_from("<BI", pump.accepted(0x01, hello)) == (1, SCHEMA_HASH)

    limit = struct.pack("<HIIHI", 2_000, 20_000_000, 890_000, 2_200, 1_000_000)
    setup = text(SERIAL) + text(b"Bed 4") + text(b"baclofen") + limit
    assert pump.accepted(0x12, setup) == b"\x01"  # STOPPED
    assert pump.accepted(0x07) == setup + struct.pack("<H", 50_000)

    day = [(6 * 60, 180_000), (22 * 60, 276_000)]  # 16 h x 15 mcg/h and 8 h x 23 mcg/h
    dose_ng = (16 * 15 + 8 * 23) * 1_000
    rows = b"".join(struct.pack("<HI", *row) for row in day)
    propose = struct.pack("<HBI", 2_000, 2, dose_ng) + bytes([len(day)]) + rows
    proposal = pump.accepted(0x20, propose)
    digest = hashlib.sha256(SERIAL + propose).digest()[:16]
    assert proposal[:16] == digest
    assert struct.unpack_from("<II", proposal, 16) == (212_000, dose_ng)
    pump.accepted(0x21, digest)
    assert pump.accepted(0x08) == digest + propose

    answer, refusal = pump.ask(0x30)
    assert answer == REFUSED
    assert refusal[2 : 3 + refusal[2]] == text(b"CLOCK_NOT_SET")
    pump.accepted(0x11, struct.pack("<I", 23 * 3_600))
    assert struct.unpack("<BI", pump.accepted(0x30)) == (2, 276_000)  # RUNNING, by night

    state, therapy, rate_nl_day = struct.unpack_from("<BBI", pump.accepted(0x03))
    assert (state, therapy, rate_nl_day) == (2, 2, 276_000)
    assert pump.accepted(0x31)[0] == 1  # STOPPED
    assert pump.accepted(0x02) == b""


def test_another_schema_is_told_readably(pump: Foreigner) -> None:
    answer, payload = pump.ask(0x01, struct.pack("<BI", 1, SCHEMA_HASH ^ 1) + text(b"old"))
    assert answer == 0xFE
    assert struct.unpack_from("<BI", payload) == (1, SCHEMA_HASH)
