"""Stands for the module `machine` of the rp2 port: one emulated RP2040.

As strict as the port, and not laxer than its published stub (tests/unit/test_stub_signatures.py).
Only what the pump needs exists; the rest raises AttributeError.
"""

from emulator.analog import CLOCK_HZ, ADCType, PWMType
from emulator.outside import Outside
from emulator.pin_bank import PinType
from emulator.rtc import RTCType
from emulator.silicon import Silicon
from emulator.stops import ChipReset
from emulator.timers import PWRON_RESET, WDT_RESET, TimerType, WDTType
from emulator.uart import UARTType

_IDLE_US = 1_000  # MICROPY_INTERNAL_WFE(1) in mp_machine_idle, ports/rp2/modmachine.c

TYPE_CHECKING = False
if TYPE_CHECKING:
    from emulator.world import World


class Chip:
    """The chip of one World. outside: the other side of its pins; not for the firmware."""

    PWRON_RESET = PWRON_RESET
    WDT_RESET = WDT_RESET

    def __init__(self, world: "World") -> None:
        silicon = Silicon(world)
        self._world = world
        self._silicon = silicon
        self.Pin = PinType(silicon.bank)
        self.Timer = TimerType(silicon.alarms)
        self.ADC = ADCType(silicon.bank, silicon.converter)
        self.PWM = PWMType(silicon.bank, silicon.slices)
        self.UART = UARTType(silicon.bank, silicon.ports)
        self.WDT = WDTType(silicon.watchdog)
        self.RTC = RTCType(silicon.calendar)
        self.outside = Outside(silicon)

    def reset(self) -> None:
        """Start anew: does not return. The port uses the watchdog: the cause is WDT_RESET."""
        raise ChipReset(WDT_RESET)

    def reset_cause(self) -> int:
        """PWRON_RESET or WDT_RESET."""
        return self._silicon.cause

    def unique_id(self) -> bytes:
        """Eight bytes: here the seed of the World."""
        return (self._world.seed & 0x7FFF_FFFF).to_bytes(8, "big")

    def freq(self) -> int:
        """Clock of the CPU in Hz."""
        return CLOCK_HZ

    def idle(self) -> None:
        """Wait for the next event, 1 ms at most."""
        world = self._world
        world.wait_until(min(world.next_event_us(), world.now_us + _IDLE_US))

    def disable_irq(self) -> int:
        """Hold all interrupts off. Returns what enable_irq wants."""
        return self._silicon.cpu.disable()

    def enable_irq(self, _state: int) -> None:
        """Back to ``_state``; what was held back comes now."""
        self._silicon.cpu.enable(_state)
