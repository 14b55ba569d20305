"""The programmer's client at a bed: the real firmware, reached as over a serial line."""

import pytest

from emulator.emu_link import EmuLink
from protocol.programmer.client import Client
from tests.pumps import Bed
from tests.wire.desk import SIMPLE, Desk


@pytest.fixture
def bed() -> Bed:
    """A blank pump, just switched on."""
    return Bed()


@pytest.fixture
def client(bed: Bed) -> Client:
    """A programmer that has said nothing yet."""
    return Client(EmuLink(bed.world))


@pytest.fixture
def desk() -> Desk:
    """A command line and a blank pump."""
    return Desk()


@pytest.fixture
def ready(desk: Desk) -> Desk:
    """A pump with the simple program, stopped."""
    desk.program(SIMPLE)
    return desk
