"""UARTs of the emulated chip. Stands for machine.UART of the rp2 port.

Sources: ports/rp2/machine_uart.c, extmod/machine_uart.c, py/stream.c. Bytes are taken from the
line when the firmware looks. That is exact: between two looks nothing but arrivals changes the
buffer, which the interrupt fills, and behind which the FIFO takes 32 bytes more.
"""

from emulator.arguments import as_int
from emulator.kinds import UART_IN, UART_OUT
from emulator.serial_line import SerialLine
from emulator.stops import OutsideError

FIFO_BYTES = 32  # PL011 of the RP2040, each direction
_BUFFER_BYTES = 256  # DEFAULT_BUFFER_SIZE
_BUFFER_BYTES_MAX = 32_766  # MAX_BUFFER_SIZE
_BAUD = 115_200  # DEFAULT_UART_BAUDRATE
_BAUD_MIN = 10_000  # from here on a byte takes at most 1 ms, and a write never times out
_ALL = 1 << 30

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Tuple

    from emulator.kinds import Recorder
    from emulator.pin_bank import PinBank
    from emulator.world import World


class UART:
    """One serial line, as the firmware sees it."""

    def __init__(self, port: "UartPort") -> None:
        self._port = port
        self.any = port.any

    def read(self, _nbytes: "Optional[int]" = None) -> "Optional[bytes]":
        """Up to ``_nbytes`` bytes, or all; None: nothing came.

        What any() has counted comes at once. For more it waits as the chip does: up to 1 ms for
        a first byte, up to 2 ms for each further one; without a number until the line is silent.
        """
        if _nbytes is None or as_int(_nbytes) == -1:
            return self._port.collect(_ALL) or None
        if _nbytes < 0:
            raise ValueError("negative count")
        return self._port.take(_nbytes) or None

    def readinto(self, _buf: "Any", _nbytes: "Optional[int]" = None) -> "Optional[int]":
        """Fill ``_buf``, or the first ``_nbytes`` bytes of it; returns how many came, None: none.

        Waits as read does.
        """
        size = len(_buf)
        if _nbytes is not None and as_int(_nbytes) < size:
            size = _nbytes
        data = self._port.collect(size)
        for place, byte in enumerate(data):
            _buf[place] = byte
        return len(data) or None

    def write(self, _buf: "Any") -> int:
        """Send. Returns when the last byte is in the buffers: at once, where there is room."""
        return self._port.write(bytes(memoryview(_buf)))


class UartPort:
    """One UART, behind its firmware face.

    lost: bytes that found no room, or the UART off. listeners: called (data, done_us) at each
    write. tell_input, tell_output: None, or told of every byte.
    """

    def __init__(self, world: "World", number: int) -> None:
        self.line = SerialLine()
        self._incoming = self.line.incoming
        self.lost = 0
        self.listeners: "List[Callable[[bytes, int], None]]" = []
        self.tell_input: "Optional[Recorder]" = None
        self.tell_output: "Optional[Recorder]" = None
        self._world = world
        self._number = number
        self._baud = 0
        self._rx = b""
        self._rxbuf = 0
        self._room = 0  # 0: off
        self._txbuf = 0
        self._timeout_char_ms = 1
        self.firmware_face = UART(self)

    def reset(self) -> None:
        """Off, as after a chip reset. What is on the line keeps coming, and is lost."""
        self._baud = self._rxbuf = self._room = 0
        self._rx = b""
        self.line.stop()

    def start(self, baud: int, bits: int, txbuf: int, rxbuf: int) -> None:
        """On. baud 0: as before, at first 115,200. bits: of one byte on the line."""
        self._txbuf = _buffer(txbuf, "txbuf")
        self._rxbuf = _buffer(rxbuf, "rxbuf")
        self._receive(self._world.now_us, 0)
        self._rx = b""
        self._room = self._rxbuf + FIFO_BYTES
        self._baud = baud or self._baud or _BAUD
        self._timeout_char_ms = 13_000 // self._baud + 1  # min_timeout_char
        self.line.set_pace(self._baud, bits)

    def send_in(self, data: bytes) -> None:
        """Bytes from outside begin to arrive."""
        world = self._world
        self.line.send_in(data, world.now_us)
        if self.tell_input is not None and data:
            for t_us, byte in zip(self.line.latest_arrivals_us(), data):
                world.at(t_us, self._tell_arrival, byte)

    def arrived(self, data: bytes) -> None:
        """Bytes have arrived at this instant, whatever is on the line."""
        self._receive(self._world.now_us, self._room)
        self._keep(data, self._room)
        for byte in data:
            self._tell_arrival(byte)

    def held(self, since_us: int) -> None:
        """Interrupts were held off since then: only the FIFO took bytes meanwhile."""
        if self.line.incoming:
            self._receive(since_us, self._room)
            self._receive(self._world.now_us, min(len(self._rx) + FIFO_BYTES, self._room))

    def any(self) -> int:
        """How many bytes can be read at once."""
        if self._incoming:
            self._receive(self._world.now_us, self._room)
        elif not self._rx:
            return 0
        count = len(self._rx)
        return count if count < self._rxbuf else self._rxbuf

    def take(self, size: int) -> bytes:
        """mp_machine_uart_read: up to ``size`` bytes, until one is late."""
        data = b""
        timeout_ms = 0
        while len(data) < size and self._await_byte(timeout_ms):
            fresh = self._rx[: size - len(data)]
            self._rx = self._rx[len(fresh) :]
            data += fresh
            timeout_ms = self._timeout_char_ms
        return data

    def collect(self, size: int) -> bytes:
        """What the stream layer makes of it: until ``size`` bytes, or until none comes at all."""
        data = b""
        while len(data) < size:
            more = self.take(size - len(data))
            if not more:
                break
            data += more
        return data

    def write(self, data: bytes) -> int:
        """Put bytes on the line; wait until the last one is in the buffers."""
        world = self._world
        done_us = self.line.send_out(len(data), world.now_us)
        try:
            if self.tell_output is not None:
                for byte in data:
                    self.tell_output(UART_OUT, self._number, byte)
            for listener in self.listeners:
                listener(data, done_us)
        except Exception as error:
            raise OutsideError(error)
        fits_us = self.line.left_us(self._txbuf + FIFO_BYTES)
        if fits_us > world.now_us:
            world.wait_until(fits_us)
        return len(data)

    def _await_byte(self, timeout_ms: int) -> bool:
        """Whether a byte is there before ticks_ms has moved by more than ``timeout_ms``."""
        if self.any():
            return True
        world = self._world
        ticks_ms = (world.now_us - world.zero_us) // 1000
        end_us = world.zero_us + (ticks_ms + timeout_ms + 1) * 1000
        while world.now_us < end_us:
            next_us = min(end_us, world.next_event_us())
            if self.line.incoming:
                next_us = min(next_us, self.line.next_arrival_us())
            world.wait_until(next_us)
            if self.any():
                return True
        return False

    def _receive(self, until_us: int, room: int) -> None:
        self._keep(self.line.arrived(until_us), room)

    def _keep(self, data: bytes, room: int) -> None:
        fits = max(room - len(self._rx), 0)
        self._rx += data[:fits]
        self.lost += max(len(data) - fits, 0)

    def _tell_arrival(self, byte: int) -> None:
        if self.tell_input is not None:
            self.tell_input(UART_IN, self._number, byte)


class UARTType:
    """chip.UART: the two UARTs of the chip."""

    def __init__(self, bank: "PinBank", ports: "Tuple[UartPort, ...]") -> None:
        self._bank = bank
        self._ports = ports

    def __call__(
        self,
        _id: int,
        baudrate: int = 0,
        bits: int = 8,
        parity: "Optional[int]" = None,
        stop: int = 1,
        *,
        tx: "Any" = None,
        rx: "Any" = None,
        txbuf: int = 0,
        rxbuf: int = 0,
    ) -> UART:
        """Start UART ``_id``, 0 or 1. bits: 5 .. 8. stop: 1, 2. Sizes in bytes; 0: the default.

        ValueError for what the port refuses, and below 10,000 baud, where its time-outs begin
        to matter, which are not emulated.
        """
        if not 0 <= as_int(_id) < len(self._ports):
            raise ValueError("UART(%d) doesn't exist" % _id)
        if as_int(baudrate) and baudrate < _BAUD_MIN:
            raise ValueError("less than %d baud is not emulated" % _BAUD_MIN)
        if not 5 <= as_int(bits) <= 8 or as_int(stop) not in (1, 2):
            raise ValueError("invalid bits or stop")
        if tx is not None and not _is_valid(self._bank.gpio(tx), _id, 0):
            raise ValueError("bad TX pin")
        if rx is not None and not _is_valid(self._bank.gpio(rx), _id, 1):
            raise ValueError("bad RX pin")
        port = self._ports[_id]
        port.start(baudrate, 1 + bits + (parity is not None) + stop, txbuf, rxbuf)
        return port.firmware_face


def _is_valid(gpio: int, number: int, role: int) -> bool:
    """IS_VALID_TX (role 0) and IS_VALID_RX (role 1) of the port."""
    return gpio & 3 == role and gpio + 4 >> 3 & 1 == number


def _buffer(size: int, name: str) -> int:
    """The size of a buffer that the port makes of what it is asked for."""
    if as_int(size) > _BUFFER_BYTES_MAX:
        raise ValueError(name + " too large")
    if size <= 0:
        return _BUFFER_BYTES
    return max(size, FIFO_BYTES)
