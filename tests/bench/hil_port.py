"""The cable to a virtual Pico in hil, in virtual time, with losses and delays on demand.

One thread, one clock: the host waits while the board runs, and the same seed gives the same run.
The way over a pseudo-terminal, with mpremote, is another test's.
"""

import binascii
import struct
from collections import deque
from heapq import heappop, heappush

from emulator.bench import channels, file_set
from emulator.bench.hil import COLLECT_BYTES
from emulator.bench.hil_board import HilBoard
from emulator.bench.pico import VirtualPico
from emulator.generator import Random
from protocol.wire.frame import Decoder
from tests.bench.pico_bed import stock_image

_U16 = 65_536
_SLICE_MS = 1
_ROOT = f"""import gc
import sys
import machine
gc.threshold({COLLECT_BYTES})
sys.path.append("/a")
from unpack import Program
if machine.reset_cause() == machine.PWRON_RESET:
    with Program("/a"):
        from emulator.bench.on_board.bench_chip import run
    gc.threshold(-1)
    run("/a")
with Program("/a"):
    from firmware.main import run
run(bytes(32))
"""


class Way:
    """One direction: frames of bytes that get through, late, or not at all.

    lost_of_1000: how many frames are dropped. delay_ms: of each, and up to as much again at
    random; their order stays. loses_answer: kind of the message whose first is dropped in any
    case; 0: none. lost: how many were.
    """

    def __init__(
        self, seed: int, lost_of_1000: int = 0, delay_ms: int = 0, loses_answer: int = 0
    ) -> None:
        self._random = Random(seed)
        self._lost_u16 = lost_of_1000 * _U16 // 1_000
        self._delay_ms = delay_ms
        self.loses_answer = loses_answer
        self._last_us = 0
        self._queue: list[tuple[int, int, bytes]] = []
        self._count = 0
        self.lost = 0
        self.is_cut = False

    def put(self, frame: bytes, now_us: int) -> None:
        """A frame leaves."""
        if self._is_dropped(frame):
            self.lost += 1
            return
        delay_us = self._delay_ms * 1_000
        if delay_us:
            delay_us += self._random.u16() * delay_us // _U16
        self._last_us = max(self._last_us, now_us + delay_us)
        self._count += 1
        heappush(self._queue, (self._last_us, self._count, frame))

    def _is_dropped(self, frame: bytes) -> bool:
        if self.loses_answer and self.loses_answer in _answers(frame):
            self.loses_answer = 0
            return True
        return bool(self._lost_u16) and self._random.u16() < self._lost_u16

    def mend(self) -> None:
        """From now on nothing is lost."""
        self._lost_u16 = 0

    def take(self, now_us: int) -> bytes:
        """What has arrived by now."""
        found = b""
        while self._queue and self._queue[0][0] <= now_us:
            found += heappop(self._queue)[2]
        return b"" if self.is_cut else found


class Port:
    """What a Bridge takes for the board's port (hil_bridge.BoardPort)."""

    name = "the virtual cable"

    def __init__(self, pico: VirtualPico, to_board: Way, from_board: Way) -> None:
        self._pico = pico
        self.to_board = to_board
        self.from_board = from_board
        self._piece = bytearray()
        self._got: deque[bytes] = deque()
        pico.usb.on_data = self._on_data

    def read(self) -> bytes:
        """Let the board run for a moment; what has come."""
        self._pico.run_for_ms(_SLICE_MS)
        now_us = self._pico.now_us
        if data := self.to_board.take(now_us):
            self._pico.usb.send(data)
        return self.from_board.take(now_us)

    def write(self, data: bytes) -> None:
        """A whole frame, as the bridge sends them."""
        self.to_board.put(data, self._pico.now_us)

    def now_s(self) -> float:
        """Virtual time."""
        return self._pico.now_us / 1e6

    def _on_data(self, data: bytes) -> None:
        """Frames begin and end with a zero."""
        for byte in data:
            self._piece.append(byte)
            if not byte and len(self._piece) > 1:
                self.from_board.put(bytes(self._piece), self._pico.now_us)
                self._piece.clear()


def _answers(frame: bytes) -> list[int]:
    """Kinds of the pump's messages in one frame of the cable."""
    found: list[int] = []
    for channel, payload in channels.Splitter(binascii.crc32).feed(frame):
        if channel == channels.PROGRAMMER:
            said = payload[struct.calcsize(channels.STAMP) :]
            found += [one.kind for one in Decoder(binascii.crc32).feed(said)]
    return found


def files(release: bool = False) -> dict[str, bytes]:
    """This checkout's set, with a root that makes it a pump on the bench at power-on; after any
    other reset it is the ordinary one."""
    found = file_set.build(release)
    del found["boot.py"]
    return {**found, "main.py": _ROOT.encode()}


def on_the_bench(to_board: Way, from_board: Way) -> tuple[VirtualPico, Port, HilBoard]:
    """A board in hil, powered on. Its firmware starts with the host's first word."""
    pico = VirtualPico(stock_image(), files())
    port = Port(pico, to_board, from_board)
    return pico, port, HilBoard(port)
