"""The board's littlefs, built and read on the host: path -> content.

As MicroPython's rp2 port formats it (ports/rp2/modules/_boot_fat.py, rp2_flash.c): blocks of
4,096 bytes, written in pages of 256, on-disk version 2.1.
"""

from collections.abc import Mapping
from pathlib import PurePosixPath

from littlefs import LittleFS, UserContext

from emulator.bench.boards.kind import BLOCK_BYTES

_PAGE_BYTES = 256
_DISK_VERSION = 0x0002_0001


def build(files: Mapping[str, bytes], blocks: int) -> bytes:
    """A file system of so many blocks that holds these files."""
    context = UserContext(buffsize=blocks * BLOCK_BYTES)
    system = LittleFS(
        context=context,
        block_size=BLOCK_BYTES,
        block_count=blocks,
        prog_size=_PAGE_BYTES,
        disk_version=_DISK_VERSION,
    )
    for path, content in files.items():
        folder = str(PurePosixPath(path).parent)
        if folder != ".":
            system.makedirs(folder, exist_ok=True)
        with system.open(path, "wb") as file:
            file.write(content)
    system.unmount()
    return bytes(context.buffer)


def read(image: bytes) -> dict[str, bytes]:
    """All files of such a file system. Raises littlefs.LittleFSError where it is none."""
    system = LittleFS(
        context=UserContext(buffer=bytearray(image)),
        block_size=BLOCK_BYTES,
        block_count=len(image) // BLOCK_BYTES,
        prog_size=_PAGE_BYTES,
    )
    found: dict[str, bytes] = {}
    for folder, _, names in system.walk("/"):
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            with system.open(path, "rb") as file:
                found[path.lstrip("/")] = file.read()
    system.unmount()
    return found
