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

from emulator import inject
from emulator.ram_disk import RamDisk

inject.install()

from firmware import fault  # noqa: E402
from firmware.board import Board  # noqa: E402  after the stand-ins for its modules
from firmware.pins import ENC_A, ENC_B, SUPPLY  # noqa: E402
from firmware.prescription import Prescription  # noqa: E402
from firmware.pump import Pump  # noqa: E402
from firmware.task import NEVER  # noqa: E402
from protocol.wire import frame, schema  # noqa: E402

REQUEST = frame.encode(binascii.crc32, 1, schema.STATUS, b"")
STEPS = 1_000
RATE_NL_DAY = 1_000_000
SEGMENTS = [{"start_min": 0, "rate_nl_day": RATE_NL_DAY}]
SEGMENTS += [{"start_min": 1 + 2 * i, "rate_nl_day": RATE_NL_DAY + i} for i in range(23)]
DOSE_NG_DAY = 2 * sum([RATE_NL_DAY * 3] + [(RATE_NL_DAY + i) * 2 for i in range(22)])
DOSE_NG_DAY = (DOSE_NG_DAY + 2 * (RATE_NL_DAY + 22) * (1_440 - 47)) // 1_440
TICKS_MAX = 0x3FFF_FFFF
HALF = 0x2000_0000


class Pin:
    """A pin that remembers its level."""

    OUT = 1
    IN = 0
    PULL_UP = 1
    IRQ_RISING = 8
    IRQ_FALLING = 4

    def __init__(self, gpio, mode=0, pull=0, value=0):
        self.level = value
        self.handler = None
        chip.pins[gpio] = self

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = level
        return None

    def irq(self, handler, trigger, hard):
        self.handler = handler


class Timer:
    """A timer that fires when it is told to."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, number):
        self.callback = None
        self.due_ms = -1

    def init(self, mode, period, callback, hard):
        self.callback = callback
        self.due_ms = after(chip.now_ms, period)

    def deinit(self):
        self.due_ms = -1


class Adc:
    """1.3 kPa, and 5.1 mL."""

    def __init__(self, pin):
        pass

    def read_u16(self):
        return 7_000


class Quiet:
    """PWM, UART and watchdog, with nothing to say."""

    def __init__(self, *args, **kwargs):
        pass

    def freq(self, value):
        pass

    def duty_u16(self, value):
        pass

    def any(self):
        return len(chip.line)

    def read(self, count):
        data = chip.line
        chip.line = b""
        return data

    def write(self, data):
        chip.answers += 1

    def feed(self):
        pass


def after(ticks, ms):
    """ticks + ms, wrapped without an intermediate beyond 2**30 - 1: that would allocate."""
    rest = TICKS_MAX - ticks
    return ms - rest - 1 if rest < ms else ticks + ms


class Chip:
    """Stands for machine and utime; time moves in sleep_ms, where the step timer fires."""

    def __init__(self):
        self.pins = {}
        self.now_ms = (1 << 30) - 5_000
        self.steps = 0
        self.line = b""
        self.answers = 0
        self.Pin, self.Timer, self.ADC = Pin, Timer, Adc
        self.PWM = self.UART = self.WDT = Quiet
        self.WDT_RESET = 3

    def reset_cause(self):
        return 1

    def ticks_ms(self):
        return self.now_ms

    def ticks_diff(self, end, start):
        ticks = end - start
        if ticks >= HALF:
            return ticks - TICKS_MAX - 1
        if ticks < -HALF:
            return ticks + TICKS_MAX + 1
        return ticks

    def sleep_ms(self, ms):
        self.now_ms = after(self.now_ms, ms)
        timer = step_timer
        if timer.due_ms >= 0 and self.ticks_diff(timer.due_ms, self.now_ms) <= 0:
            timer.due_ms = -1
            timer.callback(timer)
            self.steps += 1
            encoder_edge(1, 0)
            encoder_edge(0, 1)


def encoder_edge(a, b):
    enc_a.level = a
    enc_b.level = b
    enc_a.handler(enc_a)


chip = Chip()
disk = RamDisk()
board = Board(chip, chip, disk, disk.open)
step_timer = board._step_timer
pump = Pump(board)
enc_a, enc_b = chip.pins[ENC_A], chip.pins[ENC_B]
pump.commission(
    {
        "serial": "S",
        "patient_label": "P",
        "drug": "D",
        "conc_mcg_ml": 2_000,
        "reservoir_nl": 20_000_000,
        "catheter_um": 890_000,
        "catheter_nl_cm": 2_200,
        "dose_ng_day_limit": 48_000_000,
    },
    0,
)
pump.prescribe(
    Prescription(
        {
            "conc_mcg_ml": 2_000,
            "therapy": schema.SCHEDULE,
            "dose_ng_day": DOSE_NG_DAY,
            "segments": SEGMENTS,
        }
    ),
    0,
)
pump.wall.set(0, 0)
pump.start(0)
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
