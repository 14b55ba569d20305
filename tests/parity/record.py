"""Records the stimulus of the parity tests:

An hour and a half of a pump's life, with its plant.
"""

from typing import Any

from emulator.stimulus import InputRecorder, OutputHash, pack
from protocol.wire import schema
from tests.pumps import Bed

SPAN_MS = 5_400_000


def record(start_us: int) -> tuple[bytes, str, int, int]:
    """(stimulus, hash of the outputs, how many, verified steps) of one run on this runtime.

    Commissioning by the line and the magnet, a schedule with a segment edge, a refused command,
    noise, a repeated frame, a clock set, a stall with its alarm and acknowledgement, stop and
    start.
    """
    recorders: list[Any] = []
    bed = Bed(
        start_us=start_us,
        before=lambda world: recorders.extend([InputRecorder(world), OutputHash(world)]),
    )
    inputs, outputs = recorders
    bed.run(s=2)
    bed.ready((0, 300_000), (490, 6_000_000), (500, 1_200_000))
    bed.programmer.start()
    bed.world.chip.outside.uart_in(b"\x00\x11garbage\x00\xff")
    bed.run(minutes=12)
    bed.programmer.hello()
    bed.programmer.exchange(schema.SETUP, b"\x01", bed.programmer.counter + 1)
    bed.programmer.exchange(schema.SETUP, b"\x01", bed.programmer.counter + 1)
    bed.run(minutes=10)
    bed.plant.stall(True)
    bed.run(minutes=5)
    bed.plant.stall(False)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    bed.run(minutes=8)
    bed.ask(schema.SET_CLOCK, wall_s=23 * 3_600 + 3_590)
    bed.run(minutes=5)
    bed.ask(schema.STOP)
    bed.run(minutes=7)
    bed.ask(schema.START)
    bed.programmer.goodbye()
    bed.world.run_until(start_us + SPAN_MS * 1_000)
    digest = outputs.digest().hex()
    return pack(inputs.rows), digest, outputs.count, bed.pump.ledger.verified.value()
