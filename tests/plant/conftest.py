"""A plant on a chip, with hands on the pins instead of a firmware."""

import pytest

from emulator.plant.plant import Plant
from emulator.world import World
from tests.plant.hands import Hands, MakePlant


@pytest.fixture
def world() -> World:
    return World(seed=1)


@pytest.fixture
def make_plant(world: World) -> MakePlant:
    """make_plant(**overrides) -> (plant, hands), booted."""

    def make(**overrides: float) -> tuple[Plant, Hands]:
        plant = Plant(world, **overrides)
        world.boot(build=lambda it: (None, Hands(it)))
        return plant, world.pump

    return make
