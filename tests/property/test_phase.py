"""Stops and changes at every phase of a step: before its permit, under it, after its edge."""

from fractions import Fraction

import pytest

from emulator.bedside import prescription
from firmware.prescription import Prescription
from protocol.wire import schema
from tests.pumps import Bed

RATE_NL_DAY = 24_000_000
PERIOD_MS = 180


def at_phase(bed: Bed, phase_ms: int) -> None:
    """Run on to this phase of a step, counted from its edge."""
    steps = len(bed.steps)
    while len(bed.steps) == steps:
        bed.run(ms=1)
    bed.run(ms=phase_ms)


@pytest.mark.parametrize("kind", ["command", "late command"])
def test_stops_at_every_phase_neither_lose_nor_repeat_a_step(kind: str) -> None:
    """36 stops: half a step lost or gained at each would be far more than one in the end."""
    bed = Bed(capacity_nl=40_000_000)
    bed.ready((0, RATE_NL_DAY))
    pump = bed.pump
    clock = bed.world.clock
    owed = Fraction(0)
    for phase_ms in range(0, PERIOD_MS, 5):
        start_ms = pump.clock.read()
        pump.start(start_ms)
        bed.run(s=1)
        at_phase(bed, phase_ms)
        if kind == "late command":
            clock.sleep_us(70_000)
        stop_ms = pump.clock.read()
        pump.stop(stop_ms)
        owed += Fraction(stop_ms - start_ms, PERIOD_MS)
        bed.run(ms=333)
        assert abs(owed - len(bed.steps)) <= 1, phase_ms
    assert bed.state == schema.STOPPED
    assert pump.ledger.commanded.value() == pump.ledger.verified.value() == len(bed.steps)


def test_changes_of_rate_at_every_phase_neither_lose_nor_repeat_a_step() -> None:
    """Rates that no period divides, so that a step taken twice shows in the fraction as well."""
    rates = (23_999_999, 17_777_777)
    bed = Bed(capacity_nl=40_000_000)
    bed.ready((0, rates[0]))
    pump = bed.pump
    orders = [Prescription(prescription([(0, rate)], 2_000)) for rate in rates]
    start_ms = from_ms = pump.clock.read()
    pump.start(start_ms)
    owed = Fraction(0)
    for i, phase_ms in enumerate(range(0, PERIOD_MS, 3)):
        at_phase(bed, phase_ms)
        now_ms = pump.clock.read()
        owed += Fraction(rates[i % 2] * (now_ms - from_ms), 86_400 * 50_000)
        from_ms = now_ms
        pump.prescribe(orders[(i + 1) % 2], now_ms)
        assert abs(owed - len(bed.steps)) <= 1, phase_ms
    assert pump.ledger.commanded.value() - len(bed.steps) in (-1, 0)
