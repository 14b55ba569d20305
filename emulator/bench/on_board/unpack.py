"""The modules of a set lie in one file; while it is mounted, MicroPython imports them from there.

Runs on the board, beside the file that it reads (emulator/bench/program_file.py). Fifty files of
their own take more than twice the blocks, and the pump's records wear out what is left the sooner;
and most of the time of a start would go into looking them up.
"""

import io
import json
import os
import sys

NAME = "/program"
FOLDER = 0x4000  # of the mode that os.stat gives
FILE = 0x8000
NO_ENTRY = 2  # errno.ENOENT


class Program:
    """All modules of a set: for a `with`, once, they stand in the place of its folder.

    What is imported from within stays imported. MicroPython takes whatever is raised in a search,
    Ctrl-C and want of memory among it, for a module that is not there.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._file = open(root + NAME, "rb")  # noqa: SIM115  # until __exit__
        self._places = json.loads(self._file.readline())
        self._first = self._file.tell()

    def __enter__(self) -> None:
        os.mount(self, self._root)  # type: ignore[attr-defined]  # MicroPython's own

    def __exit__(self, *_: object) -> None:
        os.umount(self._root)  # type: ignore[attr-defined]  # MicroPython's own
        self._file.close()
        del sys.modules["unpack"]  # half a kilobyte of heap

    def mount(self, readonly: bool, mkfs: bool) -> None:
        """Asked by os.mount: all is there."""

    def umount(self) -> None:
        """Asked by os.umount."""

    def stat(self, path: str) -> "tuple[int, ...]":
        """As os.stat. path: below the root, "/" before it. OSError: there is no such."""
        if path not in self._places:
            raise OSError(NO_ENTRY)
        return (FILE if self._places[path] else FOLDER, 0, 0, 0, 0, 0, 0, 0, 0, 0)

    def open(self, path: str, mode: str) -> io.BytesIO:
        """One module. OSError: there is no such."""
        if not self._places.get(path):
            raise OSError(NO_ENTRY)
        place, size = self._places[path]
        self._file.seek(self._first + place)
        return io.BytesIO(self._file.read(size))
