"""A file system in memory: what `uos` and the built-in `open` are to the firmware, where no flash
is emulated.

Runs on every runtime. It takes no time, never fails and claims nothing about power cuts; names,
modes and errors are those of VfsLfs2 (extmod/vfs_lfsx.c), and so is the order of a listing. Only
what the pump needs exists.
"""

ENOENT = 2
EBADF = 9
EEXIST = 17
ENOTDIR = 20
EISDIR = 21
EINVAL = 22
ENOTEMPTY = 39  # of littlefs, lfs.h
FOLDER = 0x4000  # MP_S_IFDIR
FILE = 0x8000  # MP_S_IFREG
MODES = ("rb", "wb", "ab")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

    Entry = Tuple[str, int, int, int]


def mount(disk: "Any") -> None:
    """The chip boots. A blank disk gets what comes with the program, to a pump that has no past
    (firmware/records.py).
    """
    is_new = disk.is_blank()
    disk.mount()
    if is_new:
        disk.mkdir("/pump")
        disk.open("/pump/new", "wb").close()


class NoBlocks:
    """Stands for the flash where files do not lie on one."""

    def ioctl(self, _op: int, _argument: int) -> int:
        """Nothing of whatever is asked for."""
        return 0


class RamFile:
    """An open file. Written bytes are in the file system once it is closed, or flushed."""

    def __init__(self, disk: "RamDisk", path: str, mode: str) -> None:
        self._disk = disk
        self._path = path
        self._reads = mode == "rb"
        self._data = b"" if mode == "wb" else disk.content(path)
        self._at = 0
        self._open = True

    def __enter__(self) -> "RamFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, _size: int = -1) -> bytes:
        """The next ``_size`` bytes, or all that is left."""
        self._check(self._reads)
        end = len(self._data) if _size < 0 else self._at + _size
        data = self._data[self._at : end]
        self._at += len(data)
        return data

    def write(self, _data: "Any") -> int:
        """Add at the end; how many bytes."""
        self._check(not self._reads)
        data = bytes(memoryview(_data))
        self._data += data
        return len(data)

    def flush(self) -> None:
        """Put into the file system what has been written."""
        self._check(True)
        if not self._reads:
            self._disk.keep(self._path, self._data)

    def close(self) -> None:
        """Flush, and end. Closing again changes nothing."""
        if self._open:
            self.flush()
            self._open = False

    def _check(self, allowed: bool) -> None:
        """ValueError when closed, OSError where the mode does not allow it."""
        if not self._open:
            raise ValueError("I/O operation on closed file")
        if not allowed:
            raise OSError(EBADF)


class RamDisk:
    """Files and folders, kept for as long as the object lives. Paths are absolute.

    Flash: that of module `rp2`, with nothing in it.
    """

    def __init__(self) -> None:
        self._entries: "Dict[str, Optional[bytes]]" = {"": None}  # None: a folder
        self.Flash = NoBlocks

    def connect(self, spend_us: "Callable[[int], None]") -> None:
        """The chip that it belongs to; memory takes no time."""

    def mount(self) -> None:
        """The chip boots."""

    def is_blank(self) -> bool:
        """Whether nothing was ever put there."""
        return len(self._entries) == 1

    def power_off(self) -> None:
        """The power fails: nothing is lost here."""

    def power_on(self) -> None:
        """The power is back."""

    def open(self, _path: str, _mode: str = "r") -> RamFile:
        """A file: "rb" to read, "wb" to write anew, "ab" to write on. The last two create it."""
        if _mode not in MODES:
            raise ValueError("mode must be rb, wb or ab")
        path = self._find(_path, _mode != "rb")
        if path not in self._entries:
            self._entries[path] = b""
        return RamFile(self, path, _mode)

    def listdir(self, _path: str = "/") -> "List[str]":
        """The names in a folder."""
        return [entry[0] for entry in self.ilistdir(_path)]

    def ilistdir(self, _path: str = "/") -> "Iterator[Entry]":
        """(name, FILE or FOLDER, 0, size) of all that is in a folder, by name."""
        folder = self._find(_path)
        if self._entries[folder] is not None:
            raise OSError(ENOTDIR)
        start = len(folder) + 1
        found = []
        for path in sorted(self._entries):
            if path.startswith(folder + "/") and "/" not in path[start:]:
                kind, size = self._look(path)
                found.append((path[start:], kind, 0, size))
        return iter(found)

    def remove(self, _path: str) -> None:
        """Remove a file, or an empty folder."""
        path = self._find(_path)
        self._check_can_go(path)
        del self._entries[path]

    def rename(self, _old_path: str, _new_path: str) -> None:
        """Give a file or folder another name; what had it, of the same kind, is gone."""
        old = self._find(_old_path)
        new = self._find(_new_path, True)
        if not old or ((new + "/").startswith(old + "/") and new != old):
            raise OSError(EINVAL)
        if new in self._entries and new != old:
            if (self._entries[new] is None) != (self._entries[old] is None):
                raise OSError(EISDIR if self._entries[new] is None else ENOTDIR)
            self._check_can_go(new)
        for path in list(self._entries):
            if (path + "/").startswith(old + "/"):
                self._entries[new + path[len(old) :]] = self._entries.pop(path)

    def mkdir(self, _path: str) -> None:
        """Make a folder; the one it lies in must exist."""
        path = self._find(_path, True)
        if path in self._entries:
            raise OSError(EEXIST)
        self._entries[path] = None

    def stat(self, _path: str) -> "Tuple[int, ...]":
        """FILE or FOLDER in the first place, the size in the seventh; times are 0."""
        kind, size = self._look(self._find(_path))
        return (kind, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def content(self, path: str) -> bytes:
        """All of a file, for the file object. ``path`` as `_find` gives it."""
        data = self._entries[path]
        if data is None:
            raise OSError(EISDIR)
        return data

    def keep(self, path: str, data: bytes) -> None:
        """Make ``data`` all of a file, for the file object."""
        self._entries[path] = data

    def _find(self, path: str, may_be_new: bool = False) -> str:
        """The path as it is kept: without a slash at the end. OSError where there is none."""
        if path in self._entries:
            return path
        names = [name for name in path.split("/") if name]
        found = ""
        for place, name in enumerate(names):
            if self._entries[found] is not None:
                raise OSError(ENOTDIR)
            found += "/" + name
            if found not in self._entries and not (may_be_new and place == len(names) - 1):
                raise OSError(ENOENT)
        return found

    def _look(self, path: str) -> "Tuple[int, int]":
        data = self._entries[path]
        return (FOLDER, 0) if data is None else (FILE, len(data))

    def _check_can_go(self, path: str) -> None:
        if not path:
            raise OSError(EINVAL)
        if any([other.startswith(path + "/") for other in self._entries]):
            raise OSError(ENOTEMPTY)
