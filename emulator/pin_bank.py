"""All pins of one chip: the firmware asks for them here, the outside puts levels on them."""

from emulator.kinds import PIN_IN, PIN_OUT
from emulator.pins import Pin

GPIO_COUNT = 30  # NUM_BANK0_GPIOS of the RP2040

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Tuple

    from emulator.analog import PWM
    from emulator.cpu import Cpu
    from emulator.kinds import Recorder


class PinBank:
    """Pins by number, made when first asked for.

    tell_input: None, or told of every level that is driven or computed.
    """

    def __init__(self, cpu: "Cpu") -> None:
        self.cpu = cpu
        self.tell_input: "Optional[Recorder]" = None
        self._tell_output: "Optional[Recorder]" = None
        self._pins: "List[Optional[Pin]]" = [None] * GPIO_COUNT

    def find(self, number: "Any") -> Pin:
        """The pin of a number, or of a Pin. ValueError: this chip has no such pin."""
        if type(number) is Pin:
            number = number._gpio if number._bank is self else -1
        if type(number) is not int or not 0 <= number < GPIO_COUNT:
            raise ValueError("invalid pin")
        pin = self._pins[number]
        if pin is None:
            pin = self._pins[number] = Pin(self, number)
            if self._tell_output is not None:
                pin._tell = _teller(self._tell_output, number)
        return pin

    def gpio(self, number: "Any") -> int:
        """The number of a pin."""
        return self.find(number)._gpio

    def reset(self) -> None:
        """All interrupts off, then all pins let go: no handler hears of the latter."""
        pins = [pin for pin in self._pins if pin is not None]
        for pin in pins:
            pin.irq(None)
        for pin in pins:
            pin._reset()

    def level(self, gpio: int) -> int:
        """The level at the pad."""
        return self.find(gpio)._level

    def drive(self, gpio: int, level: int) -> None:
        """Put ``level`` on the pin. An input's interrupt fires on a matching edge."""
        level = 1 if level else 0
        if self.tell_input is not None:
            self.tell_input(PIN_IN, gpio, level)
        pin = self._pins[gpio] if 0 <= gpio < GPIO_COUNT else None
        if pin is None:
            pin = self.find(gpio)
        pin._external = level
        if level != pin._level and not pin._out:
            pin._follow(level)

    def read_from(self, gpio: int, source: "Callable[[], int]") -> None:
        """Ask ``source()`` for the level whenever the firmware reads the input; no interrupts."""
        pin = self.find(gpio)
        pin._source = source
        pin._reading = not pin._out

    def listen(self, gpio: int, fn: "Callable[[int], None]") -> None:
        """Call ``fn(level)`` after each change of a level that the chip drives, or lets go."""
        pin = self.find(gpio)
        pin._tell = _both(pin._tell, fn)

    def take_for_pwm(self, gpio: int, pwm: "PWM") -> None:
        """Pulses go out by the pin, until the next Pin.init."""
        pin = self.find(gpio)
        pin._latch = 0
        pin._settle(False)
        pin._pwm = pwm

    def pwm(self, gpio: int) -> "Optional[Tuple[int, int]]":
        """(freq_hz, duty_u16) of the pulses on the pin; None when there are none."""
        pwm = self.find(gpio)._pwm
        return None if pwm is None else pwm._pulses()

    def record(self, tell: "Recorder") -> None:
        """Tell every change of an output, before its listeners hear of it. One recorder."""
        if self._tell_output is not None:
            raise ValueError("outputs are recorded already")
        self._tell_output = tell
        for gpio, pin in enumerate(self._pins):
            if pin is not None:
                pin._tell = _both(_teller(tell, gpio), pin._tell)


class PinType:
    """chip.Pin: makes pins, and holds the constants."""

    IN = Pin.IN
    OUT = Pin.OUT
    PULL_UP = Pin.PULL_UP
    PULL_DOWN = Pin.PULL_DOWN
    IRQ_FALLING = Pin.IRQ_FALLING
    IRQ_RISING = Pin.IRQ_RISING

    def __init__(self, bank: PinBank) -> None:
        self._bank = bank

    def __call__(
        self,
        _id: "Any",
        mode: "Optional[int]" = None,
        pull: "Optional[int]" = None,
        *,
        value: "Any" = None,
    ) -> Pin:
        """The pin; configured if more than its number is given (mp_pin_make_new)."""
        pin = self._bank.find(_id)
        if mode is not None or pull is not None or value is not None:
            pin.init(mode, pull, value=value)
        return pin


def _teller(tell: "Recorder", gpio: int) -> "Callable[[int], None]":
    def tell_level(level: int) -> None:
        tell(PIN_OUT, gpio, level)

    return tell_level


def _both(
    first: "Optional[Callable[[int], None]]", second: "Optional[Callable[[int], None]]"
) -> "Optional[Callable[[int], None]]":
    """Tell both, in this order."""
    if first is None or second is None:
        return first or second

    def tell_both(level: int) -> None:
        first(level)
        second(level)

    return tell_both
