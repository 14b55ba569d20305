"""The event log in want of a flash that takes writes, of room, of memory: what is lost is told."""

from collections.abc import Callable

import pytest

from firmware import event_log, log_ring
from protocol.wire import events, schema
from tests.unit.log_life import EIO, ENOSPC, HOUR_MS, Flash, Life, sound_chain


def broken(**fail: int) -> Callable[[Flash], None]:
    return lambda flash: flash.fail.update(fail)


def lying(flash: Flash) -> None:
    flash.lies = True


@pytest.mark.parametrize(
    "breaks",
    [broken(write=EIO, append=EIO), broken(write=ENOSPC, append=ENOSPC, remove=EIO), lying],
    ids=["error", "full and stuck", "silent"],
)
def test_a_log_that_cannot_be_written_alarms_and_tells_afterwards_what_is_lost(
    life: Life, breaks: Callable[[Flash], None]
) -> None:
    life.fill(3)
    kept = life.records()
    assert life.stand.raised == []
    breaks(life.flash)
    life.log.note(events.FAULT)
    life.run(event_log.SPACING_MS)
    assert life.stand.raised[0][0] == schema.LOG_FAILED
    tries = len(life.flash.calls)
    life.run(50 * 60_000)
    assert len(life.flash.calls) == tries, "it does not try without end"
    for _ in range(1_000):
        life.log.note(events.STATE, 1, 2)
    life.run(10 * HOUR_MS)
    assert len(life.log._fresh) + len(life.log._sealed) <= event_log.PENDING_MAX + 1
    life.flash.fail.clear()
    life.flash.lies = False
    life.stand.cleared.clear()
    life.run(HOUR_MS)
    assert schema.LOG_FAILED in life.stand.cleared
    assert life.records()[:3] == kept
    assert sound_chain(life.records())
    gaps = [row for row in life.rows() if row[5] == events.LOG_GAP]
    noted = 3 + 1 + 1_000 + 11
    assert len(life.rows()) - len(gaps) + sum(row[6] for row in gaps) == noted
    assert {row[7] for row in gaps} == {events.OVERFLOW}
    life.boot()
    assert sound_chain(life.records())


def test_a_flash_that_is_full_of_something_else_makes_the_ring_shorter(life: Life) -> None:
    """And leaves some of it to the records."""
    life.flash.limit_files = 10
    life.fill(20 * log_ring.SEGMENT_RECORDS)
    assert life.stand.raised == []
    assert len(life.flash.names()) == 10 - log_ring.LEFT_FREE
    assert life.rows()[-1][0] == 20 * log_ring.SEGMENT_RECORDS
    assert sound_chain(life.records(), life.log.page(0)["before"])


def test_a_flash_with_room_for_one_segment_keeps_the_newest_events(life: Life) -> None:
    life.flash.limit_files = 1
    life.fill(5 * log_ring.SEGMENT_RECORDS)
    assert len(life.flash.names()) == 1
    assert life.rows()[-1][0] == 5 * log_ring.SEGMENT_RECORDS


def test_a_folder_that_cannot_be_listed_at_boot_is_not_written_over(life: Life) -> None:
    life.fill(3)
    kept = life.flash.segment(1)
    life.flash.fail["list"] = EIO
    life.boot()
    assert life.stand.raised == [(schema.LOG_FAILED, 0)]
    life.log.note(events.BOOT)
    life.run(60_000)
    assert life.log.page(0)["records"] == []
    assert life.flash.segment(1) == kept
    life.flash.fail.clear()
    life.run(HOUR_MS)
    assert life.kinds() == [events.FAULT] * 3 + [events.BOOT, events.LEDGER]
    assert sound_chain(life.records())


def test_refusals_without_end_push_nothing_else_out(life: Life) -> None:
    for _ in range(500):
        life.log.note(events.REFUSAL, schema.START, schema.NO_PRESCRIPTION)
    life.log.note(events.ALARM_RAISED)
    life.run(HOUR_MS)
    kinds = life.kinds()
    assert kinds.count(events.REFUSAL) == event_log.REFUSALS_MAX
    assert kinds.count(events.ALARM_RAISED) == 1
    lost = [row[6] for row in life.rows() if row[5] == events.LOG_GAP]
    assert lost == [500 - event_log.REFUSALS_MAX]


def test_whoever_reads_a_full_memory_is_told_of_every_event_that_is_lost(life: Life) -> None:
    for lost in range(1, 5):
        for _ in range(event_log.PENDING_MAX if lost == 1 else 0):
            life.log.note(events.STATE)
        known = life.log.page(schema.U32_MAX)
        life.log.note(events.COMMAND)
        page = life.log.page(known["newest_event"] + 1)
        assert page["records"] or page["before"] != known["before"]
        assert life.rows()[-1][5:] == (events.LOG_GAP, lost, events.OVERFLOW)
    assert sound_chain(life.records())


def test_no_memory_for_an_event_is_counted(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(_at_ms: int) -> int:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(life.stand, "wall_s", no_memory)
        life.log.note(events.FAULT)
    life.log.note(events.STATE)
    assert [(row[5], row[6]) for row in life.rows()] == [(events.STATE, 0), (events.LOG_GAP, 1)]
