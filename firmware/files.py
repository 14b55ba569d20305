"""Five operations on the board's file system; everything that outlives a reset goes through them.
Two more make certain what a power failure has left (`restore`, `settle`).

From the loop only; each takes as long as the flash does, with interrupts held off while it erases
or programs. Paths are absolute. All five raise OSError where the file system does.
"""

_CORRUPT = 84  # as littlefs calls it
_FAILS = (5, 28)  # EIO, ENOSPC: the flash itself, or no room; cells that waver give neither
_INLINE_BYTES = 512  # a file of so many is kept in the folder itself, up to an eighth of a block
_ENTRY_BYTES = 12  # beside name and content, or eight bytes that say where that is
_PAGE_BYTES = 256
_BLOCK_PAGES = 16
_SETTLE_BYTES = 500  # takes three pages
_SETTLE_WRITES_MAX = 50  # more than both blocks of a folder hold
_BLOCK_COUNT = 4  # MP_BLOCKDEV_IOCTL_BLOCK_COUNT, extmod/vfs.h
_READINGS = 4  # of a page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List


class Files:
    """The file system behind `uos` and `open`, or behind what stands for them.

    littlefs makes a write whole: after a power failure in the middle of one the file is as it was
    before, or as it was to be. port: module `rp2` or what stands for it:
    its Flash() is what the files lie on.
    """

    def __init__(self, system: "Any", open_file: "Callable[..., Any]", port: "Any") -> None:
        self._system = system
        self._open = open_file
        self._port = port

    def restore(self) -> None:
        """Program the last page of each block once more, as it reads now. After a reset, first.

        A block is written page after page: what a power failure cut short is the last page of
        one. It may read as it was to be now and otherwise after the next start; meanwhile
        littlefs, which takes it for good, would have erased what was there before. What is clear
        is made so for good, and what is sound stays sound. Cells that waver from one reading to
        the next are clear once they have read so.
        """
        device = self._port.Flash()
        page = bytearray(_PAGE_BYTES)
        blank = b"\xff" * _PAGE_BYTES
        for block in range(device.ioctl(_BLOCK_COUNT, 0)):
            at = 0
            try:
                for pages in (8, 4, 2, 1):
                    device.readblocks(block, page, at + pages * _PAGE_BYTES)
                    if page != blank:
                        at += pages * _PAGE_BYTES
                known = blank
                for _ in range(_READINGS):
                    device.readblocks(block, page, at)
                    if page != known:
                        device.writeblocks(block, page, at)
                        known = bytes(page)
            except OSError:
                continue  # a bad block: who needs it finds that out

    def read(self, path: str) -> bytes:
        """All of a file. OSError where there is none."""
        with self._open(path, "rb") as file:
            data: bytes = file.read()
        return data

    def write(self, path: str, data: bytes) -> None:
        """Make `data` all of the file; it is on the flash on return."""
        with self._open(path, "wb") as file:
            file.write(data)

    def append(self, path: str, data: bytes) -> None:
        """Add to the end of a file, which is made where there is none; on the flash on return."""
        with self._open(path, "ab") as file:
            file.write(data)

    def list(self, folder: str) -> "List[str]":
        """Names in a folder, in no particular order. Makes the folder where there is none."""
        try:
            return [entry[0] for entry in self._system.ilistdir(folder)]
        except ValueError:
            raise OSError(_CORRUPT)  # a name whose cells waver is no text
        except OSError:
            self._system.mkdir(folder)
            return []

    def remove(self, path: str) -> None:
        """Remove a file. OSError where there is none."""
        self._system.remove(path)

    def settle(self, folder: str) -> None:
        """Have littlefs write a folder anew, into its other block. After a reset, before reading.

        A write that the power cut short can leave cells that read as written now and otherwise
        after the next start. What is in the folder was appended behind them, and would go with
        them. Where they waver, one block or the other is the folder by turns: a write that does
        not read back shows it, and counts for nothing. What is written stays, empty: a removal
        trusts such cells more than a write does (LFS_ASSERT in lfs_remove_).

        As many pages as a block has beside those that the folder itself needs: with the empty
        file one too many, so it takes one erasure, and no second one.

        A flash that fails is not tried again, littlefs has tried all free blocks by then, with an
        erasure each; nor is it an error: a record that cannot be written says so.
        """
        path = folder + "/settle"
        held = 0
        try:
            for entry in self._system.ilistdir(folder):
                size = entry[3]
                held += _ENTRY_BYTES + len(entry[0]) + (size if size <= _INLINE_BYTES else 8)
        except (OSError, ValueError):
            held = 0
        left = pages = max(_BLOCK_PAGES // 2, _BLOCK_PAGES - 1 - held // _PAGE_BYTES)
        for number in range(_SETTLE_WRITES_MAX):
            if left <= 0:
                break
            took = 3 if left >= 3 else 1
            data = bytes([number]) * (_SETTLE_BYTES if took > 1 else 1)
            try:
                self.write(path, data)
                same = self.read(path) == data
            except OSError as error:
                if error.args[0] in _FAILS:
                    return
                same = False
            left = left - took if same else pages
        try:
            self.write(path, b"")
        except OSError:
            return
