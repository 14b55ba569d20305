"""A chip whose clock jumps to the next thing that happens, and a pump on it: for years of it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from emulator import inject
from emulator.ram_disk import RamDisk, mount

inject.install()

from firmware.board import Board  # noqa: E402  after the stand-ins for its modules
from firmware.pins import EN, ENC_A, ENC_B, STEP, SUPPLY  # noqa: E402
from firmware.pump import Pump  # noqa: E402
from tests.started import has_started  # noqa: E402

_TICKS = 1 << 30
_LEVEL_U16 = 7_000  # 5.1 mL, and 1.3 kPa

Handler = Callable[[Any], None]


class Pin:
    """A pin that remembers its level, how often it rose, and who asked for its edges."""

    def __init__(self, level: int) -> None:
        self.level = level
        self.rises = 0
        self.handler: Handler = lambda _pin: None

    def value(self, level: int | None = None) -> int:
        if level is not None:
            self.rises += level > self.level
            self.level = level
        return self.level

    def irq(self, handler: Handler, trigger: int, hard: bool) -> None:
        self.handler = handler


class Pins:
    """All of them, by number: what `machine.Pin` is."""

    IN, OUT, PULL_UP, IRQ_FALLING, IRQ_RISING = 0, 1, 1, 4, 8

    def __init__(self) -> None:
        self.at: dict[int, Pin] = {}

    def __call__(self, gpio: int, mode: int = 0, pull: int = 0, value: int = 0) -> Pin:
        return self.at.setdefault(gpio, Pin(value or pull))


class Quiet:
    """Line and watchdog with nothing to say, sensors of a healthy pump; notes the tones."""

    def __init__(self, chip: "Chip") -> None:
        self._chip = chip

    def any(self) -> int:
        return 0

    def feed(self) -> None:
        """There is no watchdog."""

    def read(self, _count: int) -> bytes:
        return b""

    def write(self, _data: bytes) -> None:
        """To nobody."""

    def read_u16(self) -> int:
        return _LEVEL_U16

    def freq(self, _hz: int) -> None:
        self._chip.tones.append(self._chip.now_ms)

    def duty_u16(self, _duty: int) -> None:
        """A tone is heard by its frequency."""


class Timers:
    """What `machine.Timer` is, and each timer too.

    shot: when the step timer fires, and what it calls. A periodic one never comes: it would feed
    the watchdog.
    """

    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, chip: "Chip") -> None:
        self._chip = chip
        self.shot: tuple[int, Handler] | None = None

    def __call__(self, _number: int) -> "Timers":
        return self

    def init(self, mode: int, period: int, callback: Handler, hard: bool) -> None:
        if mode == self.ONE_SHOT:
            self.shot = (self._chip.now_ms + period, callback)


class Chip:
    """Stands for machine, utime and micropython.

    boot_ticks: what it counts from. rtc_from: date and time of its second time base at the start.
    now_ms: since the start, of any size. until_ms: where it sleeps to at the latest. started_ms:
    when the pump's start was over. tones: when the buzzer was given one. steps: that the motor has
    made.
    """

    WDT_RESET = 3

    def __init__(self, boot_ticks: int, rtc_from: datetime) -> None:
        self.now_ms = self.until_ms = self.started_ms = 0
        self.tones: list[int] = []
        self.steps = 0
        self.Pin = Pins()
        self.Timer = Timers(self)
        self.ADC = self.PWM = self.UART = self.WDT = lambda *_, **__: Quiet(self)
        self.RTC = lambda: self
        self._boot_ticks = boot_ticks
        self._rtc_from = rtc_from

    def reset_cause(self) -> int:
        return 1

    def datetime(self) -> tuple[int, ...]:
        """Of the RTC."""
        at = self._rtc_from + timedelta(milliseconds=self.now_ms)
        return (at.year, at.month, at.day, at.weekday(), at.hour, at.minute, at.second, 0)

    def ticks_ms(self) -> int:
        return (self._boot_ticks + self.now_ms) % _TICKS

    def ticks_diff(self, end: int, start: int) -> int:
        return (end - start + _TICKS // 2) % _TICKS - _TICKS // 2

    def sleep_ms(self, ms: int) -> None:
        """Until then; the step timer fires meanwhile where it is its time."""
        end_ms = min(self.now_ms + ms, self.until_ms)
        shot = self.Timer.shot
        if shot and shot[0] <= end_ms:
            self.now_ms = shot[0]
            self.Timer.shot = None
            self._fire(shot[1])
        self.now_ms = end_ms

    def schedule(self, function: Handler, argument: Any) -> None:
        """The interpreter's queue of callbacks, which is never long."""
        function(argument)

    def _fire(self, callback: Handler) -> None:
        """A motor with power, whose driver is on, follows the edge; so does its encoder."""
        pins = self.Pin.at
        rises = pins[STEP].rises
        callback(None)
        if pins[STEP].rises > rises and pins[SUPPLY].level and not pins[EN].level:
            self.steps += 1
            for a in (1, 0):
                pins[ENC_B].level = 1 - a
                pins[ENC_A].level = a
                pins[ENC_A].handler(None)


_START_MS = 10  # the folders, one a millisecond, and the log


def pump_on(chip: Chip, disk: RamDisk) -> Any:
    """A pump that has started, whose loop sleeps in one piece."""
    mount(disk)
    pump: Any = Pump(Board(chip, chip, disk, disk.open, chip, disk))
    pump.loop._sleep = lambda _until_ms, left_ms: chip.sleep_ms(left_ms)
    chip.until_ms += _START_MS
    while not has_started(pump):
        chip.started_ms = chip.now_ms
        pump.turn()
    return pump
