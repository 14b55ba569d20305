"""A real board at the end of a USB cable, with the face of the virtual Pico.

The pump pins of the firmware on it are here: the plant is wired to them as to those of the virtual
Pico (wiring.py). Time is the board's: an event comes when a message says that the board has got
there, an output changes at the instant that the board has stamped it with. It advances while
somebody waits for it, and lags behind the board by a message.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

from emulator.bench.hil_bridge import BoardPort, Bridge
from firmware import pins


class _Usb:
    """What the board prints beside its messages."""

    def __init__(self) -> None:
        self.on_data: Callable[[bytes], None] = _nobody


class HilBoard:
    """One board in hil. now_us: its time, counted from its first message.

    on_uart: told of each byte of the programmer's line, and when it was written first.
    usb.on_data: told of what the board prints. tone_hz: of the buzzer; 0: silence. resets: always
    empty, and on_reset never called: a board that resets is no bench any more, and the way to it
    breaks (BoardLinkError).
    """

    def __init__(self, port: BoardPort) -> None:
        self.now_us = 0
        self.resets: list[tuple[int, str]] = []
        self.on_reset: Callable[[], None] = _nothing
        self.on_uart: Callable[[int, int], None] = _nobody
        self.usb = _Usb()
        self.uart_lost = 0
        self.tone_hz = 0
        self.bridge = Bridge(self, port)
        self._events: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._order = 0
        self._levels: dict[int, int] = {}
        self._listeners: dict[int, list[Callable[[int], None]]] = {}
        self._sources: dict[int, Callable[[], int]] = {}
        self._codes: dict[int, Callable[[], int]] = {}

    def run_until_us(self, t_us: int) -> None:
        """Serve the board until its clock shows t_us. Raises BoardLinkError."""
        while self.now_us < t_us:
            self.bridge.turn()

    def run_for_ms(self, ms: float) -> None:
        """Serve the board for so long, by its clock."""
        self.run_until_us(self.now_us + round(ms * 1_000))

    def at(self, t_us: int, fn: Callable[[Any], None], arg: Any = None) -> None:
        """Call ``fn(arg)`` then, in order of asking among equal times. ValueError: it is over."""
        if t_us < self.now_us:
            raise ValueError(f"{t_us} us is in the past")
        self._order += 1
        heappush(self._events, (t_us, self._order, fn, arg))

    def watch(self, gpio: int, fn: Callable[[int], None]) -> None:
        """Call ``fn(level)`` after each change of an output."""
        self._listeners.setdefault(gpio, []).append(fn)

    def level(self, gpio: int) -> int:
        """Of an output as the board told it last, or of an input as it is driven."""
        return self._levels.get(gpio, 0)

    def drive(self, gpio: int, level: int) -> None:
        """Put a level on a pin; the board is told with the next message."""
        before = self._levels.get(gpio)
        self._levels[gpio] = level
        if gpio == pins.ENC_A and before not in (None, level):
            self.bridge.edge(level, self._sources[pins.ENC_B]())

    def read_from(self, gpio: int, fn: Callable[[], int]) -> None:
        """``fn()`` gives the level; it is asked when the board is told."""
        self._sources[gpio] = fn

    def adc(self, gpio: int, fn: Callable[[], int]) -> None:
        """``fn()`` gives the code, 0 .. 4_095; it is asked when the board is told."""
        self._codes[gpio] = fn

    def uart_in(self, data: bytes) -> None:
        """Bytes for the programmer's line, at the pace of the cable."""
        self.bridge.to_pump(data)

    # -- what the bridge tells and asks

    def advance(self, t_us: int) -> None:
        """The board has got to t_us."""
        while self._events and self._events[0][0] <= t_us:
            due_us, _, fn, arg = heappop(self._events)
            self.now_us = max(self.now_us, due_us)
            fn(arg)
        self.now_us = max(self.now_us, t_us)

    def change(self, gpio: int, level: int) -> None:
        """The board has changed an output, now."""
        self._levels[gpio] = level
        for fn in self._listeners.get(gpio, ()):
            fn(level)

    def sound(self, freq_hz: int) -> None:
        """The buzzer; 0: silence."""
        self.tone_hz = freq_hz

    def said(self, data: bytes, left_us: int) -> None:
        """Bytes of the programmer's line."""
        for byte in data:
            self.on_uart(byte, left_us)

    def printed(self, text: bytes) -> None:
        """What was no message."""
        self.usb.on_data(text)

    def code(self, gpio: int) -> int:
        """Of a converter; 0 where nothing is connected."""
        return self._codes[gpio]() if gpio in self._codes else 0


def _nobody(*_told: object) -> None:
    """Nobody listens."""


def _nothing() -> None:
    """Nobody wants to know of a reset."""
