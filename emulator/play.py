"""Plays a recorded stimulus to the firmware and prints what came out. Runs on every runtime.

    play.py STIMULUS START_US SPAN_MS [loop]

Prints the SHA-256 of the packed outputs, their number, the verified steps, and what the firmware
raised. `loop`: run to the end by itself; without it the host calls `turn` until it returns
False, for a host that collects garbage only between calls (tests/parity/run_wasm.mjs).
"""

import binascii
import sys

from emulator.stimulus import OutputHash, Player
from emulator.world import World
from firmware.pins import ENC_B

_TURN_MS = 60_000


class Play:
    """One stimulus, from the file's first row on. span_ms: virtual time, from start_us."""

    def __init__(self, path: str, start_us: int, span_ms: int) -> None:
        self._stimulus = open(path, "rb")  # noqa: SIM115  closed in the last turn
        self._world = World(start_us=start_us)
        self._end_us = start_us + span_ms * 1_000
        Player(self._world, self._stimulus, read_pins=(ENC_B,))
        self._outputs = OutputHash(self._world)
        self._world.boot()

    def turn(self) -> bool:
        """Another minute. Whether there is more; prints the result at the end."""
        world = self._world
        world.run_until(min(world.now_us + _TURN_MS * 1_000, self._end_us))
        if world.now_us < self._end_us:
            return True
        self._stimulus.close()
        digest = binascii.hexlify(self._outputs.digest()).decode()
        verified = world.pump.ledger.verified.value()
        print(digest, self._outputs.count, verified, world.pump.error)
        return False


if __name__ == "__main__":
    play = Play(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    turn = play.turn
    if sys.argv[4:] == ["loop"]:
        while turn():
            pass
