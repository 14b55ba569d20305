"""Runs everywhere: file operations and what comes of them, one a line.

    disk_battery.py ram | little | vfs

ram: RamDisk. little: LittleDisk, littlefs on the emulated flash of CPython. vfs: MicroPython's own
VfsLfs2, on the same emulated flash.
"""

import sys

BLOCKS = 24


class Device:
    """The emulated flash as a block device of MicroPython (extended interface)."""

    def __init__(self, flash):
        self.flash = flash

    def readblocks(self, block, buf, offset=0):
        buf[:] = self.flash.read(block, offset, len(buf))

    def writeblocks(self, block, buf, offset):
        self.flash.program(block, offset, bytes(buf))

    def ioctl(self, request, argument):
        if request == 4:
            return self.flash.blocks
        if request == 5:
            return self.flash.block_bytes
        if request == 6:
            self.flash.erase(argument)
        return 0


def vfs_disk():
    """VfsLfs2 under the names of `uos` and `open`."""
    import vfs

    from emulator.flash import Flash

    class Mounted:
        def __init__(self, system):
            for name in ("open", "ilistdir", "remove", "rename", "mkdir", "stat"):
                setattr(self, name, getattr(system, name))

        def listdir(self, path):
            return [entry[0] for entry in self.ilistdir(path)]

    device = Device(Flash(BLOCKS))
    vfs.VfsLfs2.mkfs(device, progsize=256)
    return Mounted(vfs.VfsLfs2(device, progsize=256))


def make(which):
    """The disk to be asked, mounted and empty."""
    if which == "vfs":
        return vfs_disk()
    if which == "ram":
        from emulator.ram_disk import RamDisk

        disk = RamDisk()
    else:
        from emulator.flash import Flash
        from emulator.little_disk import LittleDisk

        disk = LittleDisk(Flash(BLOCKS))
    disk.mount()
    return disk


class Battery:
    """Asks one disk."""

    def __init__(self, disk):
        self.disk = disk
        self.number = 0

    def put(self, path, data, mode="wb"):
        with self.disk.open(path, mode) as file:
            return file.write(data)

    def get(self, path, *size):
        with self.disk.open(path, "rb") as file:
            return file.read(*size)

    def list(self, path="/"):
        return [self.seen(entry[1], entry[3]) + entry[:1] for entry in self.disk.ilistdir(path)]

    def look(self, path):
        found = self.disk.stat(path)
        return self.seen(found[0], found[6])

    def seen(self, kind, size):
        """littlefs leaves the size of a folder to chance."""
        return kind, size if kind == 0x8000 else 0

    def twice(self, path):
        file = self.disk.open(path, "wb")
        file.write(b"1")
        file.close()
        file.close()

    def closed(self, path):
        file = self.disk.open(path, "rb")
        file.close()
        return file.read()

    def flushed(self, path):
        file = self.disk.open(path, "wb")
        file.write(b"on the flash")
        file.flush()
        found = self.get(path)
        file.write(b", more")
        file.close()
        return found, self.get(path)

    def unsaid(self, path):
        """What others see while it is written."""
        file = self.disk.open(path, "ab")
        file.write(b"!")
        found = self.get(path)
        file.close()
        return found, self.get(path)

    def parts(self, path):
        with self.disk.open(path, "rb") as file:
            return [len(file.read(3_000)) for _ in range(4)]

    def say(self, what, *arguments):
        """Call, and print what comes of it."""
        self.number += 1
        try:
            found = what(*arguments)
            if isinstance(found, bytes) and len(found) > 40:
                found = (len(found), sum(found))
        except OSError as error:
            found = "OSError", error.args[0]
        except ValueError:
            found = "ValueError"
        print(self.number, found)


def run(b):
    """All of it."""
    disk, say = b.disk, b.say
    say(b.list)
    say(disk.mkdir, "/pump")
    say(disk.mkdir, "/pump")
    say(disk.mkdir, "/no/folder")
    say(b.get, "/pump/a")
    say(b.get, "/no/a")
    say(b.put, "/no/a", b"x")
    say(b.put, "/pump/a", b"first")
    say(b.get, "/pump/a")
    say(b.put, "/pump/a", bytearray(b"second"))
    say(b.get, "/pump/a")
    say(b.get, "/pump/a", 3)
    say(b.put, "/pump/log", b"made by appending", "ab")
    say(b.put, "/pump/log", b", and on", "ab")
    say(b.get, "/pump/log")
    say(b.put, "/pump/empty", b"")
    say(b.get, "/pump/empty")
    say(b.list, "/pump")
    say(b.list, "/pump/")
    say(disk.listdir, "/pump")
    say(b.look, "/pump")
    say(b.look, "/pump/a")
    say(b.look, "/pump/none")
    say(b.look, "/pump/a/b")
    say(b.get, "/pump")
    say(b.get, "/pump/a/b")
    say(b.put, "/pump/a/b", b"x")
    say(b.list, "/pump/a")
    say(b.list, "/none")
    say(b.twice, "/pump/twice")
    say(b.closed, "/pump/twice")
    say(b.flushed, "/pump/flushed")
    say(b.unsaid, "/pump/flushed")
    for size in (0, 1, 255, 256, 257, 511, 512, 513, 4_095, 4_096, 4_097, 11_000):
        say(b.put, "/pump/size", bytes([size % 251]) * size)
        say(b.get, "/pump/size")
        say(b.put, "/pump/size", b"tail", "ab")
        say(b.get, "/pump/size")
        say(b.look, "/pump/size")
    say(b.parts, "/pump/size")
    say(disk.rename, "/pump/a", "/pump/z")
    say(disk.rename, "/pump/none", "/pump/y")
    say(disk.rename, "/pump/z", "/no/y")
    say(disk.rename, "/pump/z", "/pump/log")
    say(disk.rename, "/pump/log", "/pump/log")
    say(b.get, "/pump/log")
    say(disk.mkdir, "/other")
    say(disk.rename, "/pump/log", "/other")
    say(disk.rename, "/other", "/pump/log")
    say(disk.rename, "/other", "/pump")
    say(disk.rename, "/pump/log", "/other/log")
    say(disk.rename, "/other", "/third")
    say(b.list, "/third")
    say(disk.remove, "/third")
    say(disk.remove, "/third/log")
    say(disk.remove, "/third/log")
    say(disk.remove, "/third")
    say(disk.remove, "/")
    say(b.list)


run(Battery(make(sys.argv[1])))
