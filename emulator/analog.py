"""Analogue side of the emulated chip: stands for machine.ADC and machine.PWM of the rp2 port.

Sources: ports/rp2/machine_adc.c, ports/rp2/machine_pwm.c.
"""

from emulator.arguments import as_int
from emulator.kinds import ADC_IN, PWM_DUTY, PWM_FREQ
from emulator.pins import Pin
from emulator.stops import OutsideError

CLOCK_HZ = 125_000_000  # clk_sys after boot
_FIRST_GPIO = 26  # the pin of channel 0
_CORE_TEMP = 4  # ADC_CHANNEL_TEMPSENSOR
_CODE_MAX = 4_095
_CORE_CODE = 876  # 27 C: 0.706 V of 3.3 V (RP2040 datasheet, 4.9.5)
_TOP_MAX = 65_534
_DIV16_MAX = 256 * 16 - 1
_SLICES = 8
_U16_MAX = 65_535

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Tuple

    from emulator.kinds import Recorder
    from emulator.pin_bank import PinBank


class Converter:
    """The inputs of the ADC, by channel. tell: None, or told of every code that is read."""

    def __init__(self) -> None:
        self.tell: "Optional[Recorder]" = None
        self.sources: "List[Callable[[], int]]" = [_nothing] * _CORE_TEMP + [_room_temperature]

    def connect(self, gpio: int, source: "Callable[[], int]") -> None:
        """``source()`` gives the code at each conversion. gpio: 26 .. 29, or 4: the core."""
        self.sources[gpio if gpio == _CORE_TEMP else _channel(gpio)] = source


class ADC:
    """One channel."""

    CORE_TEMP = _CORE_TEMP

    def __init__(self, converter: Converter, channel: int) -> None:
        self._converter = converter
        self._sources = converter.sources
        self._channel = channel
        self._id = channel if channel == _CORE_TEMP else channel + _FIRST_GPIO

    def read_u16(self) -> int:
        """Convert: 12 bits, spread over 16 as the port does. An open input reads 0.

        A source that gives what 12 bits cannot hold is an error outside the chip.
        """
        try:
            code = self._sources[self._channel]()
            if not 0 <= code <= _CODE_MAX:
                raise ValueError("the source of ADC channel %d gave %r" % (self._channel, code))
            if self._converter.tell is not None:
                self._converter.tell(ADC_IN, self._id, code)
        except Exception as error:
            raise OutsideError(error)
        return code << 4 | code >> 8


class ADCType:
    """chip.ADC: makes channels, and holds the constant."""

    CORE_TEMP = _CORE_TEMP

    def __init__(self, bank: "PinBank", converter: Converter) -> None:
        self._bank = bank
        self._converter = converter

    def __call__(self, _id: "Any") -> ADC:
        """_id: channel 0 .. 4, GPIO 26 .. 29, or the Pin of one of these."""
        if type(_id) is Pin:
            return ADC(self._converter, _channel(self._bank.gpio(_id)))
        number = as_int(_id)
        if 0 <= number <= _CORE_TEMP:
            return ADC(self._converter, number)
        return ADC(self._converter, _channel(number))


class PWM:
    """Pulses on one pin. They run once both a frequency and a duty have been set."""

    def __init__(self, slices: "Slices", gpio: int) -> None:
        self._slices = slices
        self._gpio = gpio
        self._duty_u16 = -1  # not set
        self._running = False

    def freq(self, _value: "Optional[int]" = None) -> "Optional[int]":
        """The frequency in Hz as the divider makes it, 0: not set; or set it.

        Two pins of a slice (2n and 2n + 1, and 16 above) have one frequency.
        """
        slices = self._slices
        if _value is None:
            return slices.freq_hz(self._gpio)
        slices.set_freq(self._gpio, as_int(_value))
        self._start()
        slices.report(PWM_FREQ, self._gpio, slices.freq_hz(self._gpio))
        return None

    def duty_u16(self, _value: "Optional[int]" = None) -> "Optional[int]":
        """The duty in 1 / 65_535 of the period; or set it: more counts as 65_535."""
        if _value is None:
            return self._duty_u16 if self._running else 0
        duty_u16 = as_int(_value)
        if duty_u16 < 0:
            raise ValueError("duty must not be negative")
        self._duty_u16 = min(duty_u16, _U16_MAX)
        self._start()
        self._slices.report(PWM_DUTY, self._gpio, self._duty_u16)
        return None

    def deinit(self) -> None:
        """Stop. Setting the frequency or the duty starts it again."""
        self._running = False
        self._slices.report(PWM_DUTY, self._gpio, 0)

    def _start(self) -> None:
        self._running = self._duty_u16 >= 0 and self._slices.freq_hz(self._gpio) > 0

    def _pulses(self) -> "Optional[Tuple[int, int]]":
        """(freq_hz, duty_u16), or None when it does not run."""
        return (self._slices.freq_hz(self._gpio), self._duty_u16) if self._running else None


class Slices:
    """The dividers of the PWM, one for two pins each. tell: None, or told of every change."""

    def __init__(self) -> None:
        self.tell: "Optional[Recorder]" = None
        self._dividers: "List[Optional[Tuple[int, int]]]" = [None] * _SLICES  # (div16, top)

    def reset(self) -> None:
        """No frequency is set."""
        for number in range(_SLICES):
            self._dividers[number] = None

    def report(self, kind: int, gpio: int, value: int) -> None:
        """Something has changed."""
        if self.tell is None:
            return
        try:
            self.tell(kind, gpio, value)
        except Exception as error:
            raise OutsideError(error)

    def freq_hz(self, gpio: int) -> int:
        """The frequency of the pin's slice, rounded; 0: not set."""
        divider = self._dividers[_slice(gpio)]
        if divider is None:
            return 0
        return _clock_over(divider[0] * (divider[1] + 1))

    def set_freq(self, gpio: int, freq_hz: int) -> None:
        """Choose divider and period as mp_machine_pwm_freq_set does: 8 Hz .. 62.5 MHz."""
        if freq_hz <= 0:
            raise ValueError("freq too small")
        if freq_hz > CLOCK_HZ // 2:
            raise ValueError("freq too large")
        div16 = 16
        top = (CLOCK_HZ + freq_hz // 2) // freq_hz - 1
        if top + 1 >= _TOP_MAX:
            div16 = -(-16 * CLOCK_HZ // (_TOP_MAX * freq_hz))
            top = _clock_over(div16 * freq_hz) - 1
        if div16 > _DIV16_MAX:
            raise ValueError("freq too small")
        self._dividers[_slice(gpio)] = (div16, top)


class PWMType:
    """chip.PWM: lets pulses out by a pin."""

    def __init__(self, bank: "PinBank", slices: Slices) -> None:
        self._bank = bank
        self._slices = slices

    def __call__(
        self, _dest: "Any", *, freq: "Optional[int]" = None, duty_u16: "Optional[int]" = None
    ) -> PWM:
        """_dest: a pin or its number. freq, duty_u16: as of the methods of PWM."""
        gpio = self._bank.gpio(_dest)
        pwm = PWM(self._slices, gpio)
        if freq is not None:
            pwm.freq(freq)
        if duty_u16 is not None:
            pwm.duty_u16(duty_u16)
        self._bank.take_for_pwm(gpio, pwm)
        return pwm


def _channel(gpio: int) -> int:
    if not _FIRST_GPIO <= gpio < _FIRST_GPIO + _CORE_TEMP:
        raise ValueError("Pin doesn't have ADC capabilities")
    return gpio - _FIRST_GPIO


def _slice(gpio: int) -> int:
    return gpio >> 1 & _SLICES - 1


def _clock_over(div16: int) -> int:
    """16 * CLOCK_HZ / div16, rounded (get_slice_hz_round)."""
    return (16 * CLOCK_HZ + div16 // 2) // div16


def _nothing() -> int:
    return 0


def _room_temperature() -> int:
    return _CORE_CODE
