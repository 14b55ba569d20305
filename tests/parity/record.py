"""Records the stimuli of the parity tests: a pump's life, with its plant.

An hour and a half for the runtimes that stand on this computer; a few minutes with a bit of
everything for a board, which runs no faster than the wall clock while a session is open.
"""

from collections.abc import Callable
from typing import Any

from emulator.stimulus import InputRecorder, OutputHash, pack
from protocol.wire import schema
from tests.pumps import Bed

SPAN_MS = 5_400_000
SHORT_MS = 280_000


def record(
    start_us: int, life: "Callable[[Bed], None] | None" = None, span_ms: int = SPAN_MS
) -> tuple[bytes, str, int, int]:
    """(stimulus, hash of the outputs, how many, verified steps) of one run on this runtime.

    life: `long_life` unless given; it must be over within span_ms.
    """
    recorders: list[Any] = []
    bed = Bed(
        start_us=start_us,
        before=lambda world: recorders.extend([InputRecorder(world), OutputHash(world)]),
    )
    inputs, outputs = recorders
    (life or long_life)(bed)
    end_us = start_us + span_ms * 1_000
    assert bed.world.now_us <= end_us
    bed.world.run_until(end_us)
    digest = outputs.digest().hex()
    return pack(inputs.rows), digest, outputs.count, bed.pump.ledger.verified.value()


def long_life(bed: Bed) -> None:
    """Commissioning by the line and the magnet, a schedule with a segment edge, a refused command,
    noise, a repeated frame, a clock set, a stall with its alarm and acknowledgement, a bolus, stop
    and start.
    """
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
    bed.programmer.hello()
    bed.programmer.bolus(2_000, 1_500_000)
    bed.programmer.goodbye()
    bed.run(minutes=3)
    bed.ask(schema.STOP)
    bed.run(minutes=4)
    bed.ask(schema.START)
    bed.programmer.goodbye()


def short_life(bed: Bed) -> None:
    """The same things in SHORT_MS. The programmer waits half a second before each request, so that
    a board that sleeps in slices of another phase has answered the one before; each visit ends.
    No step is due near the end of a segment: a board that is a little late withdraws it, or not.
    """
    programmer = bed.programmer
    programmer.pause_ms = 500
    bed.run(s=2)
    bed.ready((0, 2_300_000), (481, 12_000_000), (482, 1_200_000))
    programmer.start()
    programmer.goodbye()
    bed.world.chip.outside.uart_in(b"\x00\x11garbage\x00\xff")
    bed.run(s=130)
    programmer.hello()
    programmer.exchange(schema.SETUP, b"\x01", programmer.counter + 1)
    programmer.exchange(schema.SETUP, b"\x01", programmer.counter + 1)
    programmer.counter += 1
    programmer.goodbye()
    bed.run(s=20)
    bed.plant.stall(True)
    bed.run(s=15)
    bed.plant.stall(False)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    programmer.goodbye()
    bed.run(s=20)
    bed.ask(schema.SET_CLOCK, wall_s=23 * 3_600 + 3_590)
    programmer.goodbye()
    bed.run(s=30)
    bed.ask(schema.STOP)
    programmer.goodbye()
    bed.run(s=10)
    bed.ask(schema.START)
    programmer.goodbye()
    bed.run(s=10)
    bed.totals()
    programmer.goodbye()
