"""One UF2 file for a blank board: MicroPython's image, and the pump's files in their place.

The format: github.com/microsoft/uf2. Blocks of 512 bytes carry 256 bytes of flash each. The boot
ROM erases a whole sector when the first of its pages comes: sectors are written in full.
"""

import struct
from collections.abc import Mapping

from emulator.bench import file_system
from emulator.bench.boards.kind import BLOCK_BYTES, FLASH_START, BoardKind

_BLOCK_BYTES = 512
_PAGE_BYTES = 256
_HEAD = struct.Struct("<8I")  # magic, magic, flags, address, bytes, number, blocks, family
_MAGIC_START = (0x0A32_4655, 0x9E5D_5157)
_MAGIC_END = 0x0AB1_6F30
_HAS_FAMILY = 0x2000  # flag
_ERASED = b"\xff" * BLOCK_BYTES


class Uf2Error(Exception):
    """No such file can be made; the message says why."""


def build(image: bytes, kind: BoardKind, files: Mapping[str, bytes]) -> bytes:
    """UF2 of the image and of a file system with these files. Raises Uf2Error."""
    foreign, pages = _pages(image, kind)
    system = file_system.build(files, kind.fs_blocks)
    for at in range(0, len(system), BLOCK_BYTES):
        sector = system[at : at + BLOCK_BYTES]
        if sector != _ERASED:  # what no file uses may hold anything
            start = FLASH_START + kind.fs_start + at
            pages += [
                (start + page, sector[page : page + _PAGE_BYTES])
                for page in range(0, BLOCK_BYTES, _PAGE_BYTES)
            ]
    return foreign + b"".join(
        _block(address, data, number, len(pages), kind.uf2_family)
        for number, (address, data) in enumerate(pages)
    )


def _pages(image: bytes, kind: BoardKind) -> tuple[bytes, list[tuple[int, bytes]]]:
    """(blocks for another family, to be kept as they are; address and bytes of this one's)."""
    foreign = b""
    pages = []
    for at in range(0, len(image), _BLOCK_BYTES):
        block = image[at : at + _BLOCK_BYTES]
        if len(block) < _BLOCK_BYTES or _HEAD.unpack_from(block)[:2] != _MAGIC_START:
            raise Uf2Error("the image is no UF2 file, or not a whole one")
        _, _, _, address, size, _, _, family = _HEAD.unpack_from(block)
        if family == kind.uf2_family:
            pages.append((address, block[_HEAD.size : _HEAD.size + size]))
        else:
            foreign += block
    if not pages:
        raise Uf2Error(f"the image is not for a {kind.title}: it has another chip's family")
    end = max(address + len(data) for address, data in pages) - FLASH_START
    if end > kind.fs_start:
        raise Uf2Error(
            f"the image is not for a {kind.title}: it reaches into the place of its files"
        )
    return foreign, pages


def _block(address: int, data: bytes, number: int, count: int, family: int) -> bytes:
    head = _HEAD.pack(*_MAGIC_START, _HAS_FAMILY, address, len(data), number, count, family)
    return (head + data).ljust(_BLOCK_BYTES - 4, b"\0") + struct.pack("<I", _MAGIC_END)
