"""Runs on MicroPython: a pump that runs while the interpreter's queue of callbacks is full.

All of it happens within a callback: there the queue is locked, and keeps what is put into it.
Prints how much it took, and the state, the steps made and those due in MINUTES of it; how often
QUEUE_FULL is in the log then; and, once the queue is empty again, how often it is, after as long,
and whether all that was queued has been called.
"""

import micropython

from protocol.wire import events, schema
from tests.parity.still_chip import chip, run, therapy

MINUTES = 30
RATE_NL_DAY = 1_000_000
PERIOD_MS = 4_320
KIND_AT = 16  # place in a record: protocol/wire/events.py
pump = therapy([{"start_min": 0, "rate_nl_day": RATE_NL_DAY}], RATE_NL_DAY * 2)
calls = [0]


def call(_):
    calls[0] += 1


def told():
    """How often the log says that the queue was full."""
    count = 0
    number = 1
    while True:
        records = pump.log.page(number)["records"]
        if not records:
            return count
        count += sum(1 for one in records if one["record"][KIND_AT] == events.QUEUE_FULL)
        number += len(records)


def full(_):
    """In a callback."""
    queued = 0
    try:
        while True:
            micropython.schedule(call, None)
            queued += 1
    except RuntimeError:
        pass
    steps = chip.steps
    run(pump, MINUTES * 60_000)
    print(queued, calls[0])
    print(pump.state.state == schema.RUNNING, chip.steps - steps, MINUTES * 60_000 // PERIOD_MS)
    print(told())


run(pump, 60_000)
print(told())
micropython.schedule(full, None)
run(pump, MINUTES * 60_000)
print(told(), calls[0])
