"""THE hardware boundary: the only file that touches `machine`, `rp2`, `utime`, `uos` and `open`,
and while the pump runs `micropython`.

Scales of the reference pump's sensors, and one method for each thing that the firmware does to the
outside or asks of it. Chip, clock, file system and interpreter are arguments, so that others can
be passed; the defaults are MicroPython's own.
"""

import machine
import micropython
import rp2
import uos
import utime

from firmware import pins
from firmware.files import Files

BAUD = 115_200
_UART_BUFFER_BYTES = 512  # two frames
WATCHDOG_MS = 5_000  # at most 8_388 on RP2040 (ports/rp2/machine_wdt.c)
_DUTY_HALF_U16 = 32_768

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


class Board:
    """The reference pump's hardware.

    chip: module `machine` or what stands for it. clock: module `utime` or what stands for it.
    system, open_file: module `uos` and `open`, or what stands for them; reached by `files`.
    interpreter: module `micropython` or what stands for it.
    port: module `rp2` or what stands for it: its Flash() is what the files lie on.
    has_rtc: whether there is a second time base; declared absent where the chip has none.
    light_answers, buzzer_answers: whether these outputs could be switched on and off at the start.
    woken: set by an interrupt that wants the loop's attention; the loop clears it.
    """

    def __init__(
        self,
        chip: "Any" = machine,
        clock: "Any" = utime,
        system: "Any" = uos,
        open_file: "Callable[..., Any]" = open,
        interpreter: "Any" = micropython,
        port: "Any" = rp2,
    ) -> None:
        pin = chip.Pin
        self.was_watchdog = chip.reset_cause() == chip.WDT_RESET
        # First of all: whatever ends the start from here on is begun anew.
        self._watchdog = chip.WDT(timeout=WATCHDOG_MS)
        self.feed = self._watchdog.feed
        self.files = Files(system, open_file, port)
        self.ticks_ms = clock.ticks_ms
        self.ticks_diff = clock.ticks_diff
        self.sleep_ms = clock.sleep_ms
        self.schedule = interpreter.schedule
        self.supply = pin(pins.SUPPLY, pin.OUT, value=0).value
        self.step = pin(pins.STEP, pin.OUT, value=0).value
        self.enable = pin(pins.EN, pin.OUT, value=1).value
        pin(pins.DIR, pin.OUT, value=1)
        self._encoder_a = pin(pins.ENC_A, pin.IN)
        self.encoder_a = self._encoder_a.value
        self.encoder_b = pin(pins.ENC_B, pin.IN).value
        self._magnet = pin(pins.MAGNET, pin.IN, pin.PULL_UP)
        self.led = pin(pins.LED, pin.OUT, value=0).value
        self.light_answers = _answers(self.led)
        self._edges = pin.IRQ_RISING | pin.IRQ_FALLING
        self._pressure_u16 = chip.ADC(pin(pins.PRESSURE)).read_u16
        self._level_u16 = chip.ADC(pin(pins.LEVEL)).read_u16
        self.buzzer_answers = _answers(pin(pins.BUZZER, pin.OUT, value=0).value)
        self._buzzer = chip.PWM(pin(pins.BUZZER), freq=1_000, duty_u16=0)
        uart = chip.UART(
            0,
            baudrate=BAUD,
            tx=pin(pins.UART_TX),
            rx=pin(pins.UART_RX),
            txbuf=_UART_BUFFER_BYTES,
            rxbuf=_UART_BUFFER_BYTES,
        )
        self.uart_any = uart.any
        self.uart_read = uart.read
        self.uart_write = uart.write
        self._timer_type = chip.Timer
        self._step_timer = chip.Timer(-1)
        self._monitor_timer = chip.Timer(-1)
        self._step_callback: "Callable[[Any], None]" = _no_step
        self.has_rtc = hasattr(chip, "RTC")
        self._rtc: "Any" = chip.RTC() if self.has_rtc else None
        self.woken = False

    def on_step(self, callback: "Callable[[Any], None]") -> None:
        """What the step timer calls, in a hard interrupt."""
        self._step_callback = callback

    def arm_step(self, delay_ms: int) -> None:
        """Call the step callback once, ``delay_ms`` (>= 0) from now. Allocates nothing."""
        self._step_timer.init(
            mode=self._timer_type.ONE_SHOT,
            period=delay_ms,
            callback=self._step_callback,
            hard=True,
        )

    def on_encoder_edge(self, callback: "Callable[[Any], None]") -> None:
        """Call on every edge of encoder channel A, in a hard interrupt."""
        self._encoder_a.irq(handler=callback, trigger=self._edges, hard=True)

    def on_monitor_period(self, period_ms: int, callback: "Callable[[Any], None]") -> None:
        """Call every ``period_ms``, in a hard interrupt."""
        self._monitor_timer.init(
            mode=self._timer_type.PERIODIC, period=period_ms, callback=callback, hard=True
        )

    def on_magnet_edge(self, callback: "Callable[[Any], None]") -> None:
        """Call when the magnet comes or goes, in a hard interrupt."""
        self._magnet.irq(handler=callback, trigger=self._edges, hard=True)

    def magnet_present(self) -> bool:
        """Whether the magnet is at the pump."""
        return not self._magnet.value()

    def pressure_pa(self) -> int:
        """Outlet pressure against ambient, -20_000 .. 179_951 Pa, 49 Pa a code. Allocates nothing.

        12 bits: the product stays below 2**30. Scale: the reference sensor, docs/boards.md.
        """
        pa: int = ((self._pressure_u16() >> 4) * 200_000 >> 12) - 20_000
        return pa

    def level_nl(self) -> int:
        """Reservoir content as the level sensor sees it, 0 .. 47_989_305 nL, 11_719 nL a code."""
        level: int = (self._level_u16() >> 4) * 11_719
        return level

    def rtc_day_s(self) -> int:
        """Time of day by the real-time clock, 0 .. 86_399 s: a second time base, never set by us.

        -1: it tells none. Allocates. Only where `has_rtc`.
        """
        try:
            date = self._rtc.datetime()
        except OSError:
            return -1
        day_s: int = date[4] * 3_600 + date[5] * 60 + date[6]
        return day_s

    def tone(self, freq_hz: int) -> None:
        """Sound the buzzer at ``freq_hz``; 0: silence."""
        if freq_hz:
            self._buzzer.freq(freq_hz)
            self._buzzer.duty_u16(_DUTY_HALF_U16)
        else:
            self._buzzer.duty_u16(0)


def _answers(pad: "Callable[..., Any]") -> bool:
    """An output can be switched on and off: its pad reads as it is driven."""
    pad(1)
    is_high = pad()
    pad(0)
    return bool(is_high) and not pad()


def _no_step(_timer: object) -> None:
    """Stands where no drive has been connected yet: an armed step does nothing."""
