"""The flash beneath a file system, block by block. Stands for rp2.Flash of the rp2 port.

Runs on every runtime. Source: ports/rp2/rp2_flash.c. Only the extended form exists here, with an
offset: writeblocks then programs without erasing.
"""

from emulator.stops import PowerCut

_BLOCK_COUNT = 4  # MP_BLOCKDEV_IOCTL_BLOCK_COUNT, extmod/vfs.h

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from emulator.flash import Flash


class BlockDevice:
    """A flash. Where its power fails or has failed, PowerCut ends the firmware's turn."""

    def __init__(self, flash: "Flash") -> None:
        self._flash = flash

    def ioctl(self, _op: int, _argument: int) -> int:
        """The number of blocks; ValueError for any other request."""
        if _op != _BLOCK_COUNT:
            raise ValueError(_op)
        return self._flash.blocks

    def readblocks(self, _block: int, _buffer: bytearray, _offset: int) -> None:
        """Fill the buffer with what is at this place of the block."""
        _buffer[:] = self._act(self._flash.read, _block, _offset, len(_buffer))

    def writeblocks(self, _block: int, _buffer: bytearray, _offset: int) -> None:
        """Program whole pages. Done on return: no cut later loses it."""
        self._act(self._flash.program, _block, _offset, bytes(_buffer))
        self._flash.sync()

    def _act(self, act: "Any", *arguments: "Any") -> "Any":
        try:
            return act(*arguments)
        except OSError:
            if self._flash.dead:
                raise PowerCut()
            raise
