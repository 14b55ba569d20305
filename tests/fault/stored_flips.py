"""Flips one bit of a stored record while the pump has no power, and looks at the start after it.

In one generation nothing may be lost, and the ledger's bracket holds the truth. In both the pump
must say so, and make no step until somebody has acknowledged it.
"""

from collections.abc import Iterator

from emulator.bedside import Refused
from firmware import records
from protocol import names
from protocol.wire import schema
from tests.fault.test_restore import made, waiting
from tests.kept import path_of
from tests.pumps import Bed

GENERATIONS = ("0", "1", "01")
KINDS = (
    records.SETUP,
    records.THERAPY,
    records.CONDITION,
    records.LEDGER,
    records.BOLUSES,
)
_SEGMENTS = ((0, 1_000_000), (720, 900_000))


class Shelf:
    """A pump without power, whose disk is put back before each trial."""

    def __init__(self) -> None:
        self.bed = bed = Bed(capacity_nl=40_000_000)
        bed.running(*_SEGMENTS)
        bed.programmer.bolus(5_000, 4_000_000)
        bed.programmer.goodbye()
        bed.run(hours=1)
        self.told = self._told()
        bed.programmer.goodbye()
        bed.run(minutes=5)
        bed.world.power_cut()
        self._disk = dict(bed.world.disk._entries)
        self._made_before = made(bed)

    def bits(self, kind: int, every: int) -> Iterator[int]:
        """Places of bits in its records, one in so many."""
        size = min(len(self._read(kind, one)) for one in "01")
        return iter(range(kind % every, 8 * size, every))

    def flip(self, kind: int, generations: str, bit: int) -> None:
        """The disk as it was, but for this bit."""
        disk = self.bed.world.disk
        disk._entries = dict(self._disk)
        for one in generations:
            data = bytearray(self._read(kind, one))
            data[bit // 8] ^= 1 << bit % 8
            with disk.open(path_of(kind, one), "wb") as file:
                file.write(data)

    def verdict(self, kind: int, generations: str) -> str:
        """What is wrong after a start; "" is as it should be. The pump is without power again."""
        bed = self.bed
        made_here = made(bed)
        bed.world.power_on()
        bed.run(s=2)
        try:
            wrong = self._lost(kind) if generations == "01" else self._kept(made_here)
        except Refused as refused:
            wrong = f"refused {refused}"
        bed.world.power_cut()
        return wrong

    def _lost(self, kind: int) -> str:
        bed = self.bed
        found = waiting(bed)
        steps = len(bed.steps)
        bed.run(minutes=1)
        if "RESTORE_FAILED" not in found:
            return f"not told, alarms {sorted(found)}"
        value = bed.pump.alarms.table[schema.RESTORE_FAILED].value
        if not value >> kind & 1:
            return f"told as {value:#x}"
        return f"{len(bed.steps) - steps} steps" if len(bed.steps) > steps else ""

    def _kept(self, made_here: int) -> str:
        bed = self.bed
        if bed.state != schema.RUNNING:
            return names.STATES[bed.state]
        if self._told() != self.told:
            return f"told {self._told()}, was {self.told}"
        truth = self._made_before + made(bed) - made_here
        totals = bed.totals()
        low, high = totals["verified_steps"], totals["verified_steps"] + totals["unverified_steps"]
        return "" if low - 1 <= truth <= high else f"{truth} steps in [{low}, {high}]"

    def _told(self) -> tuple[object, ...]:
        bed = self.bed
        setup, held = bed.ask(schema.READ_SETUP), bed.ask(schema.READ_BACK)
        boluses = [
            {name: value for name, value in row.items() if name in ("volume_nl", "outcome")}
            for row in bed.ask(schema.BOLUSES)["boluses"]
        ]
        return setup, held, boluses

    def _read(self, kind: int, generation: str) -> bytes:
        with self.bed.world.disk.open(path_of(kind, generation), "rb") as file:
            data: bytes = file.read()
        return data


def campaign(every: int = 1) -> tuple[int, list[tuple[str, str, int, str]]]:
    """(bits flipped, those with a verdict): of every record, in one generation and in both."""
    shelf = Shelf()
    failed = []
    count = 0
    for kind in KINDS:
        for generations in GENERATIONS:
            shelf.bed.world.disk._entries = dict(shelf._disk)
            for bit in list(shelf.bits(kind, every)):
                shelf.flip(kind, generations, bit)
                verdict = shelf.verdict(kind, generations)
                count += 1
                if verdict:
                    failed.append((names.RECORDS[kind], generations, bit, verdict))
    return count, failed
