"""The peripherals of one emulated chip.

chip.Pin and its like are the firmware's way to them, chip.outside is everybody else's.
"""

from emulator.analog import Converter, Slices
from emulator.pin_bank import PinBank
from emulator.rtc import Calendar
from emulator.timers import PWRON_RESET, AlarmPool, Watchdog
from emulator.uart import UartPort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from emulator.world import World


class Silicon:
    """All parts, and what a reset does to them. cause: of the last reset."""

    def __init__(self, world: "World") -> None:
        self.cause = PWRON_RESET
        self.cpu = world.cpu
        self.bank = PinBank(world.cpu)
        self.converter = Converter()
        self.slices = Slices()
        self.alarms = AlarmPool(world)
        self.watchdog = Watchdog(world)
        self.calendar = Calendar(world)
        self.ports = (UartPort(world, 0), UartPort(world, 1))
        world.cpu.on_held = self._on_held

    def reset(self, cause: int) -> None:
        """Interrupts and timers die, pins float; what is connected to the pins stays."""
        self.cause = cause
        self.cpu.reset()
        self.alarms.reset()
        self.watchdog.stop()
        self.calendar.reset()
        for port in self.ports:
            port.reset()
        self.bank.reset()
        self.slices.reset()

    def _on_held(self, since_us: int) -> None:
        for port in self.ports:
            port.held(since_us)
