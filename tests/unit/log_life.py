"""An event log alone: a flash that can fail, a stand-in for the pump, a life of many boots."""

import hashlib
import struct
import zlib
from typing import Any

from emulator.ram_disk import RamDisk
from firmware import event_log, log_ring
from firmware.event_log import EventLog
from firmware.files import Files
from protocol.wire import events

EIO = 5
ENOSPC = 28
HOUR_MS = 3_600_000
RECORD = 37
HEADER = 8


class Flash(Files):
    """Files in memory, with a flash that can fail. fail: name of an operation -> errno."""

    def __init__(self) -> None:
        self.disk = RamDisk()
        super().__init__(self.disk, self.disk.open, self.disk)
        self.fail: dict[str, int] = {}
        self.unreadable: set[str] = set()
        self.lies = False
        self.tears_after = -1  # bytes of an append that get there before it fails
        self.limit_files = 1_000
        self.calls: list[str] = []
        self.disk.mkdir("/pump")

    def _try(self, what: str) -> None:
        self.calls.append(what)
        if what in self.fail:
            raise OSError(self.fail[what])

    def read(self, path: str) -> bytes:
        if path in self.unreadable:
            raise OSError(EIO)
        return super().read(path)

    def write(self, path: str, data: bytes) -> None:
        self._try("write")
        if len(self.names()) >= self.limit_files:
            raise OSError(ENOSPC)
        if not self.lies:
            super().write(path, data)

    def append(self, path: str, data: bytes) -> None:
        self._try("append")
        if self.tears_after >= 0:
            super().append(path, data[: self.tears_after])
            raise OSError(EIO)
        if not self.lies:
            super().append(path, data)

    def remove(self, path: str) -> None:
        self._try("remove")
        super().remove(path)

    def names(self) -> list[str]:
        return sorted(name for name in super().list(log_ring.FOLDER) if name != "settle")

    def segment(self, start: int) -> bytes:
        return self.read(path_of(start))

    def put(self, start: int, data: bytes) -> None:
        super().write(path_of(start), data)

    def list(self, folder: str) -> "list[str]":
        self._try("list")
        return super().list(folder)


def path_of(start: int) -> str:
    """Of the segment whose first record has this number."""
    return f"{log_ring.FOLDER}/{start:08x}"


class Stand:
    """What the log asks of the pump: a clock, a wall clock, a ledger, room, alarms."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.boots = 1
        self.room = True
        self.due_ms = 0
        self.raised: list[tuple[int, int]] = []
        self.cleared: list[int] = []
        self.verified = self.unverified = self
        self.is_sound = True
        self.log_number = 0

    def read(self) -> int:
        return self.now_ms

    def uptime_s(self) -> int:
        return self.now_ms // 1_000

    def wall_s(self, at_ms: int) -> int:
        return 820_000_000 + at_ms // 1_000

    def value(self) -> int:
        return 77

    def has_room(self, _now_ms: int, want_ms: int) -> bool:
        assert want_ms >= 400, "an erase of the worst case"
        return self.room

    def raise_alarm(self, alarm: int, value: int) -> None:
        self.raised.append((alarm, value))

    def clear(self, alarm: int) -> None:
        self.cleared.append(alarm)


class Life:
    """A log from one boot to the next, on a flash that stays."""

    def __init__(self, flash: Flash | None = None) -> None:
        self.flash = flash or Flash()
        self.boots = 0
        self.boot()

    def boot(self) -> None:
        self.boots += 1
        stand: Any = Stand()
        stand.boots = self.boots
        self.stand = stand
        self.log = EventLog(self.flash, stand, stand, stand, stand, stand)
        self.log.start(0)

    def run(self, ms: int) -> None:
        """Poll when due, as the loop does."""
        end_ms = self.stand.now_ms + ms
        for _ in range(10_000):
            if self.log.due_ms > end_ms:
                break
            self.stand.now_ms = max(self.stand.now_ms, self.log.due_ms)
            self.log.poll(self.stand.now_ms)
        else:
            raise AssertionError("the log does not come to rest")
        self.stand.now_ms = end_ms

    def fill(self, count: int) -> None:
        """So many events, on the flash."""
        for _ in range(count):
            self.log.note(events.FAULT)
            if len(self.log._fresh) == 100:
                self.run(event_log.SPACING_MS)
        self.run(event_log.SPACING_MS)

    def records(self, first: int = 0, chained: bool = True) -> list[bytes]:
        """All that can be read, page by page. chained: each page to the one before."""
        found: list[bytes] = []
        chain = None
        while True:
            page = self.log.page(first)
            if not page["records"]:
                return found
            assert len(page["records"]) <= events.PAGE_RECORDS
            if chained and chain is not None and page["first_event"] == first:
                assert page["before"] == chain
            part = [row["record"] for row in page["records"]]
            found += part
            chain = part[-1][25:33]
            first = page["first_event"] + len(part)

    def rows(self) -> list[tuple[int, ...]]:
        return [struct.unpack("<IHHIIBII", record[:25]) for record in self.records()]

    def kinds(self) -> list[int]:
        return [row[5] for row in self.rows()]


def sound_chain(records: list[bytes], chain: bytes = bytes(8)) -> bool:
    """Written from the description of a record alone."""
    for record in records:
        chain = hashlib.sha256(chain + record[:25]).digest()[:8]
        if record[25:33] != chain or record[33:] != zlib.crc32(record[:33]).to_bytes(4, "little"):
            return False
    return True
