"""Pins of the emulated chip: levels, pulls, edges. Stands for machine.Pin of the rp2 port.

Sources: ports/rp2/machine_pin.c, shared/runtime/mpirq.c. Only the modes IN and OUT exist here.
Where the port lets a mistake pass in silence (a value for an input, an unknown pull), this raises.
"""

from emulator.arguments import as_int
from emulator.kinds import PIN_IN
from emulator.stops import OutsideError

_FALLING = 4
_RISING = 8
_UNSET = object()  # stands for an argument that was not given

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional

    from emulator.analog import PWM
    from emulator.pin_bank import PinBank


class PinIrq:
    """What Pin.irq returns."""

    def __init__(self, pin: "Pin") -> None:
        self._pin = pin

    def flags(self) -> int:
        """The edges that the handler was last called for."""
        return self._pin._flags


class Pin:
    """One pin: chip.Pin gives the same object for the same number.

    The attributes are the firmware's view of it and no more; PinBank has the outside's.
    """

    IN = 0
    OUT = 1
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = _FALLING
    IRQ_RISING = _RISING

    def __init__(self, bank: "PinBank", gpio: int) -> None:
        self._bank = bank
        self._cpu = bank.cpu
        self._gpio = gpio
        self._tell: "Optional[Callable[[int], None]]" = None  # hears of what the chip drives
        self._external: "Optional[int]" = None  # level put on it from outside; None: nothing is
        self._source: "Optional[Callable[[], int]]" = None  # computes the level when it is read
        self._reading = False  # ask _source
        self._level = 0  # at the pad, whoever drives it
        self._latch = 0  # what it drives as an output
        self._out = False
        self._pull = self.PULL_DOWN  # after reset: RP2040 datasheet, 2.19.6.3
        self._pwm: "Optional[PWM]" = None
        self._handler: "Callable[[Pin], None]" = _nobody
        self._hard = False
        self._trigger = 0
        self._flags = 0
        self._late_flags = 0  # edges that came while interrupts were masked
        self._irq = PinIrq(self)

    def init(
        self,
        mode: "Optional[int]" = None,
        pull: "Optional[int]" = None,
        *,
        value: "Any" = None,
    ) -> None:
        """Configure. mode: IN, OUT, or None: unchanged. pull: PULL_UP, PULL_DOWN, or None: none.

        value: level of an output, set before it drives. ValueError for anything else.
        """
        if pull not in (None, self.PULL_UP, self.PULL_DOWN):
            raise ValueError("invalid pull")
        if mode not in (None, self.IN, self.OUT):
            raise ValueError("invalid pin mode")
        if value is not None and mode != self.OUT:
            raise ValueError("a value needs mode OUT")
        self._pull = pull or 0
        if value is not None:
            self._latch = 1 if value else 0
        if mode is not None:
            self._end_pwm()
        self._settle(self._out if mode is None else mode == self.OUT)

    def value(self, _x: "Any" = _UNSET) -> "Any":
        """Without argument: the level at the pad. With one: drive it; returns None.

        An input keeps it for when it becomes an output, as the chip does.
        """
        if _x is _UNSET:
            if self._reading:
                return self._read_source()
            return self._level
        level = 1 if _x else 0
        self._latch = level
        if level != self._level and self._out:
            self._change(level)
        return None

    def __call__(self, _x: "Any" = _UNSET) -> "Any":
        """Same as value()."""
        return self.value(_x)

    def on(self) -> None:
        """Drive 1."""
        self.value(1)

    def off(self) -> None:
        """Drive 0."""
        self.value(0)

    def toggle(self) -> None:
        """Drive the other level."""
        self.value(1 - self._latch)

    def irq(
        self, handler: "Any" = _UNSET, trigger: "Any" = _UNSET, *, hard: "Any" = _UNSET
    ) -> PinIrq:
        """Call ``handler(pin)`` on the edges in ``trigger``; hard: at once, else scheduled.

        Defaults when any is given: handler None (off), both edges, hard False. Without arguments
        nothing changes. A hard handler that raises is not called again.
        """
        if handler is _UNSET and trigger is _UNSET and hard is _UNSET:
            return self._irq
        edges = _FALLING | _RISING
        wanted = edges if trigger is _UNSET else as_int(trigger)
        if wanted & ~edges:
            raise ValueError("unknown trigger")
        is_off = handler is _UNSET or handler is None
        self._handler = _nobody if is_off else handler
        self._trigger = 0 if is_off else wanted
        self._hard = hard is not _UNSET and bool(hard)
        self._flags = self._late_flags = 0
        return self._irq

    def _reset(self) -> None:
        """As after a chip reset; what is connected to it from outside stays."""
        self._end_pwm()
        self._pull = self.PULL_DOWN
        self._latch = 0
        self._settle(False)

    def _end_pwm(self) -> None:
        if self._pwm is not None:
            self._pwm.deinit()
            self._pwm = None

    def _settle(self, out: bool) -> None:
        """Direction and level that all that acts on the pin results in."""
        driven = out or self._out
        self._out = out
        self._reading = self._source is not None and not out
        if out:
            level = self._latch
        elif self._external is not None:
            level = self._external
        else:
            level = 1 if self._pull == self.PULL_UP else 0
        if level == self._level:
            return
        if driven:
            self._change(level)
        else:
            self._follow(level)

    def _change(self, level: int) -> None:
        """The chip changes the level, or lets it change."""
        self._level = level
        if self._tell is not None:
            try:
                self._tell(level)
            except Exception as error:
                raise OutsideError(error)
        if self._trigger:
            self._follow(level)

    def _read_source(self) -> int:
        source = self._source
        try:
            level = 1 if source is not None and source() else 0
            if self._bank.tell_input is not None:
                self._bank.tell_input(PIN_IN, self._gpio, level)
        except Exception as error:
            raise OutsideError(error)
        self._level = level
        return level

    def _follow(self, level: int) -> None:
        """The level of an input changes: an edge, whether or not somebody waits for it."""
        self._level = level
        edge = _RISING if level else _FALLING
        if not self._trigger & edge:
            return
        if self._cpu.masked:
            self._late_flags |= edge
            self._cpu.hold(self)
        else:
            self._serve(edge)

    def _serve(self, flags: int) -> None:
        self._flags = flags
        if not self._hard:
            self._cpu.schedule(self._handler, self)
        elif not self._cpu.run_hard(self._handler, self):
            self._trigger = 0

    def _serve_late(self) -> None:
        """One call for all the edges that came while interrupts were masked."""
        flags = self._late_flags & self._trigger
        self._late_flags = 0
        if flags:
            self._serve(flags)


def _nobody(_pin: Pin) -> None:
    """Stands where no handler is set; there is no trigger then."""
