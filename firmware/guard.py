"""Guarded numbers: everything that decides a dose between two steps, held twice.

Each number is a word and its complement, side by side in an array, so all the words of an array
together sum to minus the number of pairs: one flipped bit anywhere changes that sum, and so do
two, unless they are the same bit in opposite senses. `sum` runs in C and, on words below 2**30,
allocates nothing. Delivery asks for the sum before each step and before it books one. Once a
minute each pair is compared, and the CRC over what only a command changes.

A number at place K is words[K], its complement words[K + 1]: ~words[K]. Who writes both writes
the value that was checked in the same turn of the loop, so a flip is never made to look sound.

Written by the loop, except MADE (step interrupt). Values lie in -2**30 .. 2**30 - 1.
"""

import binascii
from array import array

from firmware.task import Task, nobody
from protocol.wire import events

_PERIOD_MS = 60_000

# What moves with each step. Times in ms of firmware/clock.py, rates in nL/day.
MADE = 0  # 1: the edge of the latest permit has been made
STEP = 2  # the permit under way: 0 none, else PERMITTED .. TAKEN
PERMITS = 4  # permits given, modulo 2**16
LATE = 6  # firmware/rate.py, in 1 / rate ms
DUE_MS = 8  # when the next step is due
PERIOD_MS = 10  # whole ms from one step to the next ...
PERIOD_REST = 12  # ... and the rest, in 1 / rate ms
RATE_NL_DAY = 14  # 0: no delivery
WAKE_MS = 16  # delivery's own deadline, to be compared with the loop's
CHANGE_MS = 18  # therapy's: when the segment ends
EDGES = 20  # encoder edges booked, modulo 2**16
MISSED = 22  # steps in a row that did not arrive
STATE = 24  # state of the pump, schema.UNCOMMISSIONED .. FAULT
# The ledger: what was delivered, and what may be.
LEFT = 26  # steps that may still be made under the reservation on the flash
HALF = 28  # an encoder edge whose partner has not come
COMMANDED = 30  # counts, two numbers each (firmware/count.py)
VERIFIED = 34
UNVERIFIED = 38
BOLUS_VERIFIED = 42
BOLUS_UNVERIFIED = 46
SHARE_NL_DAY = 50  # of a bolus, in ...
TOTAL_NL_DAY = 52  # ... this rate
PART_NL_DAY = 54  # steps of a bolus: Bresenham's rule, by rate
STEP_WORDS = 56

# What changes with a command, an edge of the schedule, or a day.
SEGMENT = 0  # 1 .. n, 0 while stopped
EPOCH_TICKS = 2  # the chip's ticks at the zero of the clock
WAIT_MS = 4  # firmware/rate.py: to the next step, at the last change of rate
FROZEN_NL_DAY = 6  # firmware/rate.py: the rate that LATE belongs to while stopped
WALL_IS_SET = 8
WALL_DAY = 10  # days since 2000-01-01 ...
WALL_DAY_MS = 12  # ... and ms into that day ...
WALL_AT_MS = 14  # ... at this time
BOLUS_NL_DAY = 16  # on top of the prescription; 0: none ...
BOLUS_END_MS = 18  # ... until then
KIND = 20  # the ledger: of therapy ...
CONC_MCG_ML = 22  # ... what the reservoir holds ...
BOOKED_PL = 24  # ... and the volume of the steps that are booked
UPTIME_DAYS = 26  # by which the zero of the clock has moved
# From here on: what only a command changes, sealed by a CRC.
STEP_PL = 28  # volume of a step, in pL
IS_SCHEDULE = 30  # 1: the prescription follows the time of day
SEGMENTS = 32  # how many; four words each follow: start in minutes, rate in nL/day
REST_WORDS = 34
SEALED = STEP_PL
SEGMENT_WORDS = 4

# The ledger's volumes and doses, and the counts that they go up to: sums (firmware/sums.py).
TOTALS_WORDS = 144

_STEP_SUM = -(STEP_WORDS // 2)
_TOTALS_SUM = -(TOTALS_WORDS // 2)

# Values of STEP.
PERMITTED = 1
PATIENT = 2  # the loop came late to settle it, and waits once more
TAKEN = 3  # its edge was made before the rate changed, and the next step is scheduled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Tuple

    Words = array[int]


class Corrupt(Exception):
    """A guarded number and its complement disagree: nothing may be delivered by it."""


class Guard(Task):
    """The numbers. step, rest, totals: arrays of words and complements, at the places above.

    note: told of an event (events.NO_MEMORY).
    """

    def __init__(self, step_pl: int) -> None:
        super().__init__()
        self.due_ms = 0
        self.note: "Callable[[int], None]" = nobody
        self.step = _zeros(STEP_WORDS)
        self.rest = _zeros(REST_WORDS)
        self.totals = _zeros(TOTALS_WORDS)
        self._rest_sum = -(REST_WORDS // 2)
        self._crc = 0
        put(self.rest, STEP_PL, step_pl)
        self.seal()

    def check(self) -> None:
        """All of it is sound, or raises Corrupt. Allocates nothing."""
        self.check_totals()
        if sum(self.rest) != self._rest_sum or sum(self.step) != _STEP_SUM:
            self._check_again()

    def check_totals(self) -> None:
        """Before they are read or added to. Raises Corrupt."""
        if sum(self.totals) != _TOTALS_SUM:
            raise Corrupt()

    def check_step(self) -> None:
        """What moves with each step is sound, or raises Corrupt. Allocates nothing."""
        if sum(self.step) != _STEP_SUM:
            self._check_again()

    def poll(self, now_ms: int) -> None:
        """Once a minute. Raises Corrupt. The CRC wants memory, and waits where there is none."""
        self.due_ms = now_ms + _PERIOD_MS
        try:
            self.check_pairs()
        except MemoryError:
            self.note(events.NO_MEMORY)

    def check_pairs(self) -> None:
        """Each pair, and the seal; finds what cancels in a sum. Raises Corrupt."""
        self.check()
        for place in range(STEP, STEP_WORDS, 2):  # MADE may be on its way
            take(self.step, place)
        for words in (self.rest, self.totals):
            for place in range(0, len(words), 2):
                take(words, place)
        if _crc_of(self.rest) != self._crc:
            raise Corrupt()

    def load(self, is_schedule: bool, segments: "List[Tuple[int, int]]") -> None:
        """Put a prescription in: (start in minutes, rate in nL/day) of each segment.

        Allocates; where memory runs out nothing has changed. Raises Corrupt.
        """
        self.check()
        rest = self.rest[:REST_WORDS]
        put(rest, IS_SCHEDULE, int(is_schedule))
        put(rest, SEGMENTS, len(segments))
        for segment in segments:
            for value in segment:
                rest.append(value)
                rest.append(~value)
        rest_sum = -(len(rest) // 2)
        self._crc = _crc_of(rest)
        self._rest_sum = rest_sum
        self.rest = rest

    def seal(self) -> None:
        """What only a command changes has been changed by one."""
        self._crc = _crc_of(self.rest)

    def _check_again(self) -> None:
        """The step's interrupt may have come between MADE and its complement. It comes once."""
        if sum(self.rest) != self._rest_sum or sum(self.step) != _STEP_SUM:
            raise Corrupt()

    def accept(self) -> None:
        """Take the words as they are: nothing is delivered by them any more.

        After Corrupt has ended delivery, so that alarms and answers go on.
        """
        for words in (self.step, self.rest, self.totals):
            for place in range(0, len(words), 2):
                put(words, place, words[place])


def put(words: "Words", place: int, value: int) -> None:
    """Write a number and its complement. Allocates nothing."""
    words[place] = value
    words[place + 1] = ~value


def take(words: "Words", place: int) -> int:
    """The number there. Raises Corrupt. Allocates nothing."""
    value = words[place]
    if words[place + 1] != ~value:
        raise Corrupt()
    return value


def _crc_of(rest: "Words") -> int:
    return binascii.crc32(memoryview(rest)[SEALED:])


def _zeros(count: int) -> "Words":
    return array("i", [0, -1] * (count // 2))
