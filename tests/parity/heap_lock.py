"""Runs on MicroPython: a thousand delivered steps with the heap locked.

The whole pump on a chip whose methods allocate nothing: whatever allocates on the way from the
loop through permit, timer, edge, encoder interrupt, booking and monitors raises MemoryError
here, and so does what allocates where the rate changes at a segment's edge, or where an alarm
holds delivery and lets it go on. Prints the steps made, the steps verified, how many segments
began, whether a forbidden allocation was caught; how often a request on the line was answered with
the heap locked, which delivers on, and how often it was when repeated; how a bolus went that had
its time, and its steps, and one that an alarm ended; and, after a broken invariant with the heap
locked: the state, the motor supply, whether the alarm stands and sounds.
"""

import binascii

import micropython

from firmware import fault
from firmware.pins import SUPPLY
from firmware.task import NEVER
from protocol.wire import frame, schema
from tests.parity.still_chip import chip, therapy

REQUEST = frame.encode(binascii.crc32, 1, schema.STATUS, b"")
STEPS = 1_000
RATE_NL_DAY = 1_000_000
SEGMENTS = [{"start_min": 0, "rate_nl_day": RATE_NL_DAY}]
SEGMENTS += [{"start_min": 1 + 2 * i, "rate_nl_day": RATE_NL_DAY + i} for i in range(23)]
DOSE_NG_DAY = 2 * sum([RATE_NL_DAY * 3] + [(RATE_NL_DAY + i) * 2 for i in range(22)])
DOSE_NG_DAY = (DOSE_NG_DAY + 2 * (RATE_NL_DAY + 22) * (1_440 - 47)) // 1_440

pump = therapy(SEGMENTS, DOSE_NG_DAY)
pump.ledger.left = 2 * STEPS  # what follows has its time between the steps, and does allocate
for task in (pump.keeper, pump.log, pump.guard):
    task.due_ms = NEVER


def deliver():
    """STEPS steps with the heap locked."""
    turn = pump.loop.run_once
    segment = began = 0
    micropython.heap_lock()
    try:
        while chip.steps < STEPS:
            turn()
            if pump.therapy.segment != segment:
                segment = pump.therapy.segment
                began += 1
                chip.line = REQUEST
                pump.alarms.raise_alarm(schema.OCCLUSION, 60_000)
                pump.alarms.clear(schema.OCCLUSION)
                pump.alarms.acknowledge(schema.OCCLUSION)
                pump.keeper.due_ms = NEVER
    finally:
        micropython.heap_unlock()
    return began


def bolus(cut):
    """One bolus with the heap locked, to its end or to an alarm: (how it went, its steps)."""
    pump.boluses.begin(5_000, 4_000_000, 2_000)
    pump.ledger.left = 2 * STEPS
    pump.keeper.due_ms = pump.log.due_ms = NEVER
    turn = pump.loop.run_once
    begun = chip.steps
    micropython.heap_lock()
    try:
        while pump.boluses.is_under_way:
            turn()
            if cut and chip.steps > begun + 10:
                pump.alarms.raise_alarm(schema.OCCLUSION, 60_000)
                pump.alarms.clear(schema.OCCLUSION)
                pump.alarms.acknowledge(schema.OCCLUSION)
    finally:
        micropython.heap_unlock()
    pump.keeper.due_ms = NEVER
    return pump.boluses.rows()[-1]["outcome"], chip.steps - begun


def caught():
    """Whether the lock holds: a list raises."""
    micropython.heap_lock()
    try:
        return not [chip]
    except MemoryError:
        return True
    finally:
        micropython.heap_unlock()


def fail():
    """Memory has run out on the delivery path."""
    turn = pump.turn
    micropython.heap_lock()
    try:
        pump.fault_stop(fault.NO_MEMORY)
        for _ in range(100):
            turn()
    finally:
        micropython.heap_unlock()


began = deliver()
print(chip.steps, pump.ledger.verified.value(), began, caught())
locked_answers = chip.answers
chip.line = REQUEST
for _ in range(100):
    pump.turn()
print(locked_answers, chip.answers)
print(*bolus(False), *bolus(True))
fail()
alarm = pump.alarms.table[schema.INVARIANT_BROKEN]
print(pump.state.state, chip.pins[SUPPLY].level, alarm.stands, pump.annunciator.due_ms < NEVER)
