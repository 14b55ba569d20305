"""A pump without a firmware: a test moves the pins itself."""

from collections.abc import Callable

from emulator.plant.plant import Plant
from emulator.world import World
from firmware import pins


class Hands:
    """Stands for a pump: its turns only sleep, and a test moves the pins of the board."""

    def __init__(self, world: World) -> None:
        pin = world.chip.Pin
        self.world = world
        self.supply = pin(pins.SUPPLY, pin.OUT, value=0)
        self.enable = pin(pins.EN, pin.OUT, value=1)
        self.direction = pin(pins.DIR, pin.OUT, value=1)
        self.step_pin = pin(pins.STEP, pin.OUT, value=0)
        self.encoder_a = pin(pins.ENC_A, pin.IN)
        self.encoder_b = pin(pins.ENC_B, pin.IN)
        self.magnet = pin(pins.MAGNET, pin.IN, pin.PULL_UP)
        self.pressure = world.chip.ADC(pins.PRESSURE)
        self.level = world.chip.ADC(pins.LEVEL)
        self.edges: list[tuple[int, int, int]] = []
        self.encoder_a.irq(handler=self.on_edge, hard=True)

    def turn(self) -> None:
        self.world.clock.sleep_ms(1)

    def on_edge(self, _pin: object) -> None:
        self.edges.append((self.world.now_us, self.encoder_a.value(), self.encoder_b.value()))

    def power(self) -> None:
        """Supply on, driver enabled, rotor on its detent."""
        self.supply.value(1)
        self.enable.value(0)
        self.world.run_for_ms(20)

    def step(self, count: int = 1, every_ms: int = 180) -> None:
        """Edges on STEP, as the firmware's drive makes them."""
        for _ in range(count):
            self.step_pin.value(1)
            self.step_pin.value(0)
            self.world.run_for_ms(every_ms)

    def pressure_pa(self) -> float:
        """As the firmware reckons it."""
        code: int = self.pressure.read_u16() >> 4
        return code * 200_000 / 4096 - 20_000

    def level_nl(self) -> int:
        """As the firmware reckons it."""
        code: int = self.level.read_u16() >> 4
        return code * 11_719


MakePlant = Callable[..., tuple[Plant, Hands]]
