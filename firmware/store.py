"""One record on the flash, in two generations: what a power failure leaves is the old or the new.

From the loop only. A record is written to the older of two small files and read back; loading
takes the newer one that is sound. littlefs already makes a write whole; the second generation is
for a file that the flash has damaged since.

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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Tuple

    from firmware.files import Files


class StoreError(Exception):
    """The record is not on the flash: it could not be written, or reads back otherwise."""


# For `except`: a tuple that is made there wants the memory that there is not.
NOT_KEPT = (StoreError, MemoryError)


class Record:
    """A record of one kind, in a folder of its own.

    kind: 1 .. 255. formats: of the payload, 1 .. formats can be read; the last one is written.
    twins: each save writes both generations, the older first, so that either one alone is the
    truth: for records that a person made. Else they are written in turn.
    format: of what was loaded. damaged: generations that were there and not sound at loading.
    older: the payload of the generation before what was loaded, where that one is sound.
    """

    def __init__(
        self,
        files: "Files",
        folder: str,
        kind: int,
        formats: int = 1,
        twins: bool = False,
    ) -> None:
        self._files = files
        self._paths = (folder + "/0", folder + "/1")
        self._folder = folder
        self._kind = kind
        self._formats = formats
        self._twins = twins
        self._sequence = 0
        self._next = 0  # generation that the next save replaces
        self.format = formats
        self.damaged = 0
        self.older: "Optional[bytes]" = None

    def load(self) -> "Optional[bytes]":
        """The newest sound payload; None where there is none. Raises OSError.

        Where the power failed between twins, or one was damaged, the other one is written anew;
        and so is what was sound before the folder was settled, and was copied wrongly.
        """
        before = self._open_before()
        self._files.settle(self._folder)
        found = self._open_both()
        newest = self.older = None
        self._sequence = self._next = 0
        for generation, one in enumerate(found):
            if one is not None and (newest is None or _is_newer(one[0], self._sequence)):
                newest = one
                self._sequence = one[0]
                self._next = 1 - generation
        anew = 0
        for one in before:
            if one is not None and (newest is None or _is_newer(one[0], self._sequence + 1)):
                newest = one
                self._sequence = one[0]
                anew = 2 if self._twins else 1
        if newest is None:
            if self._twins and self.damaged == 1:
                self.damaged = 0  # the first save of all was cut: nobody was told that it is there
            return None
        self.format = newest[1]
        for one in found:
            if one is not None and one[0] == self._sequence - 1 & schema.U32_MAX:
                self.older = one[2]
        if anew:
            self.damaged = 0
        elif self._twins and (found[0] is None or found[1] is None or found[0][2] != found[1][2]):
            anew = 1
        for _ in range(anew):
            try:
                self._save_one(newest[2], newest[1])
            except StoreError:
                self.damaged += 1
        return newest[2]

    def save(self, payload: bytes) -> None:
        """Make it the newest; it has been read back on return. Raises StoreError.

        After an error the newest is the one before. A twin that fails counts as damaged only.
        """
        path = self._paths[self._next]
        try:
            self._save_one(payload, self._formats)
        except StoreError:
            self._withdraw(path)
            raise
        if self._twins:
            try:
                self._save_one(payload, self._formats)
                self.damaged = 0
            except StoreError:
                self.damaged = 1

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

    def _withdraw(self, path: str) -> None:
        """What did not read back right may do so after a reset: it must not be there then."""
        try:
            self._files.remove(path)
        except OSError:
            return

    def _open_both(self) -> "List[Optional[Tuple[int, int, bytes]]]":
        """Both generations, as `_open` has them."""
        self.damaged = 0
        names = self._files.list(self._folder)
        return [self._open(path) if path[-1] in names else None for path in self._paths]

    def _open_before(self) -> "List[Optional[Tuple[int, int, bytes]]]":
        """Both generations before the folder is settled: what fails then may read well after."""
        try:
            return self._open_both()
        except OSError:
            return []

    def _open(self, path: str) -> "Optional[Tuple[int, int, bytes]]":
        """(sequence, format, payload); None where it cannot be read or is no sound record.

        Counts what is damaged. An empty file is not: its first save was cut.
        """
        try:
            data = self._files.read(path)
        except OSError:
            data = b"?"
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


def _is_newer(sequence: int, other: int) -> bool:
    """Two generations are neighbours, also where the sequence wraps."""
    return (sequence - other) & schema.U32_MAX <= schema.U32_MAX // 2
