"""Runs on MicroPython: hours of a pump's mixed load. heap_day.py HOURS LOW

In turns of an hour, so that a host that collects garbage only between calls (run_wasm.mjs) has
collected it. Prints the bytes in use after each hour, but for those of the files, which lie in the
flash of a board. The motor and its encoder are as simple as can be: what is weighed is the
firmware.

The collector takes every word of the heap that looks like an address in it for one. A chip's heap
lies at addresses that no number of the pump is; here it begins low, among rates and times. So what
is weighed lies above LOW bytes that are taken first: more than any milliseconds of the run, which
the firmware keeps below 2**27.
"""

import gc
import sys

from emulator.bedside import Bedside, prescription
from emulator.world import World
from protocol.wire import schema
from tests.parity.motor import Motor

RATE_NL_DAY = 1_000_000
FOLDER = 0x4000
FILES_MAX = 64  # of the firmware and of its log, in the run
BLOCK_BYTES = 16  # what the heap is handed out in, with 32-bit pointers


def blocks(size):
    """Heap of so many bytes."""
    return (size + BLOCK_BYTES - 1) // BLOCK_BYTES * BLOCK_BYTES


def on_disk(folder=""):
    """Heap of all files of the emulated disk: content, path, an object for each."""
    found = 0
    for name, mode, _, size in world.disk.ilistdir(folder or "/"):
        path = folder + "/" + name
        if mode == FOLDER:
            found += on_disk(path)
        else:
            found += blocks(size + 1) + blocks(len(path) + 1) + 2 * BLOCK_BYTES
    return found


def visit():
    """Questions, and a proposal that is dropped."""
    pump.hello()
    for kind in (schema.STATUS, schema.READ_SETUP, schema.READ_BACK, schema.TOTALS, schema.ALARMS):
        pump.ask(kind)
    pump.ask(schema.PROPOSE, prescription([(0, RATE_NL_DAY), (720, 800_000)], 2_000))
    pump.goodbye()


def hour():
    """One of mixed load."""
    visit()
    world.chip.outside.uart_in(b"\x00\x11garbage\x00")
    world.run_for_ms(1_200_000)
    motor.stalled = True
    world.run_for_ms(30_000)
    motor.stalled = False
    pump.hello()
    pump.ask(schema.ACKNOWLEDGE, {"alarm": schema.MOTOR_STALLED})
    pump.goodbye()
    world.run_for_ms(2_300_000)


def make_room():
    """The disk's table of files grows to its size for good, and is weighed as long as it runs."""
    names = ["/room%d" % number for number in range(FILES_MAX)]
    for name in names:
        world.disk.open(name, "wb").close()
    for name in names:
        world.disk.remove(name)


low = bytearray(int(sys.argv[2]))
world = World()
motor = Motor(world)
pump = Bedside(world)
make_room()
world.boot()
world.run_for_ms(1_000)
pump.commission()
pump.prescribe([(0, RATE_NL_DAY)])
pump.start()
pump.goodbye()
left = [int(sys.argv[1])]


def turn():
    """What the hour before has left in use, and another hour."""
    gc.collect()
    if left[0] < int(sys.argv[1]):
        print(gc.mem_alloc() - on_disk() - len(low))
    left[0] -= 1
    if left[0] < 0:
        return False
    hour()
    return True
