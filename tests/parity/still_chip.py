"""Runs on MicroPython: a chip whose methods allocate nothing, and a pump on it that runs.

Time moves in sleep_ms, where the step timer fires and the motor turns.
"""

from emulator import inject
from emulator.ram_disk import RamDisk, mount

inject.install()

from firmware.board import Board  # noqa: E402  after the stand-ins for its modules
from firmware.pins import ENC_A, ENC_B  # noqa: E402
from firmware.prescription import Prescription  # noqa: E402
from firmware.pump import Pump  # noqa: E402
from protocol.wire import schema  # noqa: E402
from tests.started import has_started  # noqa: E402

CONC_MCG_ML = 2_000
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
        self.step_timer = self.enc_a = self.enc_b = None  # once there is a Board
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
        timer = self.step_timer
        if timer.due_ms >= 0 and self.ticks_diff(timer.due_ms, self.now_ms) <= 0:
            timer.due_ms = -1
            timer.callback(timer)
            self.steps += 1
            self.encoder_edge(1, 0)
            self.encoder_edge(0, 1)

    def encoder_edge(self, a, b):
        enc_a = self.enc_a
        enc_a.level = a
        self.enc_b.level = b
        enc_a.handler(enc_a)


chip = Chip()


def therapy(segments, dose_ng_day):
    """A pump that runs this schedule, at midnight."""
    disk = RamDisk()
    mount(disk)
    board = Board(chip, chip, disk, disk.open, port=disk)
    chip.step_timer = board._step_timer
    pump = Pump(board)
    chip.enc_a, chip.enc_b = chip.pins[ENC_A], chip.pins[ENC_B]
    while not has_started(pump):
        pump.turn()
    pump.commission(
        {
            "serial": "S",
            "patient_label": "P",
            "drug": "D",
            "conc_mcg_ml": CONC_MCG_ML,
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
                "conc_mcg_ml": CONC_MCG_ML,
                "therapy": schema.SCHEDULE,
                "dose_ng_day": dose_ng_day,
                "segments": segments,
            }
        ),
        0,
    )
    pump.wall.set(0, 0)
    pump.start(0)
    return pump


def run(pump, ms):
    """So many milliseconds of the chip. A turn that does not sleep takes one of them."""
    now = begun = pump.clock.read()
    while now - begun < ms:
        pump.turn()
        if pump.clock.read() == now:
            chip.sleep_ms(1)
        now = pump.clock.read()
