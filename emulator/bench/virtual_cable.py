"""A virtual Pico on its cables: what mpremote, doctor and hil find at a real serial device.

A cable is a pseudo-terminal: one is USB, the other an adapter on the programmer's line. A thread
carries the bytes and lets the board's time pass, no faster than the wall clock: one that says
something every five seconds of its own would otherwise never be silent, which mpremote waits for.
While they are plugged in the board belongs to that thread.
"""

import os
import select
import threading
import time
import tty
from types import TracebackType

from emulator.bench.pico import VirtualPico
from emulator.story.ports import PtyPort

_PORTION_MS = 2
_READ_BYTES = 4_096
# No host talks to a device sooner: it waits for the contacts to settle (USB 2.0, 7.1.7.3). What
# comes earlier, as an interruption of what runs, comes before anything runs.
_ATTACHED_MS = 100


class VirtualCable:
    """Plugged in by `with`. port: the device on USB. line_port: the one on the programmer's line.

    fault: what ended the board's thread, if anything did.
    """

    def __init__(self, pico: VirtualPico) -> None:
        self._pico = pico
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._line = PtyPort()
        self.line_port = self._line.name
        self.fault: Exception | None = None
        self._going = True
        self._thread = threading.Thread(target=self._run, name="virtual cable", daemon=True)

    def __enter__(self) -> "VirtualCable":
        self._pico.usb.on_data = self._to_host
        self._pico.on_uart = lambda byte, _left_us: self._line.send(bytes([byte]))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._going = False
        self._thread.join()
        self._pico.usb.on_data = _nobody
        self._pico.on_uart = _nobody
        os.close(self._master)
        os.close(self._slave)
        self._line.close()

    def _run(self) -> None:
        (line,) = self._line.fds()
        wait_s = 0.0
        due_s = time.monotonic()
        try:
            while self._going:
                ends = [self._master, line] if self._pico.now_us > _ATTACHED_MS * 1_000 else [line]
                for fd in select.select(ends, [], [], wait_s)[0]:
                    if fd == line:
                        self._pico.uart_in(self._line.receive(fd))
                    else:
                        self._pico.usb.send(os.read(fd, _READ_BYTES))
                due_s = max(due_s, time.monotonic()) + _PORTION_MS / 1_000
                self._pico.run_for_ms(_PORTION_MS)
                wait_s = max(0.0, due_s - time.monotonic())
        except Exception as error:
            self.fault = error

    def _to_host(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._master, data) :]


def _nobody(*_told: object) -> None:
    """The cable is out."""
