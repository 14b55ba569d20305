"""What one has to know of a kind of board to put the pump on it."""

from collections.abc import Mapping
from dataclasses import dataclass

BLOCK_BYTES = 4_096  # a sector of the flash: what littlefs calls a block
SERVICE_GPIO = 22  # held to ground, USB comes up in a release: on_board/boot.py
FLASH_START = 0x1000_0000  # where the chip maps its flash: RP2040 and RP2350 datasheets


@dataclass(frozen=True)
class BoardKind:
    """One kind of board. A new one is one file in this folder that defines BOARD.

    name: as it is typed. title: as people call it. machine: how MicroPython calls it, the end of
    os.uname() there. image: name of MicroPython's image for it, without version. uf2_family: whom
    a UF2 file is for. flash_bytes: all of the flash; fs_bytes of it, at its end, are the file
    system. pins: GPIO by name in firmware/board.py. contacts: number of the contact on the board's
    edge, by GPIO.
    """

    name: str
    title: str
    machine: str
    image: str
    uf2_family: int
    flash_bytes: int
    fs_bytes: int
    pins: Mapping[str, int]
    contacts: Mapping[int, int]

    @property
    def fs_start(self) -> int:
        """Offset of the file system in the flash."""
        return self.flash_bytes - self.fs_bytes

    @property
    def fs_blocks(self) -> int:
        """How many blocks the file system has."""
        return self.fs_bytes // BLOCK_BYTES
