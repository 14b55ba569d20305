"""Figures of the event log, and of changes whose answer was lost."""

import tempfile
from pathlib import Path

from firmware import log_ring
from protocol.wire import events, schema
from tests.pumps import Bed
from tests.unit.log_life import Life, sound_chain
from tests.wire.altered_logs import as_it_is, changes_missed, resealed
from tests.wire.changes import Case
from tests.wire.faulty_line import Line
from tests.wire.logs import read, two_days
from tools.figures.figure import at_least, at_most

DAYS = 30
DAY_EVENTS = 24 + 24 + 12  # checkpoints, edges of a schedule, a visit
FAULTS = 1_000
FAULT_EVENTS = 7  # raised, cleared, acknowledged, held, resumed, two rates
LINE_BYTES_MAX = 300
_BATCH = 100  # events in memory at a time
_BATCH_S = 11  # until they are written


@at_least(
    "LOG-01",
    "events kept: 30 days of 60, and 1,000 faults of 7",
    "events",
    DAYS * DAY_EVENTS + FAULTS * FAULT_EVENTS,
)
def capacity() -> tuple[int, str]:
    """Read from a ring that has gone round, its chain checked."""
    life = Life()
    life.fill((log_ring.SEGMENTS_MAX + 5) * log_ring.SEGMENT_RECORDS)
    records = life.records()
    kept = len(records) if sound_chain(records, life.log.page(0)["before"]) else 0
    size = sum(len(life.flash.segment(int(name, 16))) for name in life.flash.names())
    return kept, f"{len(life.flash.names())} files, {size:,} bytes"


@at_most("LOG-02", "changed bytes of a log that are not found", "bytes", 0)
def alterations() -> tuple[int, str]:
    """Every byte of every record of two days, the CRC left as it was, and made anew."""
    log = read(two_days())
    tried, missed = changes_missed(log, as_it_is)
    tried_too, missed_too = changes_missed(log, resealed)
    told = f"{tried + tried_too:,} changes of {len(log.events)} records"
    return missed + missed_too, f"{told} of {events.RECORD_BYTES} bytes"


@at_most("LOG-03", "line cut at every byte: changes doubled, lost or unreported", "changes", 0)
def cuts() -> tuple[int, str]:
    """Both ways, every command that changes something; judged by an observer in the pump."""
    tried = done = wrong = 0
    for command in schema.CHANGING:
        with tempfile.TemporaryDirectory() as folder:
            case = Case(command, Path(folder))
            for way in ("to_pump", "from_pump"):
                for passed in range(LINE_BYTES_MAX):
                    link = Line(case.bed.world, command)
                    setattr(link, way, passed)
                    case.prepare()
                    if case.attempt(link):
                        wrong += case.effects() != 1
                        break
                    verdict = case.reconciled()
                    tried += 1
                    done += verdict.times
                    wrong += not verdict.times == case.effects() <= 1
    told = f"{tried} cuts of {len(schema.CHANGING)} commands"
    return wrong, f"{told}; {done} took effect, the others did not"


@at_most("LOG-04", "a full log read over the line at 115,200 baud", "s", 120, 60)
def reading() -> tuple[float, str]:
    """By the programmer's client, the chain checked."""
    bed = Bed()
    bed.running()
    for _ in range(log_ring.SEGMENTS_MAX * log_ring.SEGMENT_RECORDS // _BATCH + 5):
        for _ in range(_BATCH):
            bed.pump.log.note(events.SELF_TEST)
        bed.run(s=_BATCH_S)
    begun_ms = bed.now_ms
    log = read(bed)
    took_s = (bed.now_ms - begun_ms) / 1_000
    return took_s if not log.faults() else float("inf"), f"{len(log.events):,} events"
