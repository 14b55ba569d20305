"""The board's file system on a flash chip: littlefs's own C code, set up as MicroPython does.

CPython only (littlefs-python). Settings: extmod/vfs_lfsx.c, and progsize=256 of the rp2 port's
_boot.py, which also formats what it cannot mount. One thing is missing: VfsLfs2 keeps 12 bytes
more a file, the time of its last change.

To littlefs a power cut is an I/O error; the call that meets it ends in PowerCut, and so does every
later one. The handles of then are never closed: littlefs would abort the process. A block that
fails is told to littlefs as bad, and it takes another one where it can. A damaged disk can have it
search for ever (lfs_fs_deorphan): the chip's time goes on then, until something resets it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from littlefs import LittleFSError, lfs

from emulator.block_device import BlockDevice
from emulator.flash import EIO, Flash
from emulator.ram_disk import EBADF, FILE, FOLDER, MODES
from emulator.stops import PowerCut

_ENODEV = 19
_CORRUPT = 84  # LFS_ERR_CORRUPT, lfs.h: the block is bad, take another one
_READ_BYTES = 32
_LOOKAHEAD_BYTES = 32
_CACHE_PAGES = 4
_BLOCK_CYCLES = 100
_READS_MAX = 500_000  # of one call; 40_000 on sound disks, however full
_FOR_EVER_US = 10_000_000  # more than any watchdog waits
DISK_2_0 = 0x0002_0000  # what the bench of 0.1.0 put on a board
DISK_2_1 = 0x0002_0001  # what it puts there now, and the board writes
_RDONLY, _WRONLY, _CREAT, _TRUNC, _APPEND = 0x1, 0x2, 0x100, 0x400, 0x800  # LFS_O_*, lfs.h
_FLAGS = {
    "rb": _RDONLY,
    "wb": _WRONLY | _CREAT | _TRUNC,
    "ab": _WRONLY | _CREAT | _APPEND,
}


class _Hooks:
    """What littlefs calls; nothing may be raised here, it would be swallowed.

    stop: what ended the turn of the firmware meanwhile. failed: there was a read error. It cannot
    be returned, so littlefs gets zeros and may not write from then on.
    """

    def __init__(self, flash: Flash) -> None:
        self._flash = flash
        self.stop: BaseException | None = None
        self.failed = False
        self._plain: list[bytes] | None = None
        self._reads = 0

    def begin(self) -> None:
        """Before each call. Nine of ten calls of littlefs are reads: they go the short way."""
        self.failed = False
        self._plain = self._flash.plain()
        self._reads = 0

    def read(self, _config: Any, block: int, offset: int, size: int) -> bytes:
        self._reads += 1
        if self._reads > _READS_MAX:
            self._never_end()
        if self._plain is not None:
            return self._plain[block][offset : offset + size]
        if not self.failed:
            try:
                return self._flash.read(block, offset, size)
            except OSError:
                self.failed = True
        return bytes(size)

    def _never_end(self) -> None:
        """The call would not come back; where nothing ends it, littlefs reads zeros."""
        self._plain = None
        if self.failed:
            return
        self.failed = True
        try:
            self._flash.spend_us(_FOR_EVER_US)
        except BaseException as stop:
            self.stop = stop

    def prog(self, _config: Any, block: int, offset: int, data: bytes) -> int:
        return self._change(self._flash.program, block, offset, data)

    def erase(self, _config: Any, block: int) -> int:
        return self._change(self._flash.erase, block)

    def sync(self, _config: Any) -> int:
        self._flash.sync()
        return 0

    def _change(self, act: Callable[..., None], *arguments: Any) -> int:
        if self.failed:
            return -_CORRUPT
        try:
            act(*arguments)
        except OSError:
            return -EIO if self._flash.dead else -_CORRUPT
        except BaseException as stop:
            self.stop = stop
            return -EIO
        return 0


class LittleFile:
    """An open file. What was written is safe from a power cut once it is closed, or flushed."""

    def __init__(self, disk: "LittleDisk", path: str, mode: str) -> None:
        self._disk = disk
        self._reads = mode == "rb"
        self._handle = disk.call(lfs.file_open, path, _FLAGS[mode])
        disk.handles.append(self._handle)
        self._open = True

    def __enter__(self) -> "LittleFile":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, _size: int = -1) -> bytes:
        """The next ``_size`` bytes, or all that is left."""
        self._check(self._reads)
        if _size < 0:
            _size = self._disk.call(lfs.file_size, self._handle)
        data: bytes = self._disk.call(lfs.file_read, self._handle, _size)
        return data

    def write(self, _data: Any) -> int:
        """Add at the end; how many bytes."""
        self._check(not self._reads)
        count: int = self._disk.call(lfs.file_write, self._handle, bytes(memoryview(_data)))
        return count

    def flush(self) -> None:
        """Put on the flash what has been written."""
        self._check(True)
        self._disk.call(lfs.file_sync, self._handle)

    def close(self) -> None:
        """Flush, and end. Closing again changes nothing."""
        if not self._open:
            return
        self._open = False
        self._disk.call(lfs.file_close, self._handle)
        self._disk.handles.remove(self._handle)

    def _check(self, allowed: bool) -> None:
        """ValueError when closed, OSError where the mode does not allow it."""
        if not self._open:
            raise ValueError("I/O operation on closed file")
        if not allowed:
            raise OSError(EBADF, "")


class LittleDisk:
    """A file system on a flash. flash: the chip; a new one unless given. disk_version: as which
    it is written; DISK_2_1 goes over from DISK_2_0 with the first write, as a board does.

    The same names, modes and errors as RamDisk, and OSError(EIO) for a bad flash. Flash: that of
    module `rp2`. handles: of the open files, not to be freed while littlefs knows them.
    """

    def __init__(self, flash: Flash | None = None, disk_version: int = DISK_2_1) -> None:
        self.flash = Flash() if flash is None else flash
        self.handles: list[Any] = []
        self.Flash = partial(BlockDevice, self.flash)
        self._hooks = _Hooks(self.flash)
        self._stop: BaseException | None = None
        self._system: Any = None
        self._mounted = False
        page_bytes = self.flash.page_bytes
        self._config = lfs.LFSConfig(
            self._hooks,
            block_size=self.flash.block_bytes,
            block_count=self.flash.blocks,
            read_size=_READ_BYTES,
            prog_size=page_bytes,
            cache_size=min(self.flash.block_bytes, _CACHE_PAGES * page_bytes),
            lookahead_size=_LOOKAHEAD_BYTES,
            block_cycles=_BLOCK_CYCLES,
            disk_version=disk_version,
        )

    def connect(self, spend_us: Callable[[int], None]) -> None:
        """The chip that it belongs to: what is called with the time that the flash takes."""
        self.flash.spend_us = spend_us

    def mount(self) -> None:
        """The chip boots: as the port's _boot.py does, format what cannot be mounted.

        Where that fails too there is no file system: the board's would stop there.
        """
        if self._mounted:
            lfs.unmount(self._system)  # gives its buffers back; does nothing to the flash
        self._mounted = False
        self.handles.clear()
        self._stop = self._hooks.stop = None
        self._mounted = self._try(lfs.mount) or (self._try(lfs.format) and self._try(lfs.mount))

    def is_blank(self) -> bool:
        """Whether nothing was ever put there."""
        return self.flash.is_blank

    def power_off(self) -> None:
        """The power fails."""
        self.flash.power_off()

    def power_on(self) -> None:
        """The power is back; the next is `mount`."""
        self.flash.power_on()

    def open(self, _path: str, _mode: str = "r") -> LittleFile:
        """A file: "rb" to read, "wb" to write anew, "ab" to write on. The last two create it."""
        if _mode not in MODES:
            raise ValueError("mode must be rb, wb or ab")
        return LittleFile(self, _path, _mode)

    def listdir(self, _path: str = "/") -> list[str]:
        """The names in a folder."""
        return [entry[0] for entry in self.ilistdir(_path)]

    def ilistdir(self, _path: str = "/") -> Iterator[tuple[str, int, int, int]]:
        """(name, FILE or FOLDER, 0, size) of all that is in a folder, by name."""
        folder = self.call(lfs.dir_open, _path)
        found = []
        self.handles.append(folder)
        while (entry := self.call(lfs.dir_read, folder)) is not None:
            if entry.name not in (".", ".."):
                kind, size = _look(entry)
                found.append((entry.name, kind, 0, size))
        self.call(lfs.dir_close, folder)
        self.handles.remove(folder)
        return iter(found)

    def remove(self, _path: str) -> None:
        """Remove a file, or an empty folder."""
        self.call(lfs.remove, _path)

    def rename(self, _old_path: str, _new_path: str) -> None:
        """Give a file or folder another name; what had it, of the same kind, is gone."""
        self.call(lfs.rename, _old_path, _new_path)

    def mkdir(self, _path: str) -> None:
        """Make a folder; the one it lies in must exist."""
        self.call(lfs.mkdir, _path)

    def stat(self, _path: str) -> tuple[int, ...]:
        """FILE or FOLDER in the first place, the size in the seventh; times are 0."""
        kind, size = _look(self.call(lfs.stat, _path))
        return (kind, 0, 0, 0, 0, 0, size, 0, 0, 0)

    def call(self, act: Callable[..., Any], *arguments: Any) -> Any:
        """Call littlefs. OSError with its number; PowerCut, or what else ended the turn."""
        if self.is_up() and not self._mounted:
            raise OSError(_ENODEV, "")
        return self._act(act, *arguments)

    def is_up(self) -> bool:
        """Whether the chip has power, and has not been reset in the middle of a call."""
        return self._stop is None and not self.flash.dead

    def _try(self, act: Callable[..., Any]) -> bool:
        """Mount or format. Where it fails littlefs has given its buffers back itself."""
        self._system = lfs.LFSFilesystem()
        try:
            self._act(act, self._config)
        except OSError:
            return False
        return True

    def _act(self, act: Callable[..., Any], *arguments: Any) -> Any:
        if not self.is_up():
            raise self._stop or PowerCut()
        hooks = self._hooks
        hooks.begin()
        code = 0
        result = None
        try:
            result = act(self._system, *arguments)
        except LittleFSError as error:
            code = -error.code
        self._stop = hooks.stop
        if not self.is_up():
            raise self._stop or PowerCut()
        if hooks.failed:
            code = EIO
        if code:
            raise OSError(code, "")
        return result


def _look(entry: Any) -> tuple[int, int]:
    """Kind and size; littlefs leaves the size of a folder to chance."""
    return (FILE, entry.size) if entry.type == lfs.LFSStat.TYPE_REG else (FOLDER, 0)
