"""One record on the flash, in two generations: what a power failure leaves is the old or the new.

From the loop only. The generations are two small files in two folders: littlefs keeps such a file
in its folder's log of changes, and what damages that log takes all later changes with it. A record
is written to the older one and read back; loading takes the newer one that is sound.

    magic u8 | kind u8 | format u8 | length u8 | sequence u32 | payload | CRC-32

Little-endian; the CRC covers all before it (at 244 bytes it tells every damage of up to four bits:
Koopman's table of the IEEE polynomial).
"""

import binascii
import struct

from protocol.wire import schema

PAYLOAD_MAX = 244  # with header and CRC 256 bytes: littlefs keeps such a file in its folder
_MAGIC = 0xB1
_HEADER = "<BBBBI"
_HEADER_BYTES = 8
_CRC_BYTES = 4
_ENOENT = 2
_OLD = 2  # the paths from here on are of before

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Tuple

    from firmware.files import Files

    Found = List[Optional[Tuple[int, int, bytes]]]


class StoreError(Exception):
    """The record is not on the flash: it could not be written, or reads back otherwise."""


# For `except`: a tuple that is made there wants the memory that there is not.
NOT_KEPT = (StoreError, MemoryError)


class Record:
    """A record of one kind.

    paths: of both generations; two more, where the generations of an older firmware lie. kind:
    1 .. 255. formats: of the payload, 1 .. formats can be read; the last one is written.
    twins: both generations get every change, so that either one alone is the truth. Else they are
    written in turn.
    is_half: the other generation is still to be written (`complete`). format: of what was loaded.
    damaged: generations that were there and not sound at loading. older: the payload of the
    generation before what was loaded, where that one is sound.
    """

    def __init__(
        self,
        files: "Files",
        paths: "Tuple[str, ...]",
        kind: int,
        formats: int = 1,
        twins: bool = True,
    ) -> None:
        self._files = files
        self._paths = paths
        self._kind = kind
        self._formats = formats
        self._twins = twins
        self._sequence = 0
        self._next = 0  # generation that the next save replaces
        self._is_there = False
        self._relied = -1  # mark of what was loaded or saved last
        self._moved: "Optional[Tuple[int, int, bytes]]" = None  # is still where it was
        self.is_half = False
        self.format = formats
        self.damaged = 0
        self.older: "Optional[bytes]" = None

    def load(self) -> "Optional[bytes]":
        """The newest sound payload; None where there is none. What an older firmware has left
        stays where it is until `complete` has moved it.

        Of twins, what only one of them holds is written to the other at once: its cells, of a
        write that the power cut short, may read otherwise after the next start.

        Loaded again, what was relied upon so far stays the newest, where either of them has it.
        """
        found = self._open_both(0)
        moves = not self.damaged and found[0] is None and found[1] is None
        if moves:
            found = self._open_both(_OLD)
        newest = self.older = None
        self._sequence = self._next = 0
        for generation, one in enumerate(found):
            if one is not None and (newest is None or _is_newer(one[0], self._sequence)):
                newest = one
                self._sequence = one[0]
                self._next = 1 - generation
        if newest is None:
            return None
        other = found[self._next]
        if other and other[2] != newest[2] and self._relied == _mark(other[2]):
            newest, other = other, newest
            self._next = 1 - self._next
        self._relied = _mark(newest[2])
        self._is_there = True
        self.format = newest[1]
        if other is not None and other[0] == self._sequence - 1 & schema.U32_MAX:
            self.older = other[2]
        self.is_half = moves or other is None or (self._twins and other[2] != newest[2])
        if moves:
            self._moved = newest
            return newest[2]
        try:
            if self.is_half and self._twins:
                self._save_one(newest[2], newest[1])
                self.is_half = False
            if not self.is_half:
                for path in self._paths[_OLD:]:  # were the others lost it would be the truth again
                    self._remove(path)
        except StoreError:
            pass
        return newest[2]

    def save(self, payload: bytes) -> None:
        """Make it the newest; it has been read back on return. Raises StoreError.

        After an error the newest is the one before. It may read well after a reset all the same:
        until `complete` has put the one before in its place.
        """
        self.is_half = True
        self._save_one(payload, self._formats)
        self._relied = _mark(payload)
        self._moved = None
        self._is_there = True
        self.is_half = self._twins

    def complete(self) -> None:
        """Write the newest to the other generation, in place of what is there. Raises StoreError.

        Where none was ever written there must be none.
        """
        moved = self._moved
        if self._is_there:
            newest = moved or self._open(self._paths[1 - self._next])
            if newest is None:
                raise StoreError(self._next)
            self._save_one(newest[2], newest[1])
        else:
            self._remove(self._paths[self._next])
        self._moved = None
        self.is_half = moved is not None
        self.damaged = 0

    def _save_one(self, payload: bytes, form: int) -> None:
        sequence = (self._sequence + 1) & schema.U32_MAX
        data = struct.pack(_HEADER, _MAGIC, self._kind, form, len(payload), sequence) + payload
        data += struct.pack("<I", binascii.crc32(data))
        path = self._paths[self._next]
        try:
            self._files.write(path, data)
            same = self._files.read(path) == data
        except OSError as error:
            raise StoreError(error)
        if not same:
            raise StoreError(path)
        self._sequence = sequence
        self._next = 1 - self._next

    def _remove(self, path: str) -> None:
        """It is not there on return. Raises StoreError."""
        try:
            self._files.remove(path)
        except OSError as error:
            if error.args[0] != _ENOENT:
                raise StoreError(error)

    def _open_both(self, at: int) -> "Found":
        """Both generations, as `_open` has them. at: the place of the first one's path."""
        self.damaged = 0
        return [self._open(path) for path in self._paths[at : at + 2]]

    def _open(self, path: str) -> "Optional[Tuple[int, int, bytes]]":
        """(sequence, format, payload); None where it cannot be read or is no sound record.

        Counts what is damaged. An empty file is not: its first save was cut.
        """
        try:
            data = self._files.read(path)
        except OSError as error:
            data = b"" if error.args[0] == _ENOENT else b"?"
        if not data:
            return None
        self.damaged += 1
        body = len(data) - _CRC_BYTES
        if body < _HEADER_BYTES:
            return None
        magic, kind, form, length, sequence = struct.unpack_from(_HEADER, data)
        if struct.unpack_from("<I", data, body)[0] != binascii.crc32(data[:body]):
            return None
        if magic != _MAGIC or kind != self._kind or not 1 <= form <= self._formats:
            return None
        if length != body - _HEADER_BYTES:
            return None
        self.damaged -= 1
        return sequence, form, data[_HEADER_BYTES:body]


def _mark(payload: bytes) -> int:
    """Stands for it: of its CRC-32 as many bits as a number has that takes no heap."""
    return binascii.crc32(payload) & 0x3FFF_FFFF


def _is_newer(sequence: int, other: int) -> bool:
    """Two generations are neighbours, also where the sequence wraps."""
    return (sequence - other) & schema.U32_MAX <= schema.U32_MAX // 2
