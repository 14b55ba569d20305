"""Numbers that come to their end: preset shortly before it, nothing stops and nothing repeats."""

from collections.abc import Callable
from typing import Any

import pytest

from firmware import ledger, sums
from protocol.wire import events, schema
from tests.kept import NAMES, record_of, save
from tests.pumps import Bed

RATE_NL_DAY = 1_000_000
PERIOD_MS = 4_320
STEP_NL = 50
HOUR_STEPS = 3_600_000 // PERIOD_MS
WRAP = 1 << 32
RECORDS = {name: kind for kind, name in NAMES.items() if name != "boluses"}
LAST_EVENT = WRAP - 1
MORE_THAN_FIT = 200  # firmware/event_log.py: PENDING_MAX
HIDDEN_STEPS = 8  # were reserved when the power failed: they may have been made


def _sequences(pump: Any) -> None:
    for name in RECORDS:
        record_of(pump, RECORDS[name])._sequence = WRAP - 2


def _steps(pump: Any) -> None:
    pump.ledger.verified_nl()  # what was counted so far has its volume
    for count in (pump.ledger.commanded, pump.ledger.verified, pump.ledger.unverified):
        count.set(WRAP - 2)
    for number in (0, 1):  # and from here on
        sums.write(pump.guard.totals, ledger._FOLDED + number, WRAP - 2)


def _boots(pump: Any) -> None:
    pump.ledger.boots = WRAP - 2


def _alarms(pump: Any) -> None:
    for entry in pump.alarms.table:
        entry.count = (1 << 16) - 2


PRESETS: dict[str, Callable[[Any], None]] = {
    "sequences of the records": _sequences,
    "steps": _steps,
    "starts": _boots,
    "alarms": _alarms,
}


def orders(bed: Bed) -> None:
    """Each record is written, again and again: its sequence passes the wrap."""
    for rate_nl_day in (900_000, RATE_NL_DAY) * 2:
        bed.programmer.hello()
        bed.programmer.prescribe([(0, rate_nl_day)])
        bed.programmer.ask(schema.STOP)
        bed.programmer.hold_magnet()
        bed.programmer.ask(schema.CALIBRATE, {"steps": 1_000, "volume_nl": 1_000 * STEP_NL})
        bed.programmer.start()
        bed.programmer.goodbye()


@pytest.mark.parametrize("name", PRESETS)
def test_a_count_that_wraps_stops_nothing_and_loses_nothing(name: str) -> None:
    bed = Bed()
    bed.running((0, RATE_NL_DAY))
    bed.run(minutes=5)
    PRESETS[name](bed.pump)
    before = bed.totals()
    bed.steps.clear()
    orders(bed)
    bed.run(hours=1)
    assert (bed.state, bed.pump.alarms.mask(True)) == (schema.RUNNING, 0)
    periods = {b - a for a, b in zip(bed.steps[-HOUR_STEPS:], bed.steps[-HOUR_STEPS + 1 :])}
    assert periods == {PERIOD_MS}
    assert 0 <= len(bed.steps) - since(before, bed, "commanded_steps") <= 1
    assert 0 <= len(bed.steps) - since(before, bed, "verified_steps") <= 1
    for _ in range(3):
        bed.world.reset(bed.world.chip.PWRON_RESET)
        bed.run(minutes=10)
        assert bed.state == schema.RUNNING
        assert bed.pump.memory.damaged == 0
        assert bed.pump.alarms.mask(True) == 1 << schema.CLOCK_LOST
    assert 0 < since(before, bed, "unverified_steps") <= 3 * HIDDEN_STEPS
    delivered_nl = len(bed.steps) * STEP_NL
    assert since(before, bed, "verified_nl") <= delivered_nl <= since(before, bed, "possible_nl")


def since(before: dict[str, Any], bed: Bed, name: str) -> int:
    """By how much a total has grown, whether or not it has wrapped."""
    return int(bed.totals()[name] - before[name]) % WRAP


@pytest.mark.parametrize("name", RECORDS)
def test_the_newer_generation_is_the_truth_on_both_sides_of_the_wrap(name: str) -> None:
    for sequence in range(WRAP - 3, WRAP):
        bed = Bed()
        bed.running((0, RATE_NL_DAY))
        record = record_of(bed.pump, RECORDS[name])
        payload = record.load()
        record._sequence = sequence % WRAP
        save(record, payload)
        for text in (b"old", b"new", payload):
            save(record, text)
            assert record.load() == text


def numbers(bed: Bed) -> list[int]:
    """Of all records that the log gives, in its order."""
    found: list[int] = []
    while True:
        page = bed.pump.log.page(found[-1] + 1 if found else 0)
        if not page["records"]:
            return found
        rows = [one["record"] for one in page["records"]]
        found += [int.from_bytes(row[:4], "little") for row in rows]


def test_a_log_that_has_used_up_its_numbers_ends_with_an_alarm_and_uses_none_twice() -> None:
    bed = Bed()
    bed.running((0, RATE_NL_DAY))
    bed.run(minutes=5)
    ring = bed.pump.log._ring
    for _ in range(len(ring._starts)):
        ring.forget_oldest()
    ring.newest, ring._may_append = LAST_EVENT - 20, False
    for _ in range(30):
        bed.pump.log.note(events.SELF_TEST)
        bed.run(minutes=1)
    assert bed.pump.alarms.is_active(schema.LOG_FAILED)
    steps = len(bed.steps)
    for _ in range(MORE_THAN_FIT):
        bed.pump.log.note(events.SELF_TEST)
    for _ in range(2):
        assert numbers(bed) == list(range(LAST_EVENT - 19, LAST_EVENT + 1))
        assert bed.ask(schema.LOG, first_event=0)["newest_event"] == LAST_EVENT
        bed.programmer.goodbye()
        bed.run(hours=1)
        assert bed.state == schema.RUNNING
        bed.world.reset(bed.world.chip.PWRON_RESET)
        bed.run(hours=1)
        assert bed.pump.alarms.is_active(schema.LOG_FAILED)
    assert len(bed.steps) - steps >= 4 * HOUR_STEPS - 4
