"""The flash chip of the virtual Pico: its operations take time, and a power cut tears them.

rp2040py erases and programs in no time. Here the chip is busy for as long as in emulator/flash.py,
and the processor waits for it: MicroPython has interrupts off meanwhile (ports/rp2/rp2_flash.c),
and the boot ROM asks the chip for nothing but its status. What a cut leaves: flash_damage.py.
"""

from collections.abc import Callable
from typing import NamedTuple

from rp2040py.peripherals import ssi
from rp2040py.rp2040 import RP2040

from emulator.flash import BLOCK_BYTES, ERASE_US, PAGE_BYTES, PAGE_US
from emulator.flash_damage import PARTS, both, torn
from emulator.generator import Random

ERASE = "erase"
PAGE = "page"
_COMMANDS = {ssi.CMD_SECTOR_ERASE: ERASE, ssi.CMD_PAGE_PROGRAM: PAGE}
_ADDRESS_BYTES = 3  # after the opcode


class Operation(NamedTuple):
    """begun_us: when. what: ERASE or PAGE. offset: first byte in the flash. us: what it takes."""

    begun_us: int
    what: str
    offset: int
    us: int


class Nor:
    """Stands between rp2040py's bus to the flash and the content. Make it before the chip runs.

    hold: holds the processor for so many microseconds. now_us: gives the time.

    operations: all so far; the last one may be under way. busy_us: what those took that are done.
    erase_us, page_us: what one takes. on_begun: told of each one before it takes its time.
    """

    def __init__(
        self, chip: RP2040, hold: Callable[[int], None], now_us: Callable[[], int]
    ) -> None:
        self._bus = chip.ssi
        self._content = chip.flash
        self._hold = hold
        self._now_us = now_us
        self._end_command = self._bus._apply_command
        self._new: bytes | None = None  # what the operation that is under way will leave
        self.operations: list[Operation] = []
        self.busy_us = 0
        self.erase_us = ERASE_US
        self.page_us = PAGE_US
        self.on_begun: Callable[[Operation], None] = _nobody
        setattr(self._bus, "_apply_command", self._on_command)  # noqa: B010  # a method, to mypy

    def after_cut(self, size: int, seed: int) -> bytearray:
        """So many bytes of the content as a power failure now leaves it. seed: of the chance."""
        content = self._content[:size]
        if self._new is not None:
            begun_us, _, offset, us = self.operations[-1]
            place = slice(offset, offset + len(self._new))
            part = min((self._now_us() - begun_us) * PARTS // us, PARTS - 1)
            content[place] = torn(bytes(content[place]), self._new, part, Random(seed))
        return content

    def _on_command(self) -> None:
        """The chip was deselected: what was sent to it is a whole command."""
        sent = self._bus._tx_buffer
        what = _COMMANDS.get(sent[0]) if len(sent) > _ADDRESS_BYTES else None
        if what is not None and self._bus._write_enabled:
            self._work(what, self._bus._address_from_buffer(), bytes(sent[1 + _ADDRESS_BYTES :]))
        self._end_command()

    def _work(self, what: str, address: int, data: bytes) -> None:
        """The chip goes on by itself, even where the processor is reset meanwhile."""
        us, size = (self.erase_us, BLOCK_BYTES) if what == ERASE else (self.page_us, PAGE_BYTES)
        offset = address // size * size
        place = slice(offset, offset + size)
        wanted = data.ljust(size, b"\xff")  # of a page; an erasure has no data
        self._new = wanted if what == ERASE else both(bytes(self._content[place]), wanted)
        self.operations.append(Operation(self._now_us(), what, offset, us))
        self.on_begun(self.operations[-1])
        self._hold(us)
        self._content[place] = self._new
        self._new = None
        self.busy_us += us


def _nobody(_operation: Operation) -> None:
    """Nobody wants to know."""
