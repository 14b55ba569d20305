"""What the flash of a virtual Pico is asked for between two sleeps of its processor.

The pump's loop sleeps whenever nothing is due, for a millisecond at least, and in no other place
where it writes. So what lies between two sleeps was done in one go: all of its time that is not
the flash's is the chip's own work, and no gap has to be guessed at.
"""

from typing import NamedTuple

from emulator.bench.nor import ERASE, Operation
from emulator.bench.pico import VirtualPico
from firmware.loop import AWAKE_SLICE_MS

_LOOK_US = AWAKE_SLICE_MS * 1_000 // 4  # the shortest sleep is seen


class Stretch(NamedTuple):
    """asleep_us: when the processor was seen asleep after the last operation."""

    operations: tuple[Operation, ...]
    asleep_us: int

    @property
    def erases(self) -> int:
        """How many of the operations are erasures."""
        return sum(one.what == ERASE for one in self.operations)

    @property
    def busy_us(self) -> int:
        """What the flash took."""
        return sum(one.us for one in self.operations)

    @property
    def took_us(self) -> int:
        """From the begin of the first operation to the end of the last."""
        last = self.operations[-1]
        return last.begun_us + last.us - self.operations[0].begun_us

    @property
    def chip_us(self) -> int:
        """From the begin of the first operation to the sleep, without the flash's time."""
        return self.asleep_us - self.operations[0].begun_us - self.busy_us


class Stretches:
    """Told of each operation of a virtual Pico from now on."""

    def __init__(self, pico: VirtualPico) -> None:
        self._pico = pico
        self._done: list[Stretch] = []
        self._open: list[Operation] = []
        pico.nor.on_begun = self._on_begun

    def taken(self) -> tuple[Stretch, ...]:
        """Those since the last call. The processor must have slept since the last operation."""
        assert not self._open
        found, self._done = tuple(self._done), []
        return found

    def _on_begun(self, operation: Operation) -> None:
        if not self._open:
            self._look_later()
        self._open.append(operation)

    def _look_later(self) -> None:
        self._pico.at(self._pico.now_us + _LOOK_US, self._look)

    def _look(self, _: None) -> None:
        if not self._pico.chip.core.waiting:
            self._look_later()
            return
        self._done.append(Stretch(tuple(self._open), self._pico.now_us))
        self._open = []
