"""The heap of the board, looked at from outside: what is free when a pin that is nobody's falls.

The probe lies before the root's own text; the firmware and its set are as they are on every board.
"""

import re

from emulator.bedside import prescription
from emulator.bench import file_set
from protocol.wire import schema
from tests.bench.pico_bed import PicoBed

_GPIO = 21
_WORD = "free "
_LARGEST = r"max free sz: (\d+)"
_BLOCK_BYTES = 16  # of MicroPython's heap on 32 bits: MICROPY_BYTES_PER_GC_BLOCK
_PROBE = f"""
import gc
import micropython
from machine import Pin

def probe(_):
    gc.collect()
    micropython.mem_info()
    print("{_WORD}%d" % gc.mem_free())

probe_pin = Pin({_GPIO}, Pin.IN, Pin.PULL_UP)
probe_pin.irq(handler=probe, trigger=Pin.IRQ_FALLING)
"""
_SETTLE_MS = 500
RATE_NL_DAY = 6_000_000
_OTHER_NL_DAY = 4_800_000


def probed_files() -> dict[str, bytes]:
    """Everything that goes on a blank board, with the probe in its root."""
    files = file_set.build()
    return {**files, "main.py": _PROBE.encode() + files["main.py"]}


def free_bytes(bed: PicoBed) -> int:
    """After a collection, now."""
    bed.pico.drive(_GPIO, 0)
    bed.run(ms=_SETTLE_MS)
    bed.pico.drive(_GPIO, 1)
    return int(bed.said().rpartition(_WORD)[2].split()[0])


def largest_bytes(bed: PicoBed) -> int:
    """The largest piece of what was free when it was looked at last."""
    return int(re.findall(_LARGEST, bed.said())[-1]) * _BLOCK_BYTES


def mixed_minute(bed: PicoBed) -> None:
    """Steps, a visit with questions and a dropped proposal, noise, an alarm and its end."""
    programmer = bed.programmer
    until_us = bed.pico.now_us + 60_000_000
    programmer.hello()
    for kind in (schema.STATUS, schema.READ_SETUP, schema.READ_BACK, schema.TOTALS, schema.ALARMS):
        programmer.ask(kind)
    programmer.ask(schema.PROPOSE, prescription([(0, _OTHER_NL_DAY), (720, RATE_NL_DAY)], 2_000))
    programmer.goodbye()
    bed.pico.uart_in(b"\x00\x11garbage\x00")
    bed.run(s=10)
    bed.plant.stall(True)
    bed.run(s=5)
    bed.plant.stall(False)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    programmer.goodbye()
    assert bed.pico.now_us < until_us
    bed.pico.run_until_us(until_us)
