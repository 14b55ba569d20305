"""A pump that runs, and boluses that are asked of it."""

from typing import Any

import pytest

from emulator.bedside import Refused
from firmware import records
from protocol import names
from protocol.wire import schema
from tests.fault.test_restore import corrupt, made
from tests.pumps import Bed

VOLUME_NL = 20_000
RATE_NL_DAY = 4_800_000  # 6 min
BASAL_NL_DAY = 400_000
CONC = 2_000
STEP_NL = 50


def running(**setup: Any) -> Bed:
    """It has run for half an hour, and a session is open. setup: other than the usual."""
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, BASAL_NL_DAY), **setup)
    bed.run(minutes=30)
    bed.programmer.hello()
    return bed


def without_account(hours: int) -> Bed:
    """So long after a bolus the power fails; both generations of the account are damaged then."""
    bed = running()
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.programmer.goodbye()
    bed.run(hours=hours)
    bed.world.power_cut()
    corrupt(bed, records.BOLUSES)
    bed.world.power_on()
    bed.run(s=2)
    return bed


def last(bed: Bed) -> dict[str, Any]:
    """The newest bolus as the pump tells it, its outcome by name."""
    found: dict[str, Any] = bed.ask(schema.BOLUSES)["boluses"][-1]
    return {**found, "outcome": names.BOLUS_OUTCOMES[found["outcome"]]}


def refusal(
    bed: Bed, volume_nl: int = VOLUME_NL, rate_nl_day: int = RATE_NL_DAY
) -> dict[str, Any]:
    """Of this bolus, which must be refused and change nothing."""
    bed.programmer.hello()
    steps = made(bed)
    before = bed.ask(schema.BOLUSES)["count"]
    with pytest.raises(Refused) as refused:
        bed.programmer.bolus(volume_nl, rate_nl_day)
    assert bed.ask(schema.BOLUSES)["count"] == before
    assert made(bed) - steps <= 1
    return refused.value.values
