"""The PWM block of the virtual Pico: keeps what is set, and makes no pulses.

What sounds is told from the registers. rp2040py's own block makes every pulse, three events a
period for ever: nine tenths of the time that an idle pump would take. RP2040 datasheet, 4.5.
"""

from collections.abc import Callable

from rp2040py.peripherals.pwm import RPPWM
from rp2040py.rp2040 import RP2040

_SLICES = 8
_SLICE_BYTES = 0x14
_CSR, _DIV, _CC, _TOP = 0x00, 0x04, 0x0C, 0x10
_EN = 0xA0
_CSR_EN = 1
_AT_RESET = {_CSR: 0, _DIV: 1 << 4, 0x08: 0, _CC: 0, _TOP: 0xFFFF}
_U16 = 65_535


class Pwm(RPPWM):
    """Takes the place of the chip's own.

    on_change: called after each write to a register.
    """

    def __init__(self, rp2040: RP2040) -> None:
        replaces = rp2040.pwm
        super().__init__(rp2040, replaces.name)
        self.on_change: Callable[[], None] = _nothing
        self._registers: dict[int, int] = {}
        self.reset()
        rp2040.pwm = self
        for address, block in rp2040.peripherals.items():
            if block is replaces:
                rp2040.peripherals[address] = self

    def reset(self) -> None:
        """The chip was reset."""
        super().reset()
        for number in range(_SLICES):
            for offset, value in _AT_RESET.items():
                self._registers[number * _SLICE_BYTES + offset] = value

    def read_uint32(self, offset: int) -> int:
        """A register is read; the counters stand still."""
        if offset in self._registers:
            return self._registers[offset]
        if offset == _EN:
            return sum((self._csr(number) & _CSR_EN) << number for number in range(_SLICES))
        return super().read_uint32(offset)

    def write_uint32(self, offset: int, value: int) -> None:
        """A register is written."""
        if offset in self._registers:
            self._registers[offset] = value
        elif offset == _EN:
            for number in range(_SLICES):
                enable = value >> number & _CSR_EN
                self._registers[number * _SLICE_BYTES] = self._csr(number) & ~_CSR_EN | enable
        else:
            super().write_uint32(offset, value)
        self.on_change()

    def pulses(self, gpio: int) -> tuple[int, int] | None:
        """(freq_hz, duty_u16) at this pin, to the nearest; None: the slice is off."""
        slice_at = (gpio >> 1 & _SLICES - 1) * _SLICE_BYTES
        if not self._registers[slice_at + _CSR] & _CSR_EN:
            return None
        divisor = (self._registers[slice_at + _DIV] or 256 << 4) / 16
        counts = self._registers[slice_at + _TOP] + 1
        level = self._registers[slice_at + _CC] >> 16 * (gpio & 1) & _U16
        freq_hz = round(self.clock_freq / (divisor * counts))
        return freq_hz, min(round(level * _U16 / counts), _U16)

    def _csr(self, number: int) -> int:
        return self._registers[number * _SLICE_BYTES + _CSR]


def _nothing() -> None:
    """Nobody listens."""
