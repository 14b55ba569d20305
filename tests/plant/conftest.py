"""A plant on a chip, with a firmware that does nothing but let the test move the pins."""

import pytest

from emulator.plant.plant import Plant
from emulator.world import World


class Hands:
    """Stands for a pump: its loop sleeps, and a test moves the pins of the reference board."""

    def __init__(self, world):
        from firmware import board

        pin = world.chip.Pin
        self.world = world
        self.loop = self
        self.supply = pin(board.SUPPLY, pin.OUT, value=0)
        self.enable = pin(board.EN, pin.OUT, value=1)
        self.direction = pin(board.DIR, pin.OUT, value=1)
        self.step_pin = pin(board.STEP, pin.OUT, value=0)
        self.encoder_a = pin(board.ENC_A, pin.IN)
        self.encoder_b = pin(board.ENC_B, pin.IN)
        self.magnet = pin(board.MAGNET, pin.IN, pin.PULL_UP)
        self.pressure = world.chip.ADC(board.PRESSURE)
        self.level = world.chip.ADC(board.LEVEL)
        self.edges = []
        self.encoder_a.irq(handler=self.on_edge, hard=True)

    def run_once(self):
        self.world.clock.sleep_ms(1)

    def on_edge(self, _pin):
        self.edges.append((self.world.now_us, self.encoder_a.value(), self.encoder_b.value()))

    def power(self):
        """Supply on, driver enabled, rotor on its detent."""
        self.supply.value(1)
        self.enable.value(0)
        self.world.run_for_ms(20)

    def step(self, count=1, every_ms=180):
        """Edges on STEP, as the firmware's drive makes them."""
        for _ in range(count):
            self.step_pin.value(1)
            self.step_pin.value(0)
            self.world.run_for_ms(every_ms)

    def pressure_pa(self):
        """As the firmware reckons it."""
        return (self.pressure.read_u16() >> 4) * 200_000 / 4096 - 20_000

    def level_nl(self):
        """As the firmware reckons it."""
        return (self.level.read_u16() >> 4) * 11_719


@pytest.fixture
def world():
    return World(seed=1)


@pytest.fixture
def make_plant(world):
    """make_plant(**overrides) -> (plant, hands), booted."""

    def make(**overrides):
        plant = Plant(world, **overrides)
        world.boot(build=lambda it: (None, Hands(it)))
        return plant, world.pump

    return make
