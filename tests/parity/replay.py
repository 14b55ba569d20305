"""Runs on every runtime: plays a stimulus to the firmware and prints what came out.

    replay.py STIMULUS START_US SPAN_MS [loop]

Prints the SHA-256 of the packed outputs, their number, and the verified steps. `loop`: run to
the end by itself; without it the host calls `turn` until it returns False (run_wasm.mjs says
why).
"""

import binascii
import sys

from emulator.stimulus import OutputHash, Player, unpack
from emulator.world import World
from firmware.pins import ENC_B

TURN_MS = 60_000

with open(sys.argv[1], "rb") as stimulus:
    rows = unpack(stimulus.read())
world = World(start_us=int(sys.argv[2]))
end_us = world.start_us + int(sys.argv[3]) * 1_000
Player(world, rows, read_pins=(ENC_B,))
outputs = OutputHash(world)
world.boot()


def turn() -> bool:
    """Another minute; whether there is more."""
    world.run_until(min(world.now_us + TURN_MS * 1_000, end_us))
    if world.now_us < end_us:
        return True
    digest = binascii.hexlify(outputs.digest()).decode()
    print(digest, outputs.count, world.pump.ledger.verified.value(), world.pump.error)
    return False


if sys.argv[4:] == ["loop"]:
    while turn():
        pass
