"""The virtual Pico in the place of a World: plant, links and scenarios work on it unchanged.

Same names and meanings as in emulator/world.py and emulator/outside.py, for all that a board can
do. The firmware is not in this process: an observer is shown a picture of it, taken every ten
seconds of a quiet line, and whenever the motor supply or the alarm light changes. Taking it is a
short session of its own with the pump, which nobody else on the line gets to hear. What it finds
new is told with the time that the pump's log has of it (log_tail.py), not with that of the look.
"""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from emulator.bench.looker import Looker
from emulator.bench.picture import Picture
from emulator.bench.supply_edges import SupplyEdges
from emulator.generator import Random
from emulator.machine import Chip
from firmware.pins import LED, SUPPLY
from protocol.programmer.event_log import Event
from protocol.programmer.exchange import NoAnswer
from protocol.wire import events

if TYPE_CHECKING:  # a board on the bench is driven without rp2040py
    from emulator.bench.hil_board import HilBoard
    from emulator.bench.pico import VirtualPico

BOOT_MS_MAX = 5_000  # from power-on to the answer to a hello
_LOOK_MS = 10_000
_LOOK_MS_MAX = 2_000  # over a cable that loses a message or two of it
_SOON_MS = 20  # after an edge: the firmware's turn that made it is over
_QUIET_MS = 1_000  # longer than a client lets pass between two requests of one visit
_TRACEBACK = b"Traceback"


class BootError(Exception):
    """The board does not come up; the message says what it said on USB instead."""


class Outside:
    """All that is connected to the board: see emulator/outside.py.

    heard_us: when the last byte passed, in either direction, but for a look's.
    """

    def __init__(self, pico: "VirtualPico | HilBoard") -> None:
        self._pico = pico
        self._listeners: list[Callable[[bytes, int], None]] = []
        self.heard_us = 0
        self.private: Callable[[bytes, int], None] | None = None  # a look is under way
        self.listen = pico.watch
        self.level = pico.level
        self.drive = pico.drive
        self.read_from = pico.read_from
        self.adc = pico.adc
        pico.on_uart = self._on_byte

    def uart_in(self, data: bytes, uart: int = 0) -> None:
        """Bytes begin to arrive. uart: 0, the programmer's."""
        self.heard_us = self._pico.now_us
        self._pico.uart_in(data)

    def uart_out(self, fn: Callable[[bytes, int], None], uart: int = 0) -> None:
        """Call ``fn(data, done_us)`` for each byte that comes; done_us: when it has left."""
        self._listeners.append(fn)

    def uart_lost(self, uart: int = 0) -> int:
        """How many bytes have come in vain."""
        return self._pico.uart_lost

    def _on_byte(self, byte: int, left_us: int) -> None:
        data = bytes([byte])
        if self.private is not None:
            self.private(data, left_us)
            return
        self.heard_us = self._pico.now_us
        for fn in self._listeners:
            fn(data, left_us)


class _Chip:
    def __init__(self, outside: Outside) -> None:
        self.outside = outside


class BoardWorld:
    """A World whose chip is a virtual Pico, or a board in hil, not powered on before `boot`.

    seed: of `random`, which the plant draws its noise from. pump: a Picture; None while down.
    observer: None, or called after each look, and for each event that it found in the log.
    seen_us: when that was so which the observer is shown. busy_at_us: when something will be done
    next; a look is not begun shortly before.
    """

    start_us = 0

    def __init__(self, pico: "VirtualPico | HilBoard", seed: int = 1) -> None:
        self.pico = pico
        self.seed = seed
        self.random = Random(seed)
        self.chip = _Chip(Outside(pico))
        self.at = pico.at
        self.observer: Callable[[], None] | None = None
        self.pump: Picture | None = None
        self._looker = Looker(pico, self.chip.outside)
        self._edges = SupplyEdges(pico, self._is_talked_to)
        self._look_at_us = 0
        self.seen_us = 0
        self.busy_at_us = 0
        self._said = bytearray()
        pico.usb.on_data = self._said.extend
        pico.on_reset = self._on_reset
        pico.watch(SUPPLY, self._on_output)
        pico.watch(LED, self._on_output)

    @property
    def now_us(self) -> int:
        """Time since power-on."""
        return self.pico.now_us

    @property
    def resets(self) -> list[tuple[int, int]]:
        """(t_us, cause) of each."""
        return [(t_us, Chip.WDT_RESET) for t_us, _ in self.pico.resets]

    @property
    def log_errors(self) -> list[tuple[int, str, Exception]]:
        """What the firmware's interrupts raised: MicroPython prints it on USB."""
        said = bytes(self._said)
        if _TRACEBACK not in said:
            return []
        text = said[said.index(_TRACEBACK) :].decode(errors="replace")
        return [(self.now_us, "on USB", RuntimeError(text))]

    def boot(self) -> None:
        """Power on, until the pump answers. Raises BootError."""
        until_us = self.now_us + BOOT_MS_MAX * 1_000
        while self.pump is None and self.now_us < until_us:
            self._look()
        if self.pump is None:
            said = bytes(self._said).decode(errors="replace").strip() or "nothing"
            raise BootError(f"no answer {BOOT_MS_MAX} ms after power-on; on USB it said: {said}")

    def run_for_ms(self, ms: float) -> None:
        """Run for so long; see run_until."""
        self.run_until(self.now_us + round(ms * 1_000))

    def run_until(self, t_us: int) -> None:
        """Run to exactly t_us; later where a look is under way then."""
        while self.now_us < t_us:
            look_at_us = self._next_look_us()
            if self.now_us >= look_at_us:
                self._look()
            elif self.observer is None:
                self.pico.run_until_us(t_us)
            else:  # no further than an output that changes may want a look
                self.pico.run_until_us(min(t_us, look_at_us, self.now_us + _SOON_MS * 1_000))

    def settle(self, then: Callable[[], None]) -> None:
        """See the pump as it is now, whether or not somebody is talking to it.

        then: called while it is so, or at once where it does not answer.
        """
        if not self._look(then):
            self._tell_edges()
            then()

    def _next_look_us(self) -> int:
        if self.observer is None:
            return 1 << 62
        if 0 < self.busy_at_us - self.now_us < _LOOK_MS_MAX * 1_000:
            return self.busy_at_us
        return max(self._look_at_us, self.chip.outside.heard_us + _QUIET_MS * 1_000)

    def _is_talked_to(self) -> bool:
        return self.now_us - self.chip.outside.heard_us <= _QUIET_MS * 1_000

    def _look(self, then: Callable[[], None] = lambda: None) -> bool:
        """Whether the pump was seen."""
        told = False
        picture = self.pump or Picture()
        self._look_at_us = self.now_us + _LOOK_MS * 1_000

        def seen() -> None:
            nonlocal told
            told = True
            self.pump = picture
            self._tell(picture.seen_us)
            then()

        with contextlib.suppress(NoAnswer):  # it is down, or booting
            self._looker.look(picture, seen, self._on_event if self.observer else None)
        return told

    def _on_event(self, t_us: int, one: Event | None) -> None:
        """The log tells what has happened to the pump that was seen before, or nothing."""
        if one is None:
            self._tell_edges()
        else:
            assert self.pump is not None  # who was never seen has no place in its log
            self.pump.take_event(one)
            self._tell(self._edges.of(t_us, one) if one.kind == events.STATE else t_us)

    def _tell_edges(self) -> None:
        for t_us, state in self._edges.take():
            if self.pump is not None:
                self.pump.state.state = state
                self._tell(t_us)

    def _tell(self, t_us: int) -> None:
        if self.observer is not None and self.pump is not None:
            self.seen_us = t_us
            self.observer()

    def _on_output(self, _level: int) -> None:
        """The supply or the alarm light: something is new."""
        self._look_soon()

    def _look_soon(self) -> None:
        self._look_at_us = min(self._look_at_us, self.now_us + _SOON_MS * 1_000)

    def _on_reset(self) -> None:
        """The log may have lost its newest events: what the pins have told holds."""
        self._tell_edges()
        self.pump = None
        self._look_at_us = self.now_us + 1_000_000


def as_world(world: BoardWorld) -> Any:
    """For those whose annotations say World: what they use of one, this has."""
    return world
