"""Pumps whose event log is read over the line."""

from typing import Any

from emulator.emu_link import EmuLink
from protocol.programmer.client import Client
from protocol.programmer.event_log import Event, Log
from protocol.wire import schema
from tests.pumps import Bed


def told(found: list[Event]) -> list[tuple[Any, ...]]:
    """(name, arguments) of events, without the ledger's."""
    return [(one.name, *one.arguments.values()) for one in found if one.name != "LEDGER"]


def read(bed: Bed) -> Log:
    """All of it, by the programmer's client."""
    client = Client(EmuLink(bed.world))
    client.hello()
    log = Log()
    log.read_on(client)
    return log


def two_days() -> Bed:
    """Two days of a pump: set up, programmed, running, stalled, acknowledged, stopped."""
    bed = Bed()
    bed.running((0, 300_000), (720, 900_000))
    bed.run(hours=30)
    bed.plant.stall(True)
    bed.run(hours=1)
    bed.plant.stall(False)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    bed.run(hours=2)
    bed.ask(schema.STOP)
    bed.run(hours=1)
    return bed
