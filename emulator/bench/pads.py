"""Pins and converters of the virtual Pico as the wires outside see them.

rp2040py keeps what the chip drives and what comes in apart; a level here is what is at the pin,
whoever drives it: the chip where its output is enabled, else the outside, else the pull. That is
also what the program reads at a pin of its own: RP2040 datasheet, 2.19.4.
"""

from collections.abc import Callable
from functools import partial

from rp2040py.gpio_pin import GPIOPin, GPIOPinState
from rp2040py.rp2040 import RP2040

_CHANNELS = 5
_GPIOS = 30
_ADC_GPIO = 26  # channel 0; channel 4, the chip's own thermometer, has none
_CODE_MAX = 4_095


class Pads:
    """All pins of one chip. Make it before the chip runs."""

    def __init__(self, chip: RP2040) -> None:
        self._chip = chip
        self._outside: dict[int, int] = {}
        self._seen: dict[int, int] = {}
        self._watchers: dict[int, list[Callable[[int], None]]] = {}
        self._codes: list[Callable[[], int]] = [
            partial(self._open_input, _ADC_GPIO + channel) for channel in range(_CHANNELS)
        ]
        for gpio in range(_GPIOS):
            chip.gpio[gpio].add_listener(self._feeder(gpio))
        self._convert = chip.adc.on_adc_read
        chip.adc.on_adc_read = self._on_conversion

    def watch(self, gpio: int, fn: Callable[[int], None]) -> None:
        """See VirtualPico."""
        if gpio not in self._watchers:
            self._watchers[gpio] = []
            self._seen[gpio] = self.level(gpio)
            self._chip.gpio[gpio].add_listener(lambda new, old: self._look(gpio))
        self._watchers[gpio].append(fn)

    def level(self, gpio: int) -> int:
        """See VirtualPico."""
        state = self._chip.gpio[gpio].value
        if self.is_driven(gpio):
            return int(state)
        return self._outside.get(gpio, int(state == GPIOPinState.INPUT_PULL_UP))

    def is_driven(self, gpio: int) -> bool:
        """See VirtualPico."""
        return self._chip.gpio[gpio].value in (GPIOPinState.LOW, GPIOPinState.HIGH)

    def drive(self, gpio: int, level: int) -> None:
        """See VirtualPico. The same level again is no edge."""
        if self._outside.get(gpio) == level:
            return
        self._outside[gpio] = level
        self._feed(gpio)

    def read_from(self, gpio: int, fn: Callable[[], int]) -> None:
        """See VirtualPico. Before anything else holds the pin."""
        self._chip.gpio[gpio] = _AskedPin(self._chip, gpio, fn)

    def convert(self, channel: int, fn: Callable[[], int]) -> None:
        """``fn()`` gives the code of each conversion of this channel."""
        self._codes[channel] = fn

    def settle(self) -> None:
        """The chip was reset and let go of its pins, without a word: tell who watches them."""
        for gpio in range(_GPIOS):
            self._feed(gpio)
        for gpio in self._watchers:
            self._look(gpio)

    def _feeder(self, gpio: int) -> "Callable[[object, object], None]":
        return lambda _new, _old: self._feed(gpio)

    def _feed(self, gpio: int) -> None:
        """What is at the pin comes in."""
        self._chip.gpio[gpio].set_input_value(bool(self.level(gpio)))

    def _look(self, gpio: int) -> None:
        level = self.level(gpio)
        if level != self._seen[gpio]:
            self._seen[gpio] = level
            for fn in self._watchers[gpio]:
                fn(level)

    def _open_input(self, gpio: int) -> int:
        """A converter's input that nothing is connected to follows the pull, if there is one."""
        if gpio >= len(self._chip.gpio):
            return 0
        return _CODE_MAX if self._chip.gpio[gpio].value == GPIOPinState.INPUT_PULL_UP else 0

    def _on_conversion(self, channel: int) -> None:
        self._chip.adc.channel_values[channel] = self._codes[channel]()
        self._convert(channel)


class _AskedPin(GPIOPin):
    """A pin whose level is worked out when the program reads it."""

    def __init__(self, chip: RP2040, gpio: int, level: Callable[[], int]) -> None:
        super().__init__(chip, gpio)
        self._level = level

    @property
    def input_value(self) -> bool:
        """What a read of the input register finds."""
        return bool(self._level())
