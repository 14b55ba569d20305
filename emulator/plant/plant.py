"""The plant on the pins: what the chip's outputs move, and what its inputs see of it.

Lazy: the fluid is advanced at step edges, conversions and changes, and at no other time. The only
events are the two encoder edges of each step, and the steps of a runaway while it lasts.

Called by the World's pins and events, and by scenarios; never by the firmware.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.plant import constants
from emulator.plant.hydraulics import Hydraulics
from emulator.plant.motor import Motor
from emulator.plant.ranges import require
from emulator.plant.sensors import AnalogueSensor, Encoder
from firmware import pins

if TYPE_CHECKING:
    from emulator.world import World


class Plant:
    """The reference pump's physics, wired to ``world.chip`` by the pin names of firmware/pins.py.

    noise: 0 for sensors without any. body_c: body temperature, 34 .. 42 C. overrides: those of
    Hydraulics, such as ``tolerance`` or ``capacity_nl``. ValueError for a value out of range,
    TypeError for an unknown name.
    fluid, motor: the parts, to be read. Build it before the firmware boots; it outlives resets.
    """

    def __init__(
        self,
        world: World,
        *,
        noise: float = 1,
        body_c: float = constants.BODY_C,
        **overrides: float,
    ) -> None:
        self._world = world
        self._drive = world.chip.outside.drive
        self.fluid = Hydraulics(world.now_us, **overrides)
        self.motor = Motor(world.random.u16)
        random_u16 = world.random.u16 if noise else None
        self._encoder = Encoder()
        self._pressure = AnalogueSensor(constants.PRESSURE_SENSOR, random_u16, body_c)
        self._level = AnalogueSensor(constants.LEVEL_SENSOR, random_u16, body_c)
        self._runaway_us = 0  # period of the runaway's steps; 0: none
        self._runaway_number = 0  # events of an earlier runaway know it by its number
        self._wire()

    def kink(self, fraction: float) -> None:
        """Close this part of the bore's diameter where the spine begins. 0 open .. 1 shut."""
        self.fluid.kink(self._world.now_us, fraction)

    def release(self) -> float:
        """Open the kink; return the stored nL that leave by the tip within 1 s."""
        return self.fluid.release(self._world.now_us)

    def leak(self, fraction: float) -> None:
        """Lose this part of a steady flow at the connector. 0 tight .. 1 pulled off."""
        self.fluid.leak(self._world.now_us, fraction)

    def csf(self, pressure_pa: float) -> None:
        """The spinal fluid has this pressure from now on; `csf.POSTURES_PA` has usual ones."""
        self.fluid.set_csf(self._world.now_us, pressure_pa)

    def refill(self, volume_nl: float) -> None:
        """Inject through the septum. ValueError unless 0 .. the room that is left."""
        self.fluid.refill(self._world.now_us, volume_nl)

    def stall(self, on: bool) -> None:
        """The rotor is jammed, or free again. ValueError: it is running away."""
        if on and self._runaway_us:
            raise ValueError("a motor that runs away is not stalled")
        self.motor.stalled = bool(on)

    def slip(self, fraction: float) -> None:
        """Lose this fraction of the steps, at random. 0 none .. 1 all."""
        self.motor.set_slip(fraction)

    def runaway(self, hz: float) -> None:
        """The driver steps forward by itself, whatever STEP and EN say; the supply stops it.

        hz: steps a second; 0 ends it; up to 100: faster, the rotor does not settle. ValueError
        beyond, or if the motor is stalled.
        """
        require("runaway in Hz", hz, 0.0, constants.RUNAWAY_HZ_MAX)
        if hz and self.motor.stalled:
            raise ValueError("a stalled motor does not run away")
        self._runaway_us = round(1e6 / hz) if hz else 0
        self._start_runaway()

    def magnet(self, present: bool) -> None:
        """The magnet lies over the pump, or is taken away."""
        self._drive(self._magnet_gpio, 0 if present else 1)

    def snapshot(self) -> dict[str, float]:
        """All that can be counted, now: Ledger.entries, and steps lost, pressures and faults.

        ConservationError if fluid was made or lost.
        """
        now_us = self._world.now_us
        fluid = self.fluid
        fluid.advance(now_us)
        fluid.ledger.check()
        found = fluid.ledger.entries()
        found["t_us"] = now_us
        found["lost_steps"] = self.motor.lost_steps
        found["unasked_steps"] = self.motor.unasked_steps
        found["outlet_pa"] = fluid.catheter.pressure_pa
        found["csf_pa"] = fluid.csf.pressure_pa
        found["kink"] = fluid.catheter.kink
        found["leak"] = fluid.catheter.leak
        return found

    def _wire(self) -> None:
        """Connect every pin of the plant, and take the outputs as they stand.

        The driver has a pull-up on EN and the supply switch a pull-down, so that a chip in reset,
        whose pins float, leaves the motor off.
        """
        outside = self._world.chip.outside
        self._encoder_a_gpio = pins.ENC_A
        self._magnet_gpio = pins.MAGNET
        outside.drive(pins.ENC_A, 0)
        outside.drive(pins.MAGNET, 1)
        outside.drive(pins.EN, 1)
        outside.drive(pins.SUPPLY, 0)
        outside.read_from(pins.ENC_B, self._read_b)
        outside.adc(pins.PRESSURE, self._read_pressure)
        outside.adc(pins.LEVEL, self._read_level)
        outside.listen(pins.STEP, self._on_step)
        for gpio, listener in (
            (pins.DIR, self._on_direction),
            (pins.EN, self._on_enable),
            (pins.SUPPLY, self._on_supply),
        ):
            outside.listen(gpio, listener)
            listener(outside.level(gpio))

    def _on_step(self, level: int) -> None:
        if level:
            now_us = self._world.now_us
            fluid = self.fluid
            motor = self.motor
            fluid.advance(now_us)
            if motor.step(now_us, fluid.load_unm(motor.direction)):
                self._turn(now_us, motor.direction)

    def _on_direction(self, level: int) -> None:
        self.motor.direction = 1 if level else -1

    def _on_enable(self, level: int) -> None:
        self.motor.set_enable(not level, self._world.now_us)

    def _on_supply(self, level: int) -> None:
        self.motor.set_supply(bool(level), self._world.now_us)
        self._start_runaway()

    def _turn(self, now_us: int, direction: int) -> None:
        """The rotor makes a step: the fluid at once, the encoder's edges on its way."""
        self.fluid.turn(direction)
        encoder = self._encoder
        encoder.turn(now_us, direction)
        self._world.at(encoder.rise_us, self._on_encoder_a, 1)
        self._world.at(encoder.fall_us, self._on_encoder_a, 0)

    def _on_encoder_a(self, level: int) -> None:
        self._drive(self._encoder_a_gpio, level)

    def _read_b(self) -> int:
        return self._encoder.level_b(self._world.now_us)

    def _read_pressure(self) -> int:
        self.fluid.advance(self._world.now_us)
        return self._pressure.read(self.fluid.catheter.pressure_pa)

    def _read_level(self) -> int:
        self.fluid.advance(self._world.now_us)
        return self._level.read(self.fluid.reservoir.volume_nl)

    def _start_runaway(self) -> None:
        """A new runaway, or an old one whose supply came back; without supply nothing ticks."""
        self._runaway_number += 1
        if self._runaway_us and self.motor.supplied:
            first_us = self._world.now_us + self._runaway_us
            self._world.at(first_us, self._run_away, self._runaway_number)

    def _run_away(self, number: int) -> None:
        if number == self._runaway_number:
            now_us = self._world.now_us
            self.fluid.advance(now_us)
            if self.motor.step_unasked(now_us, self.fluid.load_unm(1)):
                self._turn(now_us, 1)
            self._world.at(now_us + self._runaway_us, self._run_away, number)
