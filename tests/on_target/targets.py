"""The pumps that the tests over the wire are run with: each a link, a magnet, and time.

Nothing else of a pump is used here: what the tests say holds for whatever answers at the line.
"""

import os
import subprocess
from typing import Protocol

from emulator.emu_link import EmuLink
from emulator.plant.plant import Plant
from emulator.world import World
from firmware.pins import MAGNET
from protocol.programmer.link import Link, PortLink
from tests.bench.pico_bed import PicoBed
from tests.parity.runtimes import MICROPYTHON, ROOT, UNIX_HEAP

_MAGNET_MS = 3_300  # held 3 s, plus a slice of the pump's loop
_SETTLE_MS = 1_500
_PERSON_MS = 60_000


class Target(Protocol):
    """A pump at the end of a line. link: as the programmer's half of the protocol wants it."""

    link: Link

    def hold_magnet(self) -> None:
        """Until the programming window is open."""

    def wait_ms(self, ms: int) -> None:
        """Let that much of the pump's time pass."""

    def close(self) -> None:
        """Give everything back."""


class _InProcess:
    """A World, or a board that stands for one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.link: Link = EmuLink(world)

    def hold_magnet(self) -> None:
        self._world.chip.outside.drive(MAGNET, 0)
        self.wait_ms(_MAGNET_MS)
        self._world.chip.outside.drive(MAGNET, 1)

    def wait_ms(self, ms: int) -> None:
        self._world.run_for_ms(ms)

    def close(self) -> None:
        """Nothing to give back."""


def _emulator() -> Target:
    world = World()
    Plant(world)
    world.boot()
    world.run_for_ms(_SETTLE_MS)
    return _InProcess(world)


def _virtual() -> Target:
    bed = PicoBed()
    return _InProcess(bed.world)  # type: ignore[arg-type]  # it has what is used


class _UnixLink:
    """The line of the pump in the other process; virtual time, as that process says."""

    name = "MicroPython unix"

    def __init__(self) -> None:
        command = [str(MICROPYTHON), "-X", f"heapsize={UNIX_HEAP}", "tests/on_target/unix_pump.py"]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "MICROPYPATH": f"{ROOT}:.frozen"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._to_send = b""
        self._got = b""
        self._now_ms = 0
        self.magnet_level = 1

    def write(self, data: bytes) -> None:
        """See Link."""
        self._to_send += data

    def read(self, timeout_ms: int) -> bytes:
        """See Link."""
        until_ms = self._now_ms + timeout_ms
        while not self._got and self._now_ms < until_ms:
            self.run_ms(1)
        data, self._got = self._got, b""
        return data

    def run_ms(self, ms: int) -> None:
        """Send what waits, and let time pass."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{ms} {self.magnet_level} {self._to_send.hex() or '-'}\n")
        self._to_send = b""
        answer, now_ms = self._process.stdout.readline().split()
        self._got += b"" if answer == "-" else bytes.fromhex(answer)
        self._now_ms = int(now_ms)

    def now_ms(self) -> int:
        """See Link."""
        return self._now_ms

    def close(self) -> None:
        """See Link; the process goes on until `end`."""

    def end(self) -> None:
        """No more pump."""
        self._process.kill()
        self._process.communicate()


class _Unix:
    def __init__(self) -> None:
        self._line = _UnixLink()
        self.link: Link = self._line
        self.wait_ms(_SETTLE_MS)

    def hold_magnet(self) -> None:
        self._line.magnet_level = 0
        self.wait_ms(_MAGNET_MS)
        self._line.magnet_level = 1
        self.wait_ms(1)

    def wait_ms(self, ms: int) -> None:
        self._line.run_ms(ms)

    def close(self) -> None:
        self._line.end()


class _Wired:
    """A real pump; somebody stands beside it with a magnet."""

    def __init__(self, port: str) -> None:
        self._port = PortLink(port)
        self.link: Link = _KeptOpen(self._port)

    def hold_magnet(self) -> None:
        from protocol.programmer.client import Client

        print("hold the magnet to the pump for three seconds, and take it away")
        until_ms = self.link.now_ms() + _PERSON_MS
        client = Client(self.link)
        while not client.status()["window_s"]:
            assert self.link.now_ms() < until_ms, "nobody held the magnet"
            self.wait_ms(500)

    def wait_ms(self, ms: int) -> None:
        until_ms = self.link.now_ms() + ms
        while (left_ms := until_ms - self.link.now_ms()) > 0:
            self.link.read(left_ms)

    def close(self) -> None:
        self._port.close()


class _KeptOpen:
    """A port for many clients, one after the other."""

    def __init__(self, port: PortLink) -> None:
        self.name = port.name
        self.write = port.write
        self.read = port.read
        self.now_ms = port.now_ms

    def close(self) -> None:
        """Not yet."""


def open_target(name: str) -> Target:
    """emulator, unix, virtual, or the port of a real pump."""
    if name == "emulator":
        return _emulator()
    if name == "unix":
        return _Unix()
    if name == "virtual":
        return _virtual()
    return _Wired(name)
