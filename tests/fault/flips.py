"""Flips one bit of the pump's guarded memory, on the whole pump, and watches what it does then."""

from collections.abc import Callable, Iterator
from typing import Any

from firmware.pins import EN, SUPPLY
from protocol import names
from protocol.wire import events, schema
from tests.fault.log_entries import entries, newest
from tests.pumps import Bed

FAULT_ENTRIES = 10  # fault, state, alarm, rate, ledger
PERIOD_MS = 4_320  # at 1 mL/day and 50 nL a step
ALL_DAY = ((0, 1_000_000),)
BY_THE_HOUR = tuple((60 * hour, 1_000_000) for hour in range(24))
UNTIL_MS = {  # from a step's edge to the flip, and whether a permitted step may still come
    "between two steps": (2_000, 0),
    "before the edge of a permitted step": (-15, 1),
    "after the edge, before it is booked": (20, 0),
}

Segments = tuple[tuple[int, int], ...]
ARRAYS: dict[str, Callable[[Any], Any]] = {
    "step": lambda pump: pump.guard.step,
    "rest": lambda pump: pump.guard.rest,
    "totals": lambda pump: pump.guard.totals,
    "edges": lambda pump: pump.motion._edges,
}


class Flipper:
    """A pump that is brought to the same instant again for each bit."""

    def __init__(self, segments: Segments) -> None:
        self.bed = Bed()
        self.bed.running(*segments)
        self._disk = dict(self.bed.world.disk._entries)

    def bits(self) -> Iterator[tuple[str, int, int]]:
        """(array, word, bit) of all that is guarded now."""
        for name, words in ARRAYS.items():
            found = words(self.bed.pump)
            for word in range(len(found)):
                for bit in range(8 * found.itemsize):
                    yield name, word, bit

    def start_again(self) -> None:
        """Boot from the same flash."""
        world = self.bed.world
        world.disk._entries = dict(self._disk)
        world.reset(world.chip.PWRON_RESET)

    def flip(self, array: str, word: int, bit: int) -> None:
        words = ARRAYS[array](self.bed.pump)
        memoryview(words).cast("B")[word * words.itemsize + bit // 8] ^= 1 << bit % 8

    def flip_at(self, after_ms: int, array: str, word: int, bit: int) -> int:
        """Flip so long after the edge of a step, to the millisecond: steps made by then.

        Runs on for two minutes. A slice of the loop's sleep may be long, so the flip is an event.
        """
        bed = self.bed
        steps = len(bed.steps)
        while len(bed.steps) == steps:
            bed.run(ms=100)
        made: list[int] = []

        def now(_: None) -> None:
            self.flip(array, word, bit)
            made.append(len(bed.steps))

        edge_ms = bed.steps[-1] + PERIOD_MS
        bed.world.at(bed.world.zero_us + (edge_ms + after_ms) * 1_000, now)
        bed.run(minutes=2)
        return made[0]

    def verdict(self, made: int, may_step: int) -> str:
        """What went wrong in the two minutes after the flip; empty: found, and safe."""
        bed = self.bed
        steps = bed.steps[made:]
        outside = bed.world.chip.outside
        alarm = bed.pump.alarms.table[schema.INVARIANT_BROKEN]
        reason = names.FAULTS[bed.pump.state.fault_reason]
        wrong = [
            (len(steps) > may_step, "a step after the flip"),
            (any(at_ms != bed.steps[made - 1] + PERIOD_MS for at_ms in steps), "a wrong instant"),
            (reason != "MEMORY_CORRUPT", "not found"),
            (bed.pump.state.state != schema.FAULT, "no fault"),
            (not alarm.active or not alarm.waiting, "no alarm"),
            (not self._is_logged(), "nothing in the log"),
            (outside.level(SUPPLY) != 0, "the motor supply is on"),
            (outside.level(EN) != 1, "the driver is on"),
        ]
        return ", ".join(text for is_so, text in wrong if is_so)

    def _is_logged(self) -> bool:
        """Among the newest entries, of which a fault makes a few."""
        reason = names.FAULTS.index("MEMORY_CORRUPT")
        found = entries(self.bed, newest(self.bed) - FAULT_ENTRIES)
        return any((one.kind, one.a) == (events.FAULT, reason) for one in found)


def campaign(
    when: str, segments: Segments, totals_every: int = 1
) -> tuple[int, list[tuple[str, int, int, str]]]:
    """(bits flipped, those with a verdict) over every bit, at this instant.

    totals_every: of the ledger's sums one bit in so many.
    """
    after_ms, may_step = UNTIL_MS[when]
    flipper = Flipper(segments)
    failed = []
    count = 0
    for array, word, bit in list(flipper.bits()):
        if array == "totals" and (32 * word + bit) % totals_every:
            continue
        flipper.start_again()
        verdict = flipper.verdict(flipper.flip_at(after_ms, array, word, bit), may_step)
        count += 1
        if verdict:
            failed.append((array, word, bit, verdict))
    return count, failed
