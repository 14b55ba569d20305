"""The virtual Pico's USB serial port: MicroPython's REPL and files, as on a cable to a PC.

rp2040py's host answers an idle device with empty packets every 10 us, and the program on the chip
never sleeps. Here the host waits until it has something to say, as a PC does.
"""

from collections import deque
from collections.abc import Callable

from rp2040py.rp2040 import RP2040
from rp2040py.usb.cdc import USBCDC


class UsbSerial:
    """The host's end of the cable, plugged in from power-on.

    on_data: told of the bytes that come from the board.
    """

    def __init__(self, chip: RP2040) -> None:
        self.on_data: Callable[[bytes], None] = _nobody
        self._host = USBCDC(chip.usb_ctrl)
        self._host.on_serial_data = lambda data: self.on_data(bytes(data))
        answer = chip.usb_ctrl.on_endpoint_read
        assert answer is not None  # USBCDC has just put it there
        self._answer: Callable[[int, int], None] = answer
        chip.usb_ctrl.on_endpoint_read = self._on_read
        self._waiting: deque[int] = deque()
        self._wanted: tuple[int, int] | None = None  # the read that the board waits for

    def send(self, data: bytes) -> None:
        """Bytes for the board; they go as it takes them."""
        self._waiting += data
        self._hand_over()

    def restart(self) -> None:
        """The board was reset: what it waited for is forgotten, and what was to be sent lost."""
        self._waiting.clear()
        self._wanted = None

    def _on_read(self, endpoint: int, size: int) -> None:
        if endpoint == 0 or endpoint != self._host._out_endpoint:
            self._answer(endpoint, size)
            return
        self._wanted = (endpoint, size)
        self._hand_over()

    def _hand_over(self) -> None:
        if self._wanted is None or not self._waiting:
            return
        endpoint, size = self._wanted
        self._wanted = None
        for _ in range(min(size, len(self._waiting))):
            self._host.send_serial_byte(self._waiting.popleft())
        self._answer(endpoint, size)


def _nobody(_data: bytes) -> None:
    """Nobody listens."""
