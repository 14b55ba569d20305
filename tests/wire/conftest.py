"""The programmer's client at a bed: the real firmware, reached as over a serial line."""

import pytest

from emulator.emu_link import EmuLink
from protocol.programmer.client import Client
from protocol.programmer.event_log import Log
from tests.pumps import Bed
from tests.wire.desk import NIGHT, OK, SIMPLE, Desk
from tests.wire.logs import read, two_days


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


@pytest.fixture(scope="module")
def life() -> Bed:
    """A pump of which much is logged; to be asked, not to be changed."""
    return two_days()


@pytest.fixture(scope="module")
def log(life: Bed) -> Log:
    """Its log, as it was read."""
    return read(life)


@pytest.fixture
def used(desk: Desk) -> Desk:
    """A pump that has had a night program for a day."""
    desk.program(NIGHT)
    assert desk.run("start", "--yes").exit_code == OK
    desk.bed.run(hours=24)
    return desk
