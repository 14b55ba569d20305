"""The bench chip: stands for `machine` where the plant is at the other end of the USB cable.

Runs on the board, which needs nothing but the cable; in every set but a release's. The firmware is
the same. What it does to its outputs goes to the host with the board's time, what the host's plant
makes of it comes back as inputs (emulator/bench/channels.py); no pin of the board is touched.
Timers and watchdog are the real ones.

What the pump keeps lies in memory: a run on the bench ends with it, and the board's own records,
which an ordinary start goes on from, stay as they are.
"""

import hashlib
import json

import machine
import micropython
import utime

from emulator.bench import channels
from emulator.bench.on_board.bench_line import Line
from emulator.ram_disk import RamDisk, mount
from firmware import pins
from firmware.board import Board
from firmware.pump import Pump

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional


class Pin:
    """A pin whose other end is the host's plant."""

    def __init__(self, line: Line, gpio: int, level: int) -> None:
        self._line = line
        self.gpio = gpio
        self.level = level
        self.handler: "Optional[Callable[[Any], None]]" = None

    def value(self, level: "Optional[int]" = None) -> "Optional[int]":
        """As machine.Pin.value. Allocates nothing."""
        if level is None:
            return self.level
        if level != self.level:
            self.level = level
            self._line.note(self.gpio, level)
        return None

    def irq(self, handler: "Callable[[Any], None]", trigger: int, hard: bool) -> None:
        """As machine.Pin.irq, for both edges."""
        self.handler = handler

    def change(self, level: int) -> None:
        """The plant put a level on it: the handler runs as an interrupt does, none beside it."""
        if level != self.level:
            self.level = level
            if self.handler:
                state = machine.disable_irq()
                self.handler(self)
                machine.enable_irq(state)


class PinType:
    """chip.Pin."""

    IN = 0
    OUT = 1
    PULL_UP = 1
    IRQ_FALLING = 4
    IRQ_RISING = 8

    def __init__(self, line: Line) -> None:
        self._line = line
        self.made: "dict[int, Pin]" = {}

    def __call__(
        self, gpio: int, mode: int = IN, pull: "Optional[int]" = None, value: int = 0
    ) -> Pin:
        """A pin. The host is told the first level of an output."""
        pin = Pin(self._line, gpio, 1 if pull else value)
        self.made[gpio] = pin
        if mode == self.OUT:
            self._line.note(gpio, value)
        return pin


class Converter:
    """chip.ADC(pin): the plant's latest word."""

    def __init__(self, line: Line, pin: Pin) -> None:
        self._codes = line.codes
        self._gpio = pin.gpio

    def read_u16(self) -> int:
        """As machine.ADC.read_u16: 12 bits, the highest repeated below."""
        code = self._codes[self._gpio]
        return code << 4 | code >> 8


class Buzzer:
    """chip.PWM(pin): told to the host as a tone."""

    def __init__(self, line: Line, pin: Pin, freq: int, duty_u16: int) -> None:
        self._line = line
        self._freq = freq
        self._duty = duty_u16

    def freq(self, freq: int) -> None:
        """Hz."""
        self._freq = freq

    def duty_u16(self, duty: int) -> None:
        """0: silence."""
        if duty or self._duty:
            self._duty = duty
            self._line.note(channels.TONE, self._freq if duty else 0)


class Uart:
    """chip.UART: channel 0."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.write = line.write

    def any(self) -> int:
        """Bytes that have come."""
        return len(self._line.received)

    def read(self, count: int) -> bytes:
        """So many of them."""
        data = bytes(self._line.received[:count])
        self._line.received = self._line.received[count:]
        return data


class StepTimer:
    """chip.Timer(-1): a real one; the line is told when a step will be made."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._timer = machine.Timer(-1)
        self.deinit = self._timer.deinit

    def init(self, mode: int, period: int, callback: "Callable[[Any], None]", hard: bool) -> None:
        """As machine.Timer.init."""
        if mode == machine.Timer.ONE_SHOT:
            self._line.step_due = utime.ticks_add(utime.ticks_ms(), period)
        self._timer.init(mode=mode, period=period, callback=callback, hard=hard)


class TimerType:
    """chip.Timer."""

    ONE_SHOT = machine.Timer.ONE_SHOT
    PERIODIC = machine.Timer.PERIODIC

    def __init__(self, line: Line) -> None:
        self._line = line

    def __call__(self, number: int) -> StepTimer:
        """A timer, stopped."""
        return StepTimer(self._line)


class BenchChip:
    """What Board takes for `machine`; and for `utime`, whose sleep serves the line.

    A start of the bench is a power-on of the pump, whatever has reset the board before.
    """

    WDT_RESET = machine.WDT_RESET
    PWRON_RESET = machine.PWRON_RESET

    def __init__(self, line: Line) -> None:
        self.Pin = PinType(line)
        self.Timer = TimerType(line)
        self.WDT = machine.WDT
        self.ADC = lambda pin: Converter(line, pin)
        self.PWM = lambda pin, freq, duty_u16: Buzzer(line, pin, freq, duty_u16)
        self.UART = lambda number, **settings: Uart(line)
        self.sleep_ms = line.sleep_ms
        self.ticks_ms = utime.ticks_ms
        self.ticks_diff = utime.ticks_diff
        line.on_edge = self._on_edge
        line.on_magnet = self._on_magnet
        line.on_lost = self._on_lost

    def reset_cause(self) -> int:
        """PWRON_RESET."""
        return int(machine.PWRON_RESET)

    def _on_edge(self, a: int, b: int) -> None:
        made = self.Pin.made
        made[pins.ENC_B].level = b
        made[pins.ENC_A].change(a)

    def _on_magnet(self, present: int) -> None:
        self.Pin.made[pins.MAGNET].change(1 - present)

    def _on_lost(self) -> None:
        self.Pin.made[pins.SUPPLY].value(0)


def run(root: str) -> None:
    """Be a pump on the bench until the host leaves. root: the slot, "/a" or "/b".

    Raises ValueError where the set is a release.
    """
    with open(root + "/manifest.json", "rb") as file:
        manifest = file.read()
    if json.loads(manifest)["release"]:
        raise ValueError("a release has no bench")
    micropython.alloc_emergency_exception_buf(100)
    micropython.kbd_intr(-1)
    line = Line()
    line.await_host()
    chip = BenchChip(line)
    disk = RamDisk()
    mount(disk)
    Pump(Board(chip, chip, disk, disk.open, port=disk), hashlib.sha256(manifest).digest()).run()
