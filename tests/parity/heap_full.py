"""Runs on MicroPython: a pump that runs while the heap is full to its last block.

Prints how much of it was free then; the state, the motor supply, the steps made and those that
were due in MINUTES of it, and which alarms stand; whether a request was answered meanwhile, and
when it was repeated with the heap free again; the steps counted since midnight, which comes in the
middle of it, those made since midnight, since the heap was free again, and in all; the kinds of
the events noted in all that; and, of a bolus and of a start with the heap full, whether it was
refused, and whether it is on.
"""

import binascii
import gc

from firmware.ledger import SINCE_MIDNIGHT
from firmware.pins import SUPPLY
from protocol.wire import frame, schema
from tests.parity.still_chip import chip, run, therapy

MINUTES = 62  # records are written for every block of steps, the log by the hour
RATE_NL_DAY = 1_000_000
PERIOD_MS = 4_320
STEP_NL = 50
DAY_S = 86_400
BEFORE_S = 60  # that the heap is filled
KIND_AT = 16  # place in a record: protocol/wire/events.py
SIZES = (1 << 16, 1 << 12, 1 << 8, 1 << 6)
REQUEST = frame.encode(binascii.crc32, 1, schema.STATUS, b"")
pump = therapy([{"start_min": 0, "rate_nl_day": RATE_NL_DAY}], RATE_NL_DAY * 2)


def set_clock(wall_s):
    """As SET_CLOCK does."""
    now_ms = pump.clock.read()
    pump.wall.set(wall_s, now_ms)
    pump.keeper.wall_changed(now_ms)
    pump.therapy.begin(now_ms)


def fill():
    """Take all of it: big blocks first, and then one by one. Gives what holds them."""
    held = None
    for size in SIZES:
        try:
            while True:
                held = (bytearray(size), held)
        except MemoryError:
            pass
    try:
        while True:
            held = (held,)
    except MemoryError:
        return held


def noted(after):
    """Kinds of all events behind this one."""
    kinds = []
    while True:
        records = pump.log.page(after + len(kinds) + 1)["records"]
        if not records:
            return kinds
        kinds += [record["record"][KIND_AT] for record in records]


# A name that is new wants memory.
held = free = full_answers = full_steps = midnight_steps = free_steps = 0
set_clock(DAY_S - MINUTES * 30 - BEFORE_S)
run(pump, BEFORE_S * 1_000)
gc.collect()
newest = pump.log.page(0)["newest_event"]
steps = chip.steps
answers = chip.answers
chip.line = REQUEST
held = fill()
free = gc.mem_free()
run(pump, MINUTES * 30_000)
midnight_steps = chip.steps
run(pump, MINUTES * 30_000)
full_answers = chip.answers - answers
full_steps = chip.steps - steps
free_steps = chip.steps
held = None
print(free)
mask = [entry.active for entry in pump.alarms.table]
due = MINUTES * 60_000 // PERIOD_MS
print(pump.state.state, chip.pins[SUPPLY].level, full_steps, due)
print(*[alarm for alarm in range(len(mask)) if mask[alarm]])
chip.line = REQUEST
run(pump, 60_000)
print(full_answers, chip.answers - answers)
run(pump, 60_000)
since = [chip.steps - before for before in (midnight_steps, free_steps, 0)]
print(pump.ledger.span_nl(SINCE_MIDNIGHT) // STEP_NL, *since)
run(pump, 3_660_000)
print(pump.state.state, *noted(newest))


def bolus():
    pump.boluses.begin(5_000, 4_000_000, 2_000)


def start():
    pump.start(pump.clock.read())


def refused(order):
    """With the heap full."""
    try:
        order()
    except Exception:
        return True
    return False


held = fill()
full_answers = refused(bolus)
held = None
print(full_answers, pump.boluses.is_under_way)
pump.stop(pump.clock.read())
held = fill()
full_answers = refused(start)
held = None
print(full_answers, pump.is_on)
