"""The way to the pump: any pyserial URL, or an emulated pump in this process.

    /dev/ttyACM0, COM4, /dev/pts/3      a serial device or a pseudo-terminal, at 115,200 baud, 8N1
    socket://localhost:5000             a serial line behind TCP; rfc2217:// and spy:// work too
    emu://?seed=1&magnet=1              a new emulated pump, on virtual time

A link has five members, so that a test or an emulator can stand in for a port.
"""

import time
from typing import Protocol

import serial

BAUD = 115_200
_READ_SLICE_S = 0.05  # setting another time-out at each read would reconfigure the port each time
_WRITE_TIMEOUT_S = 1.0


class LinkError(Exception):
    """The way itself failed: it could not be opened, or it broke. cause: what the system said."""

    def __init__(self, url: str, cause: Exception) -> None:
        super().__init__(f"{url}: {cause}")
        self.url = url
        self.cause = cause


class Link(Protocol):
    """Bytes to a pump and back. Every member but `close` raises LinkError when the way breaks."""

    name: str  # as the user gave it

    def write(self, data: bytes) -> None:
        """Send."""

    def read(self, timeout_ms: int) -> bytes:
        """What has come, as soon as anything has; b"" when nothing came within timeout_ms."""

    def now_ms(self) -> int:
        """The link's own clock: real time for a port, virtual time for an emulated pump."""

    def close(self) -> None:
        """Give the way back."""


class PortLink:
    """A pyserial port, whatever its URL."""

    def __init__(self, url: str) -> None:
        """Open it, for this process alone. Raises LinkError."""
        self.name = url
        try:
            self._port = serial.serial_for_url(
                url,
                baudrate=BAUD,
                timeout=_READ_SLICE_S,
                write_timeout=_WRITE_TIMEOUT_S,
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            raise LinkError(url, error) from error

    def write(self, data: bytes) -> None:
        """See Link."""
        try:
            self._port.write(data)
        except OSError as error:
            raise LinkError(self.name, error) from error

    def read(self, timeout_ms: int) -> bytes:
        """See Link."""
        until_ms = self.now_ms() + timeout_ms
        try:
            data = self._port.read(1)
            while not data and self.now_ms() < until_ms:
                data = self._port.read(1)
            if waiting := self._port.in_waiting:
                data += self._port.read(waiting)
        except OSError as error:
            raise LinkError(self.name, error) from error
        return data

    def now_ms(self) -> int:
        """See Link."""
        return time.monotonic_ns() // 1_000_000

    def close(self) -> None:
        """See Link."""
        self._port.close()


def open_link(url: str) -> Link:
    """The link that the URL names. Raises LinkError, and ValueError for a faulty emu:// URL."""
    if url.startswith("emu:"):
        # Lazily: a programmer installed without the emulator works with real ports.
        from emulator.emu_link import open_emulated

        return open_emulated(url)
    return PortLink(url)
