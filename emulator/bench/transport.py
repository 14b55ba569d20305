"""The way into a board: its REPL on USB, to run code there and to write files.

mpremote does the work; nothing of it is seen outside this file, since its makers announce that its
interface will change (it is pinned in pyproject.toml).
"""

import contextlib
import io
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import serial

ON_BOARD = Path(__file__).parent / "on_board"
_TRIES = 3  # a board that runs hil is deaf to Ctrl-C until it has missed its host
_READ_S = 5.0
_QUIET_S = 3.0
_CHUNK_BYTES = 1_024
_STREAM_WAIT_S = 0.001
_RESET = """
import machine, utime
utime.sleep_ms(100)  # the answer to this goes out before USB does
machine.reset()
"""
_BAUD = 115_200  # of no meaning on USB


def _nobody(_count: int) -> None:
    """Nobody wants to know."""


class BoardLinkError(Exception):
    """The way to the board failed. name: of the port. cause: what the system or the board said."""

    def __init__(self, name: str, cause: object) -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause


class NoReplError(BoardLinkError):
    """The port is there, and nobody at it answers as MicroPython does."""


class BoardError(Exception):
    """Code on the board raised. The message is its traceback."""


class Transport(Protocol):
    """What flashing and diagnosis need of a board. All raise BoardLinkError if the way breaks."""

    name: str

    def execute(self, code: str) -> str:
        """Run it on the board; what it printed. Raises BoardError when it raised."""

    def write(self, path: str, data: bytes, sent: Callable[[int], None] = _nobody) -> None:
        """Write a whole file; its folder exists. It is on the flash when this returns.

        sent: told how many bytes have gone.
        """

    def read(self, path: str) -> bytes:
        """A whole file. Raises BoardError where there is none."""

    def reset(self) -> None:
        """Reset the chip: it boots anew. The transport is closed after that."""

    def close(self) -> None:
        """Give the way back; the board stays as it is."""


class UsbTransport:
    """A board at a serial port. Opening it interrupts what runs there, and switches the motor off.

    port: a device, or any URL of pyserial. wait: told why it takes long.
    """

    def __init__(self, port: str, wait: Callable[[str], None] = lambda _why: None) -> None:
        """Raises BoardLinkError, NoReplError; ModuleNotFoundError without mpremote."""
        from mpremote.transport import (
            TransportError,
            TransportExecError,
        )
        from mpremote.transport_serial import SerialTransport

        self.name = port
        self._broken = (TransportError, OSError, serial.SerialException)
        self._raised = TransportExecError
        _check_port(port)
        with self._guarded():
            self._remote = SerialTransport(port, baudrate=_BAUD, timeout=_READ_S)
        try:
            self._enter(wait)
            self.execute(script("take_over.py"))
        except BoardLinkError:
            self.close()
            raise

    def execute(self, code: str) -> str:
        """See Transport."""
        with self._guarded():
            return bytes(self._remote.exec(code)).decode()

    def write(self, path: str, data: bytes, sent: Callable[[int], None] = _nobody) -> None:
        """See Transport."""
        with self._guarded():
            self._remote.fs_writefile(f"/{path}", data, _CHUNK_BYTES, lambda done, _of: sent(done))

    def read(self, path: str) -> bytes:
        """See Transport."""
        with self._guarded():
            return bytes(self._remote.fs_readfile(f"/{path}", chunk_size=_CHUNK_BYTES))

    def reset(self) -> None:
        """See Transport."""
        with self._guarded():
            self._remote.exec_raw_no_follow(_RESET)
        self.close()

    def hand_over(self, code: str) -> "Stream":
        """Restart the interpreter, start code that stays, and give the port to those who talk to
        it. The transport itself is of no use after that."""
        with self._guarded():
            self._remote.enter_raw_repl(soft_reset=True)
            self._remote.exec_raw_no_follow(code)
        return Stream(self.name, self._remote.serial)

    def close(self) -> None:
        """See Transport."""
        with contextlib.suppress(OSError, serial.SerialException):
            self._remote.close()

    def _enter(self, wait: Callable[[str], None]) -> None:
        """Into the raw REPL. No soft reset: the motor's supply would survive it.

        mpremote looks at a pty by reading it, which must not wait for longer than it does; and at
        its watch only where nothing was read, so a board must be silent for as long at times.
        """
        self._remote.serial.timeout = _QUIET_S
        for attempt in range(_TRIES):
            try:
                with self._guarded():
                    self._remote.enter_raw_repl(soft_reset=False, timeout_overall=_QUIET_S)
            except BoardLinkError as error:
                if isinstance(error.cause, OSError):
                    raise
                if attempt == _TRIES - 1:
                    raise NoReplError(self.name, error.cause) from error
                if not attempt:
                    wait(f"No MicroPython has answered at {self.name} yet; trying on for 10 s.")
            else:
                break
        self._remote.serial.timeout = _READ_S

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Errors become ours, and what mpremote prints is kept off the screen."""
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                yield
        except self._raised as error:
            raise BoardError(str(error).strip()) from error
        except self._broken as error:
            raise BoardLinkError(self.name, error) from error


class Stream:
    """The bare port of a board: see hil_bridge.BoardPort."""

    def __init__(self, name: str, port: serial.Serial) -> None:
        self.name = name
        self._port = port
        self._port.timeout = _STREAM_WAIT_S

    def read(self) -> bytes:
        """What has come; waits a millisecond for it. Raises BoardLinkError."""
        try:
            return bytes(self._port.read(max(1, self._port.in_waiting)))
        except (OSError, serial.SerialException) as error:
            raise BoardLinkError(self.name, error) from error

    def write(self, data: bytes) -> None:
        """Send. Raises BoardLinkError."""
        try:
            self._port.write(data)
        except (OSError, serial.SerialException) as error:
            raise BoardLinkError(self.name, error) from error

    def now_s(self) -> float:
        """Wall time."""
        return time.monotonic()

    def close(self) -> None:
        """Give the port back."""
        with contextlib.suppress(OSError, serial.SerialException):
            self._port.close()


def _check_port(port: str) -> None:
    """Raises BoardLinkError with what the system says of a port that cannot be had.

    mpremote does not tell it.
    """
    try:
        serial.serial_for_url(port, exclusive=True).close()
    except (OSError, ValueError) as error:
        raise BoardLinkError(port, error) from error


def script(name: str) -> str:
    """The text of a file of on_board/, to be executed there."""
    return (ON_BOARD / name).read_text(encoding="utf-8")
