"""The event log on the flash: a ring of segments, each a file within one block.

From the loop only; one operation on the flash a call. All raise OSError where the file system
does.

A segment is named after its first record's number, in hexadecimal: the chain before that record,
then up to SEGMENT_RECORDS records (protocol/wire/events.py). A segment ends where the next one
begins, whatever else its file holds: an end that is damaged, or that an append left behind when it
failed, is left alone by beginning a new segment.
"""

import binascii
import hashlib
import struct

from protocol.wire import events

FOLDER = "/pump/log"
SEGMENT_RECORDS = 110  # 8 + 110 x 37 bytes: below 4,096
SEGMENTS_MAX = 81  # 8,800 records (docs/storage.md), and the segment that is being filled
LEFT_FREE = 4  # blocks of a flash that was full, for the records to be moved about in
_HEADER_BYTES = events.CHAIN_BYTES
_CRC_BYTES = 4
_DIGITS = "0123456789abcdef"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Tuple

    from firmware.files import Files


class LogRing:
    """newest: number of the newest record on the flash, 0: none. chain: of that record."""

    def __init__(self, files: "Files") -> None:
        self._files = files
        self._starts: "List[int]" = []  # number of the first record of each segment, ascending
        self._may_append = False  # to the newest one
        self._most = SEGMENTS_MAX
        self.newest = 0
        self.chain = bytes(events.CHAIN_BYTES)

    def find_end(self, known: int) -> int:
        """After a reset: go on after what is there. Returns how many records are damaged, or gone.

        known: the newest one that the ledger knows of. Where the log ends before it the rest is
        gone, and its numbers are not used again.
        Damaged records keep their numbers, and the chain goes on from the last sound one. A
        segment that is sound is written anew, be it as it was before the folder was settled: what
        a cut has left of it may read otherwise at each reading.
        """
        try:
            start, data = self._newest()
        except OSError:  # may read well once the folder is settled
            start, data = 0, b""
        starts = self._starts
        self._files.settle(FOLDER)
        now_start, now = self._newest()
        if start and data != now:
            sound = _sound(start, data)
            if sound and start + sound > now_start + _sound(now_start, now):
                now_start, now = start, data[: _HEADER_BYTES + sound * events.RECORD_BYTES]
                self._starts = starts
        damaged = self._go_on(now_start, now) if now else 0
        if now and not damaged:
            path = _path(now_start)
            try:
                self._files.write(path, now)
                same = self._files.read(path) == now
            except OSError:
                same = False
            self._may_append = self._may_append and same
        if self.newest < known:
            damaged += known - self.newest
            self.newest = known
            self._may_append = False
        return damaged

    def _newest(self) -> "Tuple[int, bytes]":
        """(number of its first record, content) of the newest segment; (0, b"") without any.

        A file that the power kept from getting its first record is as good as none.
        """
        self._starts = _numbers(self._files.list(FOLDER))
        while self._starts:
            data = self._read(self._starts[-1])
            if len(data) >= _HEADER_BYTES + events.RECORD_BYTES:
                return self._starts[-1], data
            self._starts.pop()
        return 0, b""

    def _go_on(self, start: int, data: bytes) -> int:
        """After this segment, the newest. Returns how many of its records are damaged."""
        whole = min((len(data) - _HEADER_BYTES) // events.RECORD_BYTES, SEGMENT_RECORDS)
        sound = _sound(start, data)
        end = _HEADER_BYTES + sound * events.RECORD_BYTES
        self.chain = chain_of(data[:end]) if sound else data[:_HEADER_BYTES]
        self.newest = start + whole - 1
        self._may_append = end == len(data) and whole < SEGMENT_RECORDS
        return -(-(len(data) - end) // events.RECORD_BYTES)

    def oldest(self) -> int:
        """Number of the oldest record; that of the next one where there is none."""
        return self._starts[0] if self._starts else self.newest + 1

    def is_full(self) -> bool:
        """Whether the oldest segment has to go before another one begins."""
        return len(self._starts) >= self._most and not self._may_append

    def shrink(self) -> bool:
        """The flash is full of something else: be smaller from now on. False: it cannot be."""
        if not self._starts:
            return False
        self.forget_oldest()
        self._most = max(1, len(self._starts) + 1 - LEFT_FREE)
        return True

    def forget_oldest(self) -> None:
        """Remove the oldest segment. There must be one."""
        self._files.remove(_path(self._starts[0]))
        del self._starts[0]

    def write(self, records: "List[bytes]") -> int:
        """Write those that go into one segment, and read them back. Returns how many.

        After an OSError the next call begins a new segment.
        """
        begins = not self._may_append
        self._may_append = False
        used = 0 if begins else self.newest - self._starts[-1] + 1
        part = records[: SEGMENT_RECORDS - used]
        data = b"".join(part)
        if begins:
            path = _path(self.newest + 1)
            data = self.chain + data
            self._files.write(path, data)
        else:
            path = _path(self._starts[-1])
            self._files.append(path, data)
        if self._files.read(path)[-len(data) :] != data:
            raise OSError(path)
        if begins:
            self._starts.append(self.newest + 1)
        self.newest += len(part)
        self.chain = chain_of(part[-1])
        self._may_append = used + len(part) < SEGMENT_RECORDS
        return len(part)

    def page(self, first: int) -> "Tuple[int, bytes, List[bytes]]":
        """(number, chain before, records): up to PAGE_RECORDS from ``first`` on.

        Begins later where records cannot be read; none: nothing from there on can be.
        """
        for i, start in enumerate(self._starts):
            end = self._starts[i + 1] if i + 1 < len(self._starts) else self.newest + 1
            if first < end:
                first = max(first, start)
                before, records = self._part(start, first, end)
                if records:
                    return first, before, records
        return first, self.chain, []

    def _part(self, start: int, first: int, end: int) -> "Tuple[bytes, List[bytes]]":
        """(chain before, records) out of one segment, as they are; none where it is too short."""
        try:
            data = self._files.read(_path(start))
        except OSError:
            data = b""
        at = _HEADER_BYTES + (first - start) * events.RECORD_BYTES
        before = data[:_HEADER_BYTES] if first == start else chain_of(data[:at])
        records: "List[bytes]" = []
        while len(records) < min(events.PAGE_RECORDS, end - first):
            record = data[at : at + events.RECORD_BYTES]
            if len(record) < events.RECORD_BYTES:
                break
            records.append(record)
            at += events.RECORD_BYTES
        return before, records

    def _read(self, start: int) -> bytes:
        """A segment; zeros where it cannot be read: as many records as it may have had."""
        try:
            return self._files.read(_path(start))
        except OSError:
            return bytes(_HEADER_BYTES + SEGMENT_RECORDS * events.RECORD_BYTES)


def seal(chain: bytes, content: bytes) -> bytes:
    """A whole record: its content, chained to the record before, and the CRC."""
    record = content + _link(chain, content)
    return record + struct.pack("<I", binascii.crc32(record))


def chain_of(data: bytes) -> bytes:
    """The chain in the record that these bytes end with."""
    return data[-_CRC_BYTES - events.CHAIN_BYTES : -_CRC_BYTES]


def _link(chain: bytes, content: bytes) -> bytes:
    return hashlib.sha256(chain + content).digest()[: events.CHAIN_BYTES]


def _sound(start: int, data: bytes) -> int:
    """How many records at the beginning of a segment are as they were written."""
    chain = data[:_HEADER_BYTES]
    count = 0
    for at in range(_HEADER_BYTES, len(data), events.RECORD_BYTES):
        record = data[at : at + events.RECORD_BYTES]
        content = record[: events.CONTENT_BYTES]
        if record != seal(chain, content) or content[:4] != struct.pack("<I", start + count):
            break
        chain = chain_of(record)
        count += 1
    return count


def _path(start: int) -> str:
    return "%s/%08x" % (FOLDER, start)


def _numbers(names: "List[str]") -> "List[int]":
    """Of the segments, ascending; what else lies there is not the log's."""
    return sorted([int(name, 16) for name in names if len(name) == 8 and not name.strip(_DIGITS)])
