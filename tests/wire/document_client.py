"""A programmer made from docs/protocol.md alone: it shares no code with the project.

It reads the page's own tables of messages and fields; framing and CRC are written from the page's
words. Any object with write(bytes) and read(ms) -> bytes will do as its line.
"""

import re
import struct
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "protocol.md"
_NUMBERS = {"u8": "<B", "u16": "<H", "u32": "<I", "u64": "<Q", "i32": "<i"}


class Page:
    """What the page says about messages.

    types: number by name. fields: (name, type) by message, and by "MESSAGE.list" for its rows.
    """

    def __init__(self, text: str) -> None:
        said = re.search(r"Protocol\s+version\s+(\d+),\s+schema\s+hash\s+0x([0-9A-F]{8})", text)
        if not said:
            raise ValueError("the page does not say its version")
        self.version = int(said[1])
        self.seed = int(said[2], 16)
        self.types: dict[str, int] = {}
        self.fields: dict[str, list[tuple[str, str]]] = {}
        name = ""
        for line in text.splitlines():
            if head := re.fullmatch(r"### 0x([0-9A-F]{2}) (\w+)", line):
                name = head[2]
                self.types[name] = int(head[1], 16)
                self.fields[name] = []
            elif row := re.fullmatch(r"Each row of `(\w+)`:", line):
                name = f"{name.split('.')[0]}.{row[1]}"
                self.fields[name] = []
            elif line.startswith("## "):
                name = ""
            elif name and re.match(r"\| (\d+|after the last) \|", line):
                _, field, kind, *_ = [cell.strip() for cell in line.strip("|").split("|")]
                self.fields[name].append((field, kind))

    def name_of(self, kind: int) -> str:
        return next(name for name, number in self.types.items() if number == kind)

    def pack(self, name: str, values: dict[str, Any]) -> bytes:
        out = b""
        for field, kind in self.fields[name]:
            value = values[field]
            if kind == "list":
                out += bytes([len(value)])
                out += b"".join(self.pack(f"{name}.{field}", row) for row in value)
            elif kind == "text":
                out += bytes([len(value)]) + value.encode("ascii")
            else:
                out += value if kind.startswith("bytes") else struct.pack(_NUMBERS[kind], value)
        return out

    def unpack(self, name: str, data: bytes) -> dict[str, Any]:
        values, rest = self._take(name, data)
        if rest:
            raise ValueError(f"{name}: {len(rest)} bytes too many")
        return values

    def _take(self, name: str, data: bytes) -> tuple[dict[str, Any], bytes]:
        values: dict[str, Any] = {}
        for field, kind in self.fields[name]:
            if kind == "list":
                count, data = data[0], data[1:]
                values[field] = []
                for _ in range(count):
                    row, data = self._take(f"{name}.{field}", data)
                    values[field].append(row)
            elif kind == "text":
                size = data[0]
                values[field], data = data[1 : 1 + size].decode("ascii"), data[1 + size :]
            elif kind.startswith("bytes"):
                size = int(kind[6:-1])
                values[field], data = data[:size], data[size:]
            else:
                size = struct.calcsize(_NUMBERS[kind])
                (values[field],) = struct.unpack(_NUMBERS[kind], data[:size])
                data = data[size:]
        return values, data


def crc32(data: bytes, seed: int) -> int:
    crc = seed ^ 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xEDB88320 if crc & 1 else crc >> 1
    return crc ^ 0xFFFFFFFF


def cobs(data: bytes) -> bytes:
    return b"".join(bytes([len(group) + 1]) + group for group in data.split(b"\0"))


def uncobs(data: bytes) -> bytes:
    groups = []
    while data:
        groups.append(data[1 : data[0]])
        data = data[data[0] :]
    return b"\0".join(groups)


class DocumentClient:
    """Asks a pump, by the page."""

    def __init__(self, line: Any) -> None:
        self.page = Page(PAGE.read_text())
        self._line = line
        self._counter = 0x7000_0000

    def ask(self, name: str, **values: Any) -> tuple[str, dict[str, Any]]:
        """One request, repeated by the page's rules: (name of the answer, its fields)."""
        self._counter += 1
        request = self.frame(self._counter, name, self.page.pack(name, values))
        for _ in range(6):
            self._line.write(request)
            got = b""
            while data := self._line.read(500):
                got += data
                for piece in got.split(b"\0")[:-1]:
                    answer = self.opened(piece)
                    if answer and answer[0] == self._counter:
                        return answer[1], self.page.unpack(answer[1], answer[2])
        raise TimeoutError(name)

    def hello(self) -> tuple[str, dict[str, Any]]:
        page = self.page
        return self.ask(
            "HELLO", protocol_version=page.version, schema_hash=page.seed, client="by the page"
        )

    def frame(self, counter: int, name: str, payload: bytes) -> bytes:
        """The bytes for the line."""
        raw = struct.pack("<BBHIB", 1, 0, 0, counter, self.page.types[name]) + payload
        raw += struct.pack("<I", crc32(raw, self.seed_of(name)))
        return b"\0" + cobs(raw) + b"\0"

    def opened(self, piece: bytes) -> tuple[int, str, bytes] | None:
        """(counter, name, payload) of what stood between two zeros, if it is a sound frame."""
        raw = uncobs(piece)
        if len(raw) < 13:
            return None
        name = self.page.name_of(raw[8])
        if struct.pack("<I", crc32(raw[:-4], self.seed_of(name))) != raw[-4:]:
            return None
        return struct.unpack("<I", raw[4:8])[0], name, raw[9:-4]

    def seed_of(self, name: str) -> int:
        frozen = ("HELLO", "HELLO_ANSWER", "VERSION_REFUSED")
        return 0 if name in frozen else self.page.seed
