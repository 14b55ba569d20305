"""What decides about the next bolus is sealed: a flipped bit of it ends in FAULT when a bolus is
asked for, gives none, and does not reach the flash.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from emulator import inject
from firmware import fault, guard
from protocol import names
from protocol.wire import schema
from tests.fault.boluses import RATE_NL_DAY, VOLUME_NL, running
from tests.fault.test_restore import after_a_power_failure, made
from tests.pumps import Bed

inject.install()

OF_A_ROW = ("began_s", "volume_nl", "rate_nl_day", "conc_mcg_ml")


def after_two() -> Bed:
    """Boluses; the second is over, and locks out for three hours and more."""
    bed = running()
    for _ in range(2):
        bed.run(s=schema.BOLUS_LOCKOUT_S + 60)
        bed.programmer.hello()
        bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
        bed.programmer.goodbye()
    bed.run(minutes=10)
    return bed


def numbers() -> Iterator[tuple[str, Any]]:
    """(name, how to flip a bit of it) of all that decides."""

    def of_a_row(number: int, name: str) -> Any:
        def flip(boluses: Any, mask: int) -> None:
            boluses._rows[number][name] ^= mask

        return flip

    def of(attribute: str) -> Any:
        def flip(boluses: Any, mask: int) -> None:
            setattr(boluses, attribute, getattr(boluses, attribute) ^ mask)

        return flip

    def powered(boluses: Any, mask: int) -> None:
        boluses._ledger.powered_s ^= mask

    for number in (0, -1):
        for name in OF_A_ROW:
            yield f"{name} of row {number}", of_a_row(number, name)
    yield "possible_nl of row 0", of_a_row(0, "possible_nl")
    yield "locked until", of("_locked_until_s")
    yield "before the latest", of("_possible_nl")
    yield "powered", powered


NUMBERS = dict(numbers())


@pytest.fixture(scope="module", params=NUMBERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_flipped_bit_gives_no_bolus_and_does_not_reach_the_flash(name: str) -> None:
    bed = after_two()
    boluses = bed.pump.boluses
    for bit in range(30):
        NUMBERS[name](boluses, 1 << bit)
        with pytest.raises(guard.Corrupt):
            boluses.wait_s()
        with pytest.raises(guard.Corrupt):
            boluses.day_ng()
        with pytest.raises(guard.Corrupt):
            boluses.save()
        NUMBERS[name](boluses, 1 << bit)
        bed.pump.ledger.is_sound = True
    wait_s = bed.ask(schema.BOLUSES)["wait_s"]
    assert wait_s > 10_000
    steps = made(bed)
    NUMBERS[name](boluses, 1 << 13)
    with pytest.raises(TimeoutError):
        bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.run(minutes=5)
    assert (bed.state, made(bed) - steps <= 1) == (schema.FAULT, True)
    assert names.FAULTS[bed.pump.state.fault_reason] == "MEMORY_CORRUPT"
    after_a_power_failure(bed)
    found = bed.ask(schema.BOLUSES)
    assert found["count"] == 2
    assert wait_s - 10 * 60 < found["wait_s"] <= schema.BOLUS_LOCKOUT_S
    assert [row["volume_nl"] for row in found["boluses"]] == [VOLUME_NL, VOLUME_NL]


def test_the_day_that_the_clock_counts_shortens_no_lockout() -> None:
    bed = after_two()
    bed.pump.guard.rest[guard.UPTIME_DAYS] ^= 1 << 3
    bed.programmer.hello()
    with pytest.raises(TimeoutError):
        bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    assert bed.state == schema.FAULT


def test_what_a_bolus_has_given_is_not_taken_from_what_is_told() -> None:
    """The newest row's own figures are computed anew, by the ledger, each time."""
    bed = after_two()
    before = bed.pump.boluses.day_ng()
    bed.pump.boluses._rows[-1]["possible_nl"] ^= 1 << 12
    assert bed.pump.boluses.day_ng() == before > 0


def test_an_account_that_nobody_touched_stays_sealed() -> None:
    """Over resets, midnight, a bolus that a fault ends, one that cannot be kept, and a new day of
    the clock.
    """
    bed = after_two()
    assert bed.pump.ledger.powered_s == 0
    after_a_power_failure(bed)
    assert bed.pump.ledger.powered_s > 0
    bed.ask(schema.SET_CLOCK, wall_s=86_400 - 60)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.CLOCK_LOST)
    bed.run(hours=26)
    for over in (schema.WHOLE, schema.ENDED_BY_RESET):
        bed.programmer.hello()
        bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
        bed.programmer.goodbye()
        bed.run(minutes=1 if over == schema.ENDED_BY_RESET else 10)
        if over == schema.ENDED_BY_RESET:
            bed.pump.fault_stop(fault.TASK_RAISED)
            bed.run(s=5)
            after_a_power_failure(bed)
        bed.pump.boluses._check()
        bed.run(s=schema.BOLUS_LOCKOUT_S)
    assert bed.ask(schema.BOLUSES)["count"] == 4


def test_one_that_ends_with_a_flipped_account_is_a_fault_that_still_answers() -> None:
    """It is not written: the flash has it as under way, and the reset has ended it."""
    bed = running()
    bed.programmer.bolus(VOLUME_NL, RATE_NL_DAY)
    bed.programmer.goodbye()
    bed.run(minutes=1)
    bed.pump.boluses._rows[-1]["began_s"] ^= 1 << 9
    bed.run(minutes=10)
    status = bed.status()
    assert (status["state"], status["fault_reason"]) == (schema.FAULT, fault.MEMORY_CORRUPT)
    assert status["alarms_active"] >> schema.INVARIANT_BROKEN & 1
    steps = made(bed)
    bed.run(minutes=5)
    assert made(bed) == steps
    after_a_power_failure(bed)
    (bolus,) = bed.ask(schema.BOLUSES)["boluses"]
    assert names.BOLUS_OUTCOMES[bolus["outcome"]] == "ENDED_BY_RESET"
    assert bolus["possible_nl"] >= VOLUME_NL
