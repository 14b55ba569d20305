"""What could not be written for a moment is written a minute later; what is lost is told once."""

import pytest

from emulator.bedside import Refused
from firmware import log_ring, records
from protocol.wire import codec, events, schema
from tests.fault.boluses import BASAL_NL_DAY, last, without_account
from tests.fault.log_entries import entries, newest
from tests.fault.test_restore import (
    Broken,
    after_a_power_failure,
    corrupt,
    made,
    waiting,
    with_broken,
)
from tests.kept import FOLDERS, paths_of
from tests.pumps import Bed

PERIOD_MS = 4_320  # of a step, at 1 mL/day
CAPACITY_NL = 40_000_000
SOON_S = 130  # a minute, and what is written first


def mended(bed: Bed, disk: Broken) -> None:
    """The disk takes writes again: the alarm goes, and all is on it when the power fails."""
    assert "STORE_FAILED" in waiting(bed)
    disk.fails = False
    bed.run(s=SOON_S)
    assert not bed.status()["alarms_active"] & 1 << schema.STORE_FAILED
    after_a_power_failure(bed)


@pytest.mark.parametrize("part", ["condition", FOLDERS[0], FOLDERS[1], "/"])
def test_a_stop_that_could_not_be_written_for_a_moment_holds_after_a_power_failure(
    part: str,
) -> None:
    bed, disk = with_broken(part, capacity_nl=CAPACITY_NL)
    bed.running((0, 1_000_000))
    disk.fails = True
    bed.ask(schema.STOP)
    bed.run(s=5)
    steps = len(bed.steps)
    mended(bed, disk)
    bed.run(minutes=10)
    assert (bed.state, len(bed.steps)) == (schema.STOPPED, steps)


@pytest.mark.parametrize("part", [FOLDERS[0], FOLDERS[1]])
def test_a_generation_that_could_not_be_written_follows_and_the_alarm_goes(part: str) -> None:
    bed, disk = with_broken(part, capacity_nl=CAPACITY_NL)
    bed.running((0, 1_000_000))
    disk.fails = True
    try:
        bed.programmer.prescribe([(0, 600_000)])
        told = 600_000
    except Refused:
        told = 1_000_000
    bed.run(minutes=1)
    mended(bed, disk)
    for generation in "01":
        before = bed.world.disk
        assert bed.status()["rate_nl_day"] == told
        bed.programmer.goodbye()
        bed.world.power_cut()
        corrupt(bed, records.THERAPY, generation)
        bed.world.power_on()
        bed.run(minutes=1)
        assert bed.world.disk is before
    assert bed.status()["rate_nl_day"] == told


def test_the_end_of_a_bolus_that_could_not_be_written_for_a_moment_locks_nobody_out() -> None:
    bed, disk = with_broken("boluses", capacity_nl=CAPACITY_NL)
    bed.running((0, BASAL_NL_DAY))
    bed.programmer.bolus(5_000, 4_800_000)
    disk.fails = True
    bed.ask(schema.CANCEL_BOLUS)
    bed.run(s=5)
    mended(bed, disk)
    assert last(bed)["outcome"] == "CANCELLED"


def test_a_lost_account_of_boluses_is_told_once_and_its_lockout_stays() -> None:
    bed = without_account(hours=1)
    assert bed.state == schema.HELD
    assert "RESTORE_FAILED" in waiting(bed)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.RESTORE_FAILED)
    bed.programmer.goodbye()
    bed.run(minutes=5)
    after_a_power_failure(bed)
    assert bed.state == schema.RUNNING
    assert "RESTORE_FAILED" not in waiting(bed)
    left_s = bed.ask(schema.BOLUSES)["wait_s"]
    assert schema.BOLUS_LOCKOUT_S - 600 < left_s <= schema.BOLUS_LOCKOUT_S
    bed.programmer.goodbye()
    bed.run(s=left_s + 1)
    bed.programmer.hello()
    assert bed.ask(schema.BOLUSES)["wait_s"] == 0


def test_a_refill_that_cannot_be_written_is_refused_and_changes_nothing() -> None:
    bed, disk = with_broken("ledger", capacity_nl=CAPACITY_NL)
    bed.running((0, 1_000_000))
    bed.run(hours=1)
    bed.programmer.hello()
    bed.programmer.hold_magnet()
    before = bed.totals()
    disk.fails = True
    with pytest.raises(Refused, match="NOT_STORED"):
        bed.ask(schema.REFILLED)
    after = bed.totals()
    assert after["refill_verified_nl"] >= before["refill_verified_nl"] > 2_000
    disk.fails = False
    bed.programmer.hold_magnet()
    bed.ask(schema.REFILLED)
    assert bed.totals()["refill_verified_nl"] <= 50
    after_a_power_failure(bed)
    assert bed.totals()["refill_verified_nl"] <= 50


@pytest.mark.parametrize("at_ms", [0, 1, 5, 20, 39, 40, 41, 60, 2_000, 4_230, 4_270, 4_319])
def test_a_stop_at_any_phase_of_a_step_leaves_an_exact_ledger(at_ms: int) -> None:
    """Its record counts a step that is under way as one that may be made, and is written again."""
    bed = Bed(capacity_nl=CAPACITY_NL)
    bed.running((0, 1_000_000))
    bed.programmer.goodbye()
    bed.run(minutes=2)
    edge_ms = bed.steps[-1]
    while bed.steps[-1] == edge_ms:
        bed.run(ms=1)
    bed.programmer.hello()
    since_ms = bed.now_ms - bed.steps[-1]
    bed.run(ms=(at_ms - since_ms) % PERIOD_MS)
    bed.ask(schema.STOP)
    bed.run(s=5)
    truth = made(bed)
    after_a_power_failure(bed)
    totals = bed.totals()
    assert (totals["verified_steps"], totals["unverified_steps"]) == (truth, 0)


def test_events_that_are_gone_from_the_end_of_the_log_are_told_and_no_number_comes_twice() -> None:
    bed = Bed(capacity_nl=CAPACITY_NL)
    bed.running((0, 1_000_000))
    bed.run(hours=3)
    last = newest(bed)
    bed.world.power_cut()
    disk = bed.world.disk
    path = f"{log_ring.FOLDER}/{max(n for n in disk.listdir(log_ring.FOLDER) if n != 'settle')}"
    disk.remove(path)
    bed.world.power_on()
    bed.run(minutes=5)
    found = entries(bed)
    assert found[0].sequence > last - 3
    (gap,) = [one for one in found if one.kind == events.LOG_GAP]
    assert gap.b == events.DAMAGED
    assert gap.a == found[0].sequence - 1


def test_the_ledger_knows_of_events_as_soon_as_they_are_written() -> None:
    """So what a flash loses of the end of the log is told, of a pump that is stopped, too."""
    bed = Bed(capacity_nl=CAPACITY_NL)
    bed.running((0, 48_000))
    for command in (schema.STOP, schema.START, schema.STOP):
        bed.ask(command)
        bed.run(s=12)
        known = []
        for path in paths_of(records.LEDGER):
            with bed.world.disk.open(path, "rb") as file:
                payload = file.read()[8:-4]
            fields = codec.unpack(records.FORMATS[records.LEDGER][-1], payload)
            known.append(fields["log_number"])
        assert max(known) == newest(bed)
