"""A pump inside this process, for the programmer: time passes only while somebody waits for it.

    emu://                    seed 1, no magnet
    emu://?seed=7&magnet=1    the magnet was just held to the pump: the programming window is open

Each such URL builds a new, blank pump that ends with the process. A World that already exists is
joined by EmuLink(world).
"""

from urllib.parse import parse_qsl, urlsplit

from emulator.plant.plant import Plant
from emulator.world import World

_SLICE_MS = 1  # the loop's own pace while a session is open; longer slices would answer later
_MAGNET_MS = 4_000  # more than the 3 s that open the window, with the loop's slices
_SETTLE_MS = 1_000


class EmuLink:
    """The serial line of one World, as a link of the programmer (protocol/programmer/link.py).

    name: the URL, or what a message shall say. world: so that a test can look behind the line.
    """

    def __init__(self, world: World, name: str = "emu://") -> None:
        self.name = name
        self.world = world
        self._sent = bytearray()
        self._sent_at_us = world.now_us
        world.chip.outside.uart_out(self._on_bytes)

    def write(self, data: bytes) -> None:
        """Put bytes on the line, now; they arrive at the line's pace."""
        self.world.chip.outside.uart_in(data)

    def read(self, timeout_ms: int) -> bytes:
        """Run the World until bytes have come, at most for timeout_ms."""
        until_us = self.world.now_us + timeout_ms * 1_000
        while not self._sent and self.world.now_us < until_us:
            self.world.run_for_ms(_SLICE_MS)
        while self._sent and self.world.now_us < self._sent_at_us:
            self.world.run_until(self._sent_at_us)
        data = bytes(self._sent)
        self._sent.clear()
        return data

    def now_ms(self) -> int:
        """Virtual time."""
        return self.world.now_us // 1_000

    def close(self) -> None:
        """The World stays as it is: nothing runs before somebody waits for it again."""

    def _on_bytes(self, data: bytes, done_us: int) -> None:
        self._sent += data
        self._sent_at_us = done_us


def open_emulated(url: str) -> EmuLink:
    """The line of a new pump. Raises ValueError for a part of the URL that is not understood."""
    parts = urlsplit(url)
    options = dict(
        parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    )
    seed = _number(options.pop("seed", "1"))
    with_magnet = _number(options.pop("magnet", "0"))
    if parts.netloc or parts.path or options or with_magnet > 1:
        raise ValueError(f"{url}: write emu://?seed=NUMBER&magnet=0 or 1")
    world = World(seed=seed)
    plant = Plant(world)
    world.boot()
    world.run_for_ms(_SETTLE_MS)
    if with_magnet:
        plant.magnet(True)
        world.run_for_ms(_MAGNET_MS)
        plant.magnet(False)
    return EmuLink(world, url)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f'"{text}" is no whole number')
    return int(text)
