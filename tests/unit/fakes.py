"""Small firmware for tests of the kernel: a loop that sleeps and does nothing else."""

from collections.abc import Callable

from emulator.world import World


class Sleeper:
    """Stands for the pump: each turn calls ``work``, then sleeps ``slice_ms``."""

    def __init__(self, world: World, slice_ms: int, work: Callable[[], None]) -> None:
        self.world = world
        self.slice_ms = slice_ms
        self.work = work
        self.turns: list[int] = []

    def turn(self) -> None:
        self.turns.append(self.world.now_us - self.world.start_us)
        self.work()
        self.world.clock.sleep_ms(self.slice_ms)


def boot_sleeper(
    world: World, slice_ms: int = 250, work: Callable[[], None] = lambda: None
) -> Sleeper:
    """Boot ``world`` with a Sleeper; after a reset there is a new one in world.pump."""
    world.boot(build=lambda world: (None, Sleeper(world, slice_ms, work)))
    sleeper: Sleeper = world.pump
    return sleeper
