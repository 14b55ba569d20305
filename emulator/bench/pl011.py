"""The UART of the virtual Pico: bytes leave and come at the line's pace, FIFOs are 32 deep.

Stands in for rp2040py's own, which sends bytes in no time and asserts its transmit interrupt for
ever, so that the firmware would do nothing but serve it. Written from the RP2040 datasheet, 4.2.
"""

from collections.abc import Callable

from rp2040py.peripherals.uart import RPUART
from rp2040py.rp2040 import RP2040

FIFO_BYTES = 32
CLOCK_HZ = 48_000_000  # MicroPython runs clk_peri from the USB clock: ports/rp2/clocks_extra.c
_BITS = 10  # of a byte on the line: 8N1
_TX_LOW_BYTES = 4  # the transmit interrupt comes when the FIFO drains to it: an eighth

_DR, _FR, _IFLS = 0x00, 0x18, 0x34
_FR_BUSY, _FR_RXFE, _FR_TXFF, _FR_RXFF, _FR_TXFE = 1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7
_INT_RX, _INT_TX = 1 << 4, 1 << 5


class Pl011(RPUART):
    """Takes the place of `replaces` in the chip.

    on_byte (RPUART): called with each byte when its last bit has left. lost: bytes that came while
    the receive FIFO was full, or the UART off.
    """

    def __init__(self, rp2040: RP2040, replaces: RPUART) -> None:
        super().__init__(rp2040, replaces.name, replaces.irq, replaces.dreq)
        self._sending = bytearray()
        self._sent = rp2040.clock.create_alarm(self._on_sent)
        self.lost = 0
        rp2040.uart[rp2040.uart.index(replaces)] = self
        for address, block in rp2040.peripherals.items():
            if block is replaces:
                rp2040.peripherals[address] = self

    @property
    def byte_ns(self) -> float:
        """How long a byte is on the line; before the firmware has set a baud rate: 115,200."""
        divisor = self.baud_divider or CLOCK_HZ / (16 * 115_200)
        return 1e9 * _BITS * 16 * divisor / CLOCK_HZ

    @property
    def flags(self) -> int:
        """The flag register."""
        flags = _FR_BUSY if self._sending else _FR_TXFE
        if len(self._sending) >= FIFO_BYTES:
            flags |= _FR_TXFF
        if self.rx_fifo.empty:
            flags |= _FR_RXFE
        if self.rx_fifo.full:
            flags |= _FR_RXFF
        return flags

    def reset(self) -> None:
        """The chip was reset: what has not left is gone."""
        self._sending.clear()
        self._sent.cancel()
        super().reset()

    def feed_byte(self, value: int) -> None:
        """A byte has come, now."""
        if self.rx_fifo.full or not (self.enabled and self.rx_enabled):
            self.lost += 1
            return
        self.rx_fifo.push(value)
        self._interrupt_status |= _INT_RX
        self.check_interrupts()

    def write_uint32(self, offset: int, value: int) -> None:
        """A register is written."""
        if offset == _DR:
            self._send(value & 0xFF)
        elif offset != _IFLS:  # the thresholds stay as they are
            super().write_uint32(offset, value)

    def check_interrupts(self) -> None:
        """Tell the processor."""
        asserted = bool(self._interrupt_status & self._interrupt_mask)
        self.rp2040.set_interrupt(self.irq, asserted)

    def _send(self, byte: int) -> None:
        if len(self._sending) >= FIFO_BYTES:
            return
        self._sending.append(byte)
        if len(self._sending) > _TX_LOW_BYTES:
            self._interrupt_status &= ~_INT_TX
            self.check_interrupts()
        if len(self._sending) == 1:
            self._sent.schedule(self.byte_ns)

    def _on_sent(self) -> None:
        byte = self._sending.pop(0)
        if len(self._sending) <= _TX_LOW_BYTES:
            self._interrupt_status |= _INT_TX
        if self._sending:
            self._sent.schedule(self.byte_ns)
        if self.on_byte is not None:
            self.on_byte(byte)
        self.check_interrupts()


def install(rp2040: RP2040, number: int, on_byte: Callable[[int], None]) -> Pl011:
    """Put it in the place of UART `number`, 0 or 1. Before the chip runs."""
    uart = Pl011(rp2040, rp2040.uart[number])
    uart.on_byte = on_byte
    return uart
