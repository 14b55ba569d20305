"""Flips one bit of the guarded arrays in the RAM of a virtual Pico, and watches what it does then.

The pump is brought to an instant once, and each bit flipped in a copy of it (bench/copies.py). The
arrays are found by what they are: MicroPython's array objects of that size, whose words and
complements agree.
"""

import random
import struct
from array import array
from collections.abc import Iterator
from typing import Any, NamedTuple

from emulator.bench.pico import VirtualPico
from firmware import guard, ledger, sums
from firmware.pins import EN, STEP, SUPPLY
from protocol import names
from protocol.wire import schema
from tests.bench.copies import in_a_copy
from tests.fault.flips import BY_THE_HOUR, PERIOD_MS
from tests.power_loss.board_ward import BoardWard

RAM_START = 0x2000_0000
# From a step's edge to the flip, in ms, and whether a permitted step may still come; as in
# flips.py, but for the time from the permit to the edge, which is shorter on the chip.
INSTANTS = {
    "between two steps": (2_000, 0),
    "before the edge of a permitted step": (-10, 1),
    "after the edge, before it is booked": (20, 0),
}
CONTROL = "none"
FOLDED_VERIFIED = 4 * ledger.SPANS  # firmware/ledger.py: behind four sums of each span
FULL_ONES = 10  # one flip in so many is also asked about over the line
_SLICE_MS = 10
_FAULT_MS = 3_000  # after the supply went off, where it is asked: fault and alarm are written
_SEED = 1
# py/objarray.h: type, typecode in the low byte and spare items above, length, pointer to items.
_OBJECT = "<IIII"
_REST_WORDS = guard.REST_WORDS + guard.SEGMENT_WORDS * len(BY_THE_HOUR)


class Words(NamedTuple):
    """An array: name, address of its items in the RAM, how many bytes."""

    name: str
    address: int
    size: int


class Flip(NamedTuple):
    """instant: of INSTANTS. byte: place in the array. mask: of the bits in it."""

    instant: str
    array: str
    byte: int
    mask: int


def arrays(ram: bytes) -> list[Words]:
    """The four guarded ones. AssertionError where one is not there, or cannot be told."""
    kinds = {"step": ("i", guard.STEP_WORDS), "rest": ("i", _REST_WORDS), "edges": ("H", 2)}
    kinds["totals"] = ("i", guard.TOTALS_WORDS)
    found = []
    for name, kind in kinds.items():
        places = {items for items in _objects(ram, *kind) if _is_sound(ram, items, *kind)}
        if name == "totals":  # a new array each time; those before may still lie there
            places = {max(places, key=lambda items: _folded_steps(ram, items))}
        assert len(places) == 1, (name, places)
        found.append(Words(name, places.pop(), kind[1] * struct.calcsize(kind[0])))
    return found


def _objects(ram: bytes, code: str, count: int) -> Iterator[int]:
    """Where the items of all array objects lie that have this typecode and length."""
    for at in range(0, len(ram) - 16, 4):
        _, kind, length, items = struct.unpack_from(_OBJECT, ram, at)
        if kind & 0xFF == ord(code) and length == count:
            size = count * struct.calcsize(code)
            if RAM_START <= items <= RAM_START + len(ram) - size:
                yield items - RAM_START


def _folded_steps(ram: bytes, items: int) -> int:
    """Verified steps that an array of totals goes up to."""
    words = array("i", struct.unpack_from(f"<{guard.TOTALS_WORDS}i", ram, items))
    return sums.read(words, FOLDED_VERIFIED)


def _is_sound(ram: bytes, items: int, code: str, count: int) -> bool:
    """Each number stands next to its complement."""
    words = struct.unpack_from(f"<{count}{code}", ram, items)
    whole = -1 if code == "i" else 0xFFFF
    return all(a + b == whole for a, b in zip(words[::2], words[1::2]))


class _Watched:
    """A running pump with 24 segments of 1 mL/day, in the middle of its delivery."""

    def __init__(self, pico: VirtualPico) -> None:
        self.pico = pico
        self.ward = BoardWard(pico)
        self.steps_us: list[int] = []
        pico.watch(STEP, lambda level: self.steps_us.append(pico.now_us) if level else None)
        self.ward.start()
        self.ward.bedside.commission()
        self.ward.prescribe(*BY_THE_HOUR)
        self.ward.ask(schema.START)
        self.ward.run(s=30)

    def to(self, after_ms: int) -> None:
        """Run on to so long after a step's edge."""
        steps = len(self.steps_us)
        while len(self.steps_us) == steps:
            self.pico.run_for_ms(_SLICE_MS)
        self.pico.run_until_us(self.steps_us[-1] + (PERIOD_MS + after_ms) * 1_000)

    def verdict(self, flip: Flip, at: int, is_full: bool) -> str:
        """What is wrong after the flip; empty: found, and safe. In a copy. at: of the array."""
        pico = self.pico
        made = len(self.steps_us)
        pico.chip.sram[at + flip.byte] ^= flip.mask
        until_us = pico.now_us + 2 * PERIOD_MS * 1_000
        while pico.level(SUPPLY) and pico.now_us < until_us:
            pico.run_for_ms(_SLICE_MS)
        wrong = [(pico.level(SUPPLY) != 0, "not found: the motor supply is on")]
        if is_full:
            pico.run_for_ms(_FAULT_MS)
            status = self.ward.ask(schema.STATUS)
            told = names.STATES[status["state"]], names.FAULTS[status["fault_reason"]]
            wrong.append((told != ("FAULT", "MEMORY_CORRUPT"), f"told {told}"))
            pico.run_for_ms(2 * PERIOD_MS)
        else:
            pico.run_for_ms(_SLICE_MS)
        late_us = [t_us for t_us in self.steps_us[made:] if not self._is_due(t_us, made)]
        wrong += [
            (len(self.steps_us) - made > INSTANTS[flip.instant][1], "a step after the flip"),
            (bool(late_us), "a wrong instant"),
            (pico.level(EN) != 1, "the driver is on"),
        ]
        return ", ".join(text for is_so, text in wrong if is_so)

    def _is_due(self, t_us: int, made: int) -> bool:
        return abs(t_us - self.steps_us[made - 1] - PERIOD_MS * 1_000) <= 2_000


def _at_instant(pump: _Watched, flips: list[tuple[int, Flip]]) -> list[tuple[Flip, str]]:
    """In a copy."""
    pump.to(INSTANTS[flips[0][1].instant][0])
    places = {words.name: words.address for words in arrays(bytes(pump.pico.chip.sram))}
    places[CONTROL] = 0
    found = []
    for number, flip in flips:
        is_full = number % FULL_ONES == 0 and flip.array != CONTROL
        found.append((flip, in_a_copy(pump.verdict, flip, places[flip.array], is_full)))
    return found


def _campaign(pico: VirtualPico, count: int) -> list[tuple[Flip, str]]:
    """In a copy: pico is at its gate."""
    pump = _Watched(pico)
    draw = random.Random(_SEED)
    places = [
        (words.name, byte, 1 << bit)
        for words in arrays(bytes(pico.chip.sram))
        for byte in range(words.size)
        for bit in range(8)
    ]
    chosen = [Flip(draw.choice(list(INSTANTS)), *place) for place in draw.sample(places, count)]
    chosen += [Flip(instant, CONTROL, 0, mask=0) for instant in INSTANTS]
    found: list[tuple[Flip, str]] = []
    for instant in INSTANTS:
        these = [one for one in enumerate(chosen) if one[1].instant == instant]
        found += in_a_copy(_at_instant, pump, these) if these else []
    return found


def campaign(pico: VirtualPico, count: int) -> list[tuple[Flip, Any]]:
    """(flip, what is wrong) of so many bits by chance, each at one of the INSTANTS by chance.

    And at each of them once of a CONTROL: no bit is flipped, which nobody can find.
    """
    return in_a_copy(_campaign, pico, count)
