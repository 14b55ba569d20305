"""Runs on MicroPython unix: a flash chip in a file, mounted as the root as on a board.

    micropython -i disk.py IMAGE [CUT [JOURNAL]]

CUT: after so many erasures and programmings the power fails, in the middle of the next one; -1:
never. JOURNAL: a file that gets every change: place and size, u32 little-endian, and the bytes.
`machine.reset` ends the process.
"""

import os
import struct
import sys

BLOCK_BYTES = 4_096
PROG_BYTES = 256  # as the rp2 port mounts it: ports/rp2/modules/_boot.py


class Flash:
    """NOR flash: programming clears bits, erasing a block sets them."""

    def __init__(self, path, cut, journal):
        self.file = open(path, "r+b")  # noqa: SIM115  # for as long as the chip lives
        self.blocks = self.file.seek(0, 2) // BLOCK_BYTES
        self.journal = open(journal, "wb") if journal else None  # noqa: SIM115
        self.cut = cut
        self.used = 0
        self.worn = False  # what is programmed then is not what was asked for

    def readblocks(self, block, buf, offset=0):
        self.file.seek(block * BLOCK_BYTES + offset)
        self.file.readinto(buf)

    def writeblocks(self, block, buf, offset):
        self.file.seek(block * BLOCK_BYTES + offset)
        old = self.file.read(len(buf))
        new = bytes(a & b for a, b in zip(old, buf))
        self.change(block * BLOCK_BYTES + offset, new[:-1] + b"\0" if self.worn else new)

    def ioctl(self, request, block):
        if request == 4:
            return self.blocks
        if request == 5:
            return BLOCK_BYTES
        if request == 6:
            self.change(block * BLOCK_BYTES, b"\xff" * BLOCK_BYTES)
        return 0

    def change(self, at, data):
        self.file.seek(at)
        fails = self.used == self.cut
        self.file.write(data[: len(data) // 2] if fails else data)
        self.file.flush()
        self.used += 1
        if self.journal:
            self.journal.write(struct.pack("<II", at, len(data)) + data)
            self.journal.flush()
        if fails:
            end()


def end(*_):
    """At once, whatever runs."""
    os.system("kill -9 $PPID")


class Machine:
    """What the tools ask of `machine`; there is nothing behind it."""

    reset = end


image, cut, journal = sys.argv[1:4] + ["-1", ""][len(sys.argv) - 2 :]
flash = Flash(image, int(cut), journal)
os.umount("/")
try:
    os.mount(os.VfsLfs2(flash, progsize=PROG_BYTES), "/")
except OSError:
    os.VfsLfs2.mkfs(flash, progsize=PROG_BYTES)
    os.mount(os.VfsLfs2(flash, progsize=PROG_BYTES), "/")
os.chdir("/")
sys.modules["machine"] = Machine
