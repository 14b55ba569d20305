"""Where a served pump is reached: a pseudo-terminal or a TCP port. One client at a time.

Never blocks: what nobody reads is lost, as on a serial line without a listener.
"""

import importlib
import os
import socket

_READ_BYTES = 4_096


class PortError(Exception):
    """There is no such port to be had; the message says why."""


class PtyPort:
    """A serial device of this computer. name: its path, for any program that opens serial ports.

    The slave end stays open here and raw, so that a client may come, go and come back.
    """

    def __init__(self) -> None:
        """Raises PortError."""
        try:
            self._master, self._slave = os.openpty()
            importlib.import_module("tty").setraw(self._slave)  # not on every system
        except (OSError, AttributeError, ImportError) as error:
            raise PortError(f"no pseudo-terminal: {error}") from None
        os.set_blocking(self._master, False)
        self.name = os.ttyname(self._slave)

    def fds(self) -> list[int]:
        """What to wait for."""
        return [self._master]

    def receive(self, fd: int) -> bytes:
        """What has come on this one."""
        try:
            return os.read(fd, _READ_BYTES)
        except BlockingIOError:
            return b""

    def send(self, data: bytes) -> None:
        """To the client."""
        try:
            os.write(self._master, data)
        except BlockingIOError:
            return

    def close(self) -> None:
        """The device goes away."""
        os.close(self._master)
        os.close(self._slave)


class TcpPort:
    """A port of this computer's loopback. name: as a pyserial URL. number: 0 picks a free one.

    Who calls while a client is there is hung up on at once, rather than left without an answer.
    """

    def __init__(self, number: int) -> None:
        """Raises PortError."""
        try:
            self._listener = socket.create_server(("127.0.0.1", number))
        except OSError as error:
            raise PortError(f"no TCP port {number}: {error.strerror}") from None
        self._client: socket.socket | None = None
        self.name = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"

    def fds(self) -> list[int]:
        """What to wait for: what a client sends, or that it goes; then the next call."""
        ends = [self._listener] if self._client is None else [self._client, self._listener]
        return [end.fileno() for end in ends]

    def receive(self, fd: int) -> bytes:
        """What has come on this one."""
        if fd == self._listener.fileno():
            self._answer_call()
        if self._client is None or fd != self._client.fileno():
            return b""
        try:
            data = self._client.recv(_READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def send(self, data: bytes) -> None:
        """To the client."""
        if self._client is None:
            return
        try:
            self._client.sendall(data)
        except BlockingIOError:
            return
        except OSError:
            self._hang_up()

    def close(self) -> None:
        """Client and port go away."""
        self._hang_up()
        self._listener.close()

    def _answer_call(self) -> None:
        caller = self._listener.accept()[0]
        if self._client is not None:
            caller.close()
            return
        caller.setblocking(False)
        caller.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = caller

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
