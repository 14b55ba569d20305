"""The event log: nothing that fits is lost, and it is written when there is room."""

from firmware import event_log, log_ring
from protocol.wire import events, schema
from tests.unit.log_life import HEADER, HOUR_MS, RECORD, Life, sound_chain


def test_an_event_is_kept_with_its_number_times_and_arguments(life: Life) -> None:
    life.stand.now_ms = 5_007
    life.log.note(events.ALARM_RAISED, 3, -20_000)
    life.log.note_at(events.RATE, 24_000_000, 2, 4_001)
    life.log.note(events.CLOCK_SET, schema.WALL_S_MAX, schema.U32_MAX)
    assert life.rows() == [
        (1, 1, 7, 5, 820_000_005, events.ALARM_RAISED, 3, (1 << 32) - 20_000),
        (2, 1, 1, 4, 820_000_004, events.RATE, 24_000_000, 2),
        (3, 1, 7, 5, 820_000_005, events.CLOCK_SET, schema.WALL_S_MAX, schema.U32_MAX),
    ]
    assert sound_chain(life.records())


def test_an_event_in_memory_is_read_like_one_on_the_flash(life: Life) -> None:
    life.fill(7)
    before = life.records()
    life.log.note(events.FAULT)
    assert len(life.records()) == 8
    assert life.records()[:7] == before
    read = life.records()
    life.run(event_log.SPACING_MS)
    assert len(life.flash.segment(1)) == HEADER + 8 * RECORD
    assert life.records() == read
    assert sound_chain(read)


def test_a_page_after_the_newest_is_empty_and_tells_its_chain(life: Life) -> None:
    assert life.log.page(0) == {
        "oldest_event": 1,
        "newest_event": 0,
        "first_event": 1,
        "before": bytes(8),
        "records": [],
    }
    life.log.note(events.FAULT)
    page = life.log.page(schema.U32_MAX)
    assert (page["newest_event"], page["records"]) == (1, [])
    assert page["before"] == life.records()[0][25:33]
    life.fill(3)
    assert life.log.page(schema.U32_MAX)["before"] == life.records()[-1][25:33]


def test_a_note_writes_nothing_and_an_urgent_one_is_written_a_second_later(life: Life) -> None:
    life.run(60_000)
    life.flash.calls.clear()
    life.log.note(events.ALARM_RAISED)
    life.run(event_log.GATHER_MS - 1)
    assert life.flash.calls == []
    life.log.note(events.STATE)
    life.run(1)
    assert life.flash.calls == ["write"]
    life.log.note(events.COMMAND)
    life.run(event_log.SPACING_MS - 1)
    assert life.flash.calls == ["write"]
    life.run(1)
    assert life.flash.calls == ["write", "append"]


def test_rates_and_refusals_wait_for_the_hour_and_its_checkpoint(life: Life) -> None:
    life.log.note(events.REFUSAL)
    life.log.rate_changed(1_000_000, 1, 0)
    life.run(HOUR_MS - 1)
    assert life.flash.names() == []
    life.run(1)
    life.boot()
    assert life.kinds() == [events.REFUSAL, events.RATE, events.LEDGER]
    assert life.rows()[-1][6:] == (77, 77)


def test_nothing_is_written_while_a_step_is_near(life: Life) -> None:
    life.log.note(events.FAULT)
    life.stand.room = False
    for due_ms in (1_500, 2_500, 3_500):
        life.stand.due_ms = due_ms
        life.stand.now_ms = life.log.due_ms
        life.log.poll(life.log.due_ms)
        assert life.log.due_ms == due_ms + 1, "right after the step"
    assert life.flash.names() == []
    life.stand.room = True
    life.run(10_000)
    assert life.flash.names() == ["00000001"]


def test_one_operation_of_the_flash_at_a_time(life: Life) -> None:
    life.fill(log_ring.SEGMENT_RECORDS - 3)
    for _ in range(100):
        life.log.note(events.FAULT)
    life.flash.calls.clear()
    life.stand.now_ms = life.log.due_ms
    life.log.poll(life.stand.now_ms)
    assert life.flash.calls == ["append"]
    assert life.log.due_ms <= life.stand.now_ms, "the rest at the next turn"
    life.log.poll(life.stand.now_ms)
    assert life.flash.calls == ["append", "write"]
    assert sound_chain(life.records())


def test_the_log_goes_on_after_a_reset(life: Life) -> None:
    for boot in range(1, 8):
        life.fill(37)
        life.boot()
        assert len(life.records()) == 37 * boot
    life.fill(1)
    assert sound_chain(life.records())
    assert [row[0] for row in life.rows()] == list(range(1, 37 * 7 + 2))
    assert [row[1] for row in life.rows()] == [1 + n // 37 for n in range(37 * 7)] + [8]


def test_the_oldest_goes_and_thirty_days_with_a_thousand_faults_stay(life: Life) -> None:
    """A day: 24 checkpoints, 24 edges of a schedule, 12 events; a fault: raised, cleared,
    acknowledged, held, resumed, two rates."""
    enough = 30 * (24 + 24 + 12) + 1_000 * 7
    life.fill(log_ring.SEGMENTS_MAX * log_ring.SEGMENT_RECORDS + 1_000)
    assert len(life.flash.names()) <= log_ring.SEGMENTS_MAX
    page = life.log.page(0)
    assert page["oldest_event"] > 1_000 - log_ring.SEGMENT_RECORDS
    assert page["newest_event"] - page["oldest_event"] + 1 >= enough
    records = life.records()
    assert len(records) == page["newest_event"] - page["oldest_event"] + 1
    assert sound_chain(records, page["before"])
    assert all(len(life.flash.segment(int(name, 16))) <= 4_096 for name in life.flash.names())


def test_oldest_files_that_somebody_has_removed_are_as_if_the_ring_had_dropped_them(
    life: Life,
) -> None:
    """To make room on a flash that other files have filled, say."""
    life.fill(6 * log_ring.SEGMENT_RECORDS)
    *removed, _, _ = life.flash.names()
    for name in removed:
        life.flash.disk.remove(f"/pump/log/{name}")
    first = int(life.flash.names()[0], 16)
    life.boot()
    life.fill(20)
    rows = life.rows()
    assert [row[0] for row in rows] == list(range(first, first + len(rows)))
    assert sound_chain(life.records(), life.log.page(first)["before"])
    assert not {row[5] for row in rows} & {events.LOG_GAP}
    assert life.stand.raised == []


def test_a_year_of_moved_epochs_changes_no_deadline(life: Life) -> None:
    day_ms = 86_400_000
    written = 0
    for _ in range(365):
        life.run(day_ms)
        life.stand.now_ms -= day_ms
        life.log.rebase(day_ms)
        written += 24
    assert life.log.page(0)["newest_event"] == written
    life.run(event_log.SPACING_MS)
    life.log.note(events.FAULT)
    assert life.log.due_ms == life.stand.now_ms + event_log.GATHER_MS
