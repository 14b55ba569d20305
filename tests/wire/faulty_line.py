"""A line that loses, doubles, holds back or breaks, from one command on."""

from collections.abc import Callable

from emulator.emu_link import EmuLink
from emulator.world import World
from protocol.programmer.crc import crc32
from protocol.programmer.link import LinkError
from protocol.wire import frame

PORT = "/dev/pump"
NEVER = 1 << 30


class Line(EmuLink):
    """A line with a fault, from the first request of one command on.

    command: which. to_pump, from_pump: bytes that still pass before the line breaks. change: what
    becomes of the n-th writing (from 1) of the command. back: of the n-th reading after it.
    held: what was held back; `let_go` sends it on.
    """

    def __init__(self, world: World, command: int) -> None:
        super().__init__(world, PORT)
        self.command = command
        self.to_pump = self.from_pump = NEVER
        self.change: Callable[[int, bytes], bytes] = lambda _number, data: data
        self.back: Callable[[int, bytes], bytes] = lambda _number, data: data
        self.held = b""
        self._writings = self._readings = 0

    def write(self, data: bytes) -> None:
        (said,) = frame.Decoder(crc32).feed(data)
        if said.kind != self.command:
            super().write(data)
            return
        self._writings += 1
        data = self.change(self._writings, data)
        if data:
            super().write(data[: self.to_pump])
        if len(data) >= self.to_pump:
            raise LinkError(self.name, OSError("cut on the way there"))

    def read(self, timeout_ms: int) -> bytes:
        data = super().read(timeout_ms)
        if not self._writings or not data:
            return data
        self._readings += 1
        data = self.back(self._readings, data)
        self.from_pump -= len(data)
        if self.from_pump <= 0:
            raise LinkError(self.name, OSError("cut on the way back"))
        return data

    def hold(self, data: bytes) -> bytes:
        self.held += data
        return b""

    def let_go(self) -> None:
        EmuLink.write(self, self.held)
