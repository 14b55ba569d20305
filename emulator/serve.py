"""A virtual pump for any serial client: one World behind a pseudo-terminal or a TCP port.

Pace: while a client talks, virtual time keeps step with the wall clock; otherwise it runs at
`speed`. A client talks from the first byte until the pump's session is closed and the line silent.

The answer to a whole request is computed at once, ahead of the wall clock, and not only when the
line's bits would have passed: a client sees the pump's answer, not the emulator's waiting. The
World is then at most LEAD_MS ahead, and pauses until the wall clock has caught up.
"""

import os
import select
import time
from collections.abc import Callable
from typing import Protocol

from emulator.rig import Rig
from emulator.story import happenings
from protocol.programmer.quantity import QuantityError

LEAD_MS = 2_500  # less than the 3 s of a magnet, the shortest thing that people time
_AHEAD_US = (LEAD_MS - 250) * 1_000  # a run ends at the next sleep of the loop, a slice later
_ANSWER_MS = 400  # the loop's idle slice of 250 ms, and the line
_SILENT_S = 0.05  # longer than the pieces of one frame are apart
_TALKING_WAIT_S = 0.005
_IDLE_WAIT_S = 0.05
_TURN_S = 0.1  # of the wall clock, between two looks at the port
_TURNS_BEHIND_MAX = 10
_PORTION_MS = 60_000  # at full speed, between two looks at the port: a few ms of wall time
_TYPED_BYTES = 1_024
_FRAME_END = 0


class Port(Protocol):
    """Where clients come; see story/ports.py."""

    name: str

    def fds(self) -> list[int]:
        """File descriptors to wait for."""

    def receive(self, fd: int) -> bytes:
        """What has come on this one; never waits."""

    def send(self, data: bytes) -> None:
        """To the client; never waits. What nobody reads is lost."""

    def close(self) -> None:
        """No more clients."""


class Server:
    """Serves one rig at one port.

    speed: virtual seconds a second while nobody talks, > 0; None: as fast as it goes.
    console: file descriptor of what a person types (happenings.py), or None. tell: what is said to
    that person.
    """

    def __init__(
        self,
        rig: Rig,
        port: Port,
        speed: float | None = 1.0,
        console: int | None = None,
        tell: Callable[[str], None] = print,
    ) -> None:
        self._rig = rig
        self._port = port
        self._speed = speed
        self._console = console
        self._typed = b""  # a line that is not complete yet
        self._tell = tell
        self._talking = False
        self._heard_s = 0.0
        self._answers = 0
        rig.world.chip.outside.uart_out(self._on_answer)
        self._anchor()

    def run(self, going: Callable[[], bool]) -> None:
        """Serve for as long as going() says so; it is asked many times a second.

        Between two calls the World may be run by hand, unless a session is open.
        """
        if not self._in_session():
            self._talking = False
            self._anchor()
        while going():
            wait_s = self._advance()
            consoles = [] if self._console is None else [self._console]
            for fd in select.select([*self._port.fds(), *consoles], [], [], wait_s)[0]:
                if fd == self._console:
                    self._on_typed(fd)
                else:
                    self._on_bytes(self._port.receive(fd))

    def _advance(self) -> float:
        """Bring the World to where it belongs by now; how long to wait for a client, in s."""
        is_silent = time.monotonic() - self._heard_s > _SILENT_S
        if self._talking and is_silent and not self._in_session():
            self._talking = False
            self._anchor()
        if self._talking or self._speed is not None:
            self._keep_pace()
            return _TALKING_WAIT_S if self._talking else _IDLE_WAIT_S
        self._rig.world.run_for_ms(_PORTION_MS)
        return 0.0

    def _keep_pace(self) -> None:
        """In turns, so that the port is looked at. A board may be slower than the wall clock:
        what it is too late for by then is not caught up."""
        world = self._rig.world
        behind_us = self._due_us() - world.now_us
        turn_us = int(self._rate() * _TURN_S * 1e6)
        world.run_until(world.now_us + min(behind_us, turn_us))
        if behind_us > _TURNS_BEHIND_MAX * turn_us:
            self._anchor()

    def _anchor(self) -> None:
        """Virtual and wall time are counted on from here."""
        self._from_us = self._rig.world.now_us
        self._from_s = time.monotonic()

    def _due_us(self) -> int:
        return self._from_us + int((time.monotonic() - self._from_s) * self._rate() * 1e6)

    def _rate(self) -> float:
        return 1.0 if self._talking or self._speed is None else self._speed

    def _in_session(self) -> bool:
        pump = self._rig.world.pump
        return pump is not None and bool(pump.session.is_open)

    def _on_bytes(self, data: bytes) -> None:
        if not data:
            return
        self._heard_s = time.monotonic()
        if not self._talking:
            self._talking = True
            self._anchor()
        self._rig.send(data)
        if data[-1] == _FRAME_END and len(data) > 1:
            self._answer_at_once()

    def _answer_at_once(self) -> None:
        """Run ahead until the pump has answered, as far as the lead allows."""
        world = self._rig.world
        until_us = min(world.now_us + _ANSWER_MS * 1_000, self._due_us() + _AHEAD_US)
        answers = self._answers
        while self._answers == answers and world.now_us < until_us:
            world.run_for_ms(1)

    def _on_answer(self, data: bytes, _done_us: int) -> None:
        self._answers += 1
        self._port.send(data)

    def _on_typed(self, fd: int) -> None:
        data = os.read(fd, _TYPED_BYTES)
        if not data:
            self._console = None  # the end of the input: nobody types any more
        *lines, self._typed = (self._typed + data).split(b"\n")
        for line in lines:
            if line.strip():
                self._do(line.decode(errors="replace"))

    def _do(self, line: str) -> None:
        if line.strip() in ("help", "?"):
            self._tell(happenings.help_text())
            return
        try:
            happenings.do(self._rig, *happenings.parse(line))
        except QuantityError as error:
            self._tell(f"{error.what}\n  {error.suggestion}")
        except ValueError as error:
            self._tell(str(error))
        else:
            self._tell(f"done: {line.strip()}")
        self._anchor()
