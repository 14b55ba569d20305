"""The same flash on a virtual Pico and in a World: operations, or a record that is damaged.

The pump has been set up on the board and delivers; the flash is what lay there then.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from emulator.bedside import Bedside, Refused
from emulator.bench.pico import VirtualPico
from emulator.flash import ERASE_US, PAGE_US
from emulator.plant.plant import Plant
from emulator.world import World
from firmware import records
from protocol import names
from protocol.wire import schema
from tests.kept import path_of
from tests.power_loss.board_ward import STARTED_MS, BoardWard, disk_of
from tests.power_loss.stretches import Stretch, Stretches
from tests.power_loss.workloads import SETTLE_S

SLOWEST_START_MS = 6_000  # where every erasure takes its worst time
HOURLY = tuple((60 * hour, 500_000 + 1_000 * hour) for hour in range(24))
RATE_NL_DAY = 800_000
BOLUS = (20_000, 4_800_000)  # nL, nL/day: 6 min
KINDS = (records.SETUP, records.THERAPY, records.CONDITION, records.LEDGER, records.BOLUSES)


class Lived(NamedTuple):
    """system: the blocks of the files. steps: that the plant had made, so many of them before
    the bolus that is under way."""

    system: bytes
    steps: int
    steps_before: int


class Work(NamedTuple):
    """What one thing that writes asked of the flash. stretches: all of it, on the board."""

    name: str
    erases: int
    pages: int
    stretches: tuple[Stretch, ...] = ()


def lived(pico: VirtualPico) -> Lived:
    """In a copy: pico is at its gate."""
    ward = BoardWard(pico)
    ward.start()
    ward.bedside.commission()
    ward.prescribe((0, RATE_NL_DAY), (490, 1_200_000))
    ward.ask(schema.START)
    ward.run(s=20)
    steps_before = ward.steps
    ward.bolus(*BOLUS)
    ward.run(s=10)
    return Lived(pico.flash[pico.kind.fs_start :], ward.steps, steps_before)


def _works(bedside: Bedside, run: Callable[[float], None]) -> Iterator[str]:
    """Everything that writes, one after the other; each is over when its name comes."""
    yield "start"
    requests: dict[str, Callable[[], Any]] = {
        "prescription": lambda: bedside.prescribe(list(HOURLY)),
        "stop": lambda: bedside.ask(schema.STOP),
        "start of therapy": bedside.start,
        "clock": lambda: bedside.ask(schema.SET_CLOCK, {"wall_s": 500_000_000}),
    }
    for name, request in requests.items():
        bedside.hello()
        request()
        bedside.goodbye()
        run(SETTLE_S)
        yield name
    run(100)
    yield "delivery"


def on_board(pico: VirtualPico, system: bytes, erase_us: int, page_us: int) -> list[Work]:
    """In a copy: pico is at its gate. erase_us, page_us: of its flash."""
    ward = BoardWard(pico, system)
    pico.nor.erase_us, pico.nor.page_us = erase_us, page_us
    stretches = Stretches(pico)
    ward.start(SLOWEST_START_MS)
    found = []
    for name in _works(ward.bedside, lambda s: pico.run_for_ms(s * 1_000)):
        taken = stretches.taken()
        erases = sum(one.erases for one in taken)
        pages = sum(len(one.operations) for one in taken) - erases
        found.append(Work(name, erases, pages, taken))
    return found


def in_a_world(system: bytes) -> list[Work]:
    """The emulated flash counts its programmings by the time that their pages take."""
    world, bedside = _world(system, SLOWEST_START_MS)
    flash = world.disk.flash
    found = []
    erased = busy_us = 0
    for name in _works(bedside, lambda s: world.run_for_ms(int(s * 1_000))):
        erases, us = sum(flash.worn) - erased, flash.busy_us - busy_us
        found.append(Work(name, erases, (us - erases * ERASE_US) // PAGE_US))
        erased, busy_us = sum(flash.worn), flash.busy_us
    return found


def _world(system: bytes, ms: int = STARTED_MS) -> tuple[Any, Bedside]:
    """Started."""
    world = World(disk=disk_of(system))
    Plant(world, capacity_nl=40_000_000)
    bedside = Bedside(world)
    world.boot()
    world.run_for_ms(ms)
    return world, bedside


class Apart(NamedTuple):
    """How far two lists of works are apart: erasures in all; erasures of one work; its pages where
    it has the same erasures, beyond one for each folder that is written anew; and where not.
    """

    erases_in_all: int
    erases: int
    pages: int
    pages_anew: int


def apart(board: list[Work], world: list[Work]) -> Apart:
    """VfsLfs2 keeps 12 bytes more a file: a folder is full, and erased for, a write sooner."""
    found = [
        (one.erases - other.erases, max(0, abs(one.pages - other.pages) - other.erases))
        for one, other in zip(board, world, strict=True)
    ]
    return Apart(
        abs(sum(erases for erases, _ in found)),
        max(abs(erases) for erases, _ in found),
        max((pages for erases, pages in found if not erases), default=0),
        max((pages for erases, pages in found if erases), default=0),
    )


def damaged(system: bytes, kind: int, generations: str) -> bytes:
    """With one bit flipped in each of these files of a record. kind: see firmware/records.py.

    generations: "0", "1" or "01"; "new": the one with the higher sequence.
    """
    disk = disk_of(system)
    if generations == "new":
        generations = max("01", key=lambda name: _read(disk, path_of(kind, name))[4:8][::-1])
    for name in generations:
        data = bytearray(_read(disk, path_of(kind, name)))
        data[len(data) // 2] ^= 0x10
        with disk.open(path_of(kind, name), "wb") as file:
            file.write(data)
    return disk.flash.image()


def _read(disk: Any, path: str) -> bytes:
    with disk.open(path, "rb") as file:
        data: bytes = file.read()
    return data


def found_by(bedside: Bedside) -> dict[str, Any]:
    """What a pump says of itself that has just started."""
    hello = bedside.hello()
    status = bedside.ask(schema.STATUS)
    totals = bedside.ask(schema.TOTALS)
    boluses = bedside.ask(schema.BOLUSES)
    try:
        digest = bedside.ask(schema.READ_BACK)["digest"].hex()
    except Refused as refusal:
        digest = refusal.values["name"]
    waiting = status["alarms_waiting"]
    return {
        "serial": hello["serial"],
        "state": names.STATES[status["state"]],
        "waiting": [row[0] for at, row in enumerate(schema.ALARM_TABLE) if waiting >> at & 1],
        "prescription": digest,
        "step_pl": totals["step_pl"],
        "verified_steps": totals["verified_steps"],
        "unverified_steps": totals["unverified_steps"],
        "bolus_count": boluses["count"],
        "boluses": [_without_age(row) for row in boluses["boluses"]],
        "locked_out": boluses["wait_s"] > 0,
    }


def _without_age(row: dict[str, Any]) -> dict[str, Any]:
    """Of a bolus: all that is no matter of when it is asked for, the outcome by name."""
    found = {**row, "outcome": names.BOLUS_OUTCOMES[row["outcome"]]}
    del found["age_s"]
    return found


def found_on_board(pico: VirtualPico, system: bytes) -> dict[str, Any]:
    """In a copy: pico is at its gate."""
    ward = BoardWard(pico, system)
    ward.start()
    return found_by(ward.bedside)


def found_in_a_world(system: bytes) -> dict[str, Any]:
    """The same flash in emulation."""
    return found_by(_world(system)[1])
