"""One pump on the bench: World, plant and observer, booted.

What scenarios, served pumps and the demo use. Everything that comes from outside goes through
here, bytes and happenings alike, so that the observer is told and a recorder can keep it
(story/recording.py).
"""

from collections.abc import Callable, Sequence
from typing import Any

from emulator.emu_link import EmuLink
from emulator.little_disk import LittleDisk
from emulator.plant import faults
from emulator.plant.plant import Plant
from emulator.trace import Sink
from emulator.watch import Watch
from emulator.world import World

# What can happen to a plant, and what the amount of it means.
HAPPENINGS = {
    "magnet": "1 at the pump, 0 taken away",
    "kink": "part of the catheter's bore that is closed, 0 to 1",
    "release": "the kink opens; told: the stored volume let go, in nL",
    "leak": "part of the flow lost at the connector, 0 to 1",
    "stall": "1 the rotor is jammed, 0 it is free again",
    "slip": "part of the steps that is lost, 0 to 1",
    "runaway": "steps a second that nobody asked for; 0 ends it",
    "refill": "volume injected into the reservoir, in nL",
    "csf": "pressure of the spinal fluid, in Pa",
    "power": "0 the power fails, 1 it is back: the pump boots from what its flash holds",
}
_FAULT_OF = {
    "kink": "catheter",
    "leak": "catheter",
    "stall": "motor",
    "slip": "motor",
    "runaway": "motor",
}

Stimulus = Callable[[int, str, Any], None]


class Rig:
    """A booted pump. sinks: told of all events. plant: overrides of the plant, see Plant.

    now_ms: virtual time since power-on. on_stimulus: told (t_us since power-on, "bytes" or a
    happening, data or amount) of whatever comes from outside.
    """

    magnet_ms = 3_300  # held 3 s, plus a slice of the pump's loop

    def __init__(self, seed: int = 1, sinks: Sequence[Sink] = (), **plant: float) -> None:
        self.world = self._make_world(seed)
        self.plant = Plant(self.world, **plant)
        self.watch = Watch(self.world, self.plant, sinks)
        self.on_stimulus: Stimulus = _nobody
        self._has_power = True
        self.world.boot()

    def _make_world(self, seed: int) -> World:
        return World(seed, disk=LittleDisk())

    @property
    def now_us(self) -> int:
        """Virtual time since power-on."""
        return self.world.now_us - self.world.start_us

    @property
    def now_ms(self) -> int:
        """Virtual time since power-on."""
        return self.now_us // 1_000

    def run_until_ms(self, t_ms: int) -> None:
        """Run until t_ms since power-on, or the first sleep of the pump's loop after it."""
        self.world.run_until(self.world.start_us + t_ms * 1_000)

    def announce(self, t_ms: int) -> None:
        """Something will be done at t_ms since power-on. An emulated pump need not know it."""

    def end(self) -> None:
        """The run is over: the observer takes its last look."""
        self.watch.end()

    def send(self, data: bytes) -> None:
        """Bytes begin to arrive at the pump, now."""
        self.on_stimulus(self.now_us, "bytes", data)
        self.watch.sent_to_pump(data)
        self.world.chip.outside.uart_in(data)

    def happen(self, what: str, amount: float = 0.0) -> None:
        """Do one of HAPPENINGS to the plant. Raises ValueError where the plant cannot do it."""
        if what not in HAPPENINGS:
            raise ValueError(f"{what}: what can happen is {', '.join(HAPPENINGS)}")
        told = amount
        if what in _FAULT_OF:
            faults.apply(self.plant, _FAULT_OF[what], what, amount)
        elif what == "release":
            told = self.plant.release()
        elif what == "magnet":
            self.plant.magnet(bool(amount))
        elif what == "refill":
            self.plant.refill(amount)
        elif what == "power":
            self._power(bool(amount))
        else:
            self.plant.csf(amount)
        self.on_stimulus(self.now_us, what, amount)
        self.watch.happened(what, told)

    def _power(self, on: bool) -> None:
        if on == self._has_power:
            raise ValueError(f"the power is {'on' if on else 'off'} already")
        self._has_power = on
        if on:
            self.world.power_on()
        else:
            self.world.power_cut()

    def hold_magnet(self) -> None:
        """Hold the magnet to the pump until its programming window is open, and take it away."""
        self.happen("magnet", 1)
        self.world.run_for_ms(self.magnet_ms)
        self.happen("magnet", 0)


class RigLink(EmuLink):
    """The serial line of a rig for the programmer: what is sent, the observer sees."""

    def __init__(self, rig: Rig) -> None:
        super().__init__(rig.world)
        self._rig = rig

    def write(self, data: bytes) -> None:
        """See EmuLink."""
        self._rig.send(data)


def _nobody(_t_us: int, _what: str, _value: Any) -> None:
    """Stands where nobody keeps what comes from outside."""
