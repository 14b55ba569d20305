"""The outside of the emulated chip: for the plant, tests and a served line, not for firmware.

Functions handed over are called at the instant of what they are told of: world.now_us.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional, Tuple

    from emulator.kinds import Recorder
    from emulator.silicon import Silicon


class Outside:
    """All that is connected to one chip. gpio: 0 .. 29, ValueError for another. uart: 0, 1.

    drive(gpio, level): put 0 or 1 on a pin; an input's interrupt fires on a matching edge.
    """

    def __init__(self, silicon: "Silicon") -> None:
        self._silicon = silicon
        self.drive: "Callable[[int, int], None]" = silicon.bank.drive

    def restart(self, cause: int) -> None:
        """Reset the peripherals alone. To reset a pump: World.reset."""
        self._silicon.reset(cause)

    def listen(self, gpio: int, fn: "Callable[[int], None]") -> None:
        """Call ``fn(level)`` after each change of a level that the chip drives, or lets go."""
        self._silicon.bank.listen(gpio, fn)

    def level(self, gpio: int) -> int:
        """The level at the pin, whoever drives it."""
        return self._silicon.bank.level(gpio)

    def read_from(self, gpio: int, fn: "Callable[[], int]") -> None:
        """Ask ``fn()`` for the level whenever the firmware reads the input; no interrupts."""
        self._silicon.bank.read_from(gpio, fn)

    def adc(self, gpio: int, fn: "Callable[[], int]") -> None:
        """``fn()`` gives the code, 0 .. 4_095, at each read. gpio: 26 .. 29, or 4: the core."""
        self._silicon.converter.connect(gpio, fn)

    def pwm(self, gpio: int) -> "Optional[Tuple[int, int]]":
        """(freq_hz, duty_u16) of the pulses on a pin; None when there are none."""
        return self._silicon.bank.pwm(gpio)

    def uart_in(self, data: bytes, uart: int = 0) -> None:
        """Bytes begin to arrive: now, or after those that are still on the line."""
        self._silicon.ports[uart].send_in(bytes(data))

    def uart_arrived(self, data: bytes, uart: int = 0) -> None:
        """Bytes have arrived at this instant: to replay what a recorder was told."""
        self._silicon.ports[uart].arrived(bytes(data))

    def uart_out(self, fn: "Callable[[bytes, int], None]", uart: int = 0) -> None:
        """Call ``fn(data, done_us)`` at each write; done_us: when the last byte has left."""
        self._silicon.ports[uart].listeners.append(fn)

    def uart_lost(self, uart: int = 0) -> int:
        """How many bytes have come in vain: no room, or the UART off."""
        return self._silicon.ports[uart].lost

    def rtc_drift(self, ppm: int) -> None:
        """The real-time clock runs fast by so many parts in a million; -1_000_000: it stands."""
        self._silicon.calendar.drift(ppm)

    def record(self, fn: "Recorder") -> None:
        """Call ``fn(kind, id, value)`` at each output (emulator/kinds.py). One recorder."""
        silicon = self._silicon
        silicon.bank.record(fn)
        silicon.slices.tell = fn
        for port in silicon.ports:
            port.tell_output = fn

    def record_inputs(self, fn: "Recorder") -> None:
        """Call ``fn(kind, id, value)`` at each input (emulator/kinds.py). One recorder."""
        silicon = self._silicon
        silicon.bank.tell_input = fn
        silicon.converter.tell = fn
        for port in silicon.ports:
            port.tell_input = fn
