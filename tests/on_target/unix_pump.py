"""Runs on MicroPython unix: the firmware on the emulated chip, its line behind a pipe.

Each line of the input is `MS MAGNET HEX`: bytes for the pump in hex, or "-"; the level of the
magnet's pin; and how many milliseconds of virtual time to run. The answer is a line: the bytes
that the pump sent meanwhile, in hex, and the time in ms.
"""

import binascii
import sys

from emulator.world import World
from firmware.pins import MAGNET
from tests.parity.motor import Motor

world = World()
motor = Motor(world)
sent = bytearray()
outside = world.chip.outside
outside.uart_out(lambda data, _done_us: sent.extend(data))
world.boot()
while True:
    words = sys.stdin.readline().split()
    if not words:
        break
    outside.drive(MAGNET, int(words[1]))
    if words[2] != "-":
        outside.uart_in(binascii.unhexlify(words[2]))
    world.run_for_ms(int(words[0]))
    answer = binascii.hexlify(sent).decode() or "-"
    sent[:] = b""
    print(answer, (world.now_us - world.start_us) // 1_000)
