"""The event log: what happened and when.

`note` may be called from anywhere in the loop: it keeps the event in memory, in a list that is
bounded, and does nothing else. Numbers, chain, CRC and flash wait for `poll`, until the next step
is further away than a write takes. A command, an alarm, a change of state is written GATHER_MS
after it, at most once in SPACING_MS; the rest within the hour. So a power failure loses the events
of the last SPACING_MS, and of the last hour refusals and rates.
"""

import struct

from firmware.log_ring import LogRing, chain_of, seal
from firmware.task import NEVER, Task, nobody
from protocol.wire import events, schema

PENDING_MAX = 128  # events in memory ...
REFUSALS_MAX = 64  # ... and how many before a refusal is only counted: a line asks as it likes
WRITE_MS = 1_300  # three erases of the worst case: a block, the folder, the folder moved
GATHER_MS = 1_000
SPACING_MS = 10_000
_HOUR_MS = 3_600_000
_NO_SPACE = 28  # ENOSPC
_CALM = (events.REFUSAL, events.RATE, events.LEDGER, events.NO_MEMORY)  # wait for the hour

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, List, Tuple

    from firmware.alarm import Alarms
    from firmware.clock import Clock, WallClock
    from firmware.delivery import Delivery
    from firmware.files import Files
    from firmware.ledger import Ledger


class EventLog(Task):
    """The log of one pump. Nothing that fails here reaches delivery: it is an alarm.

    noted: how many events there were, kept or lost.
    """

    def __init__(
        self,
        files: "Files",
        clock: "Clock",
        wall: "WallClock",
        ledger: "Ledger",
        delivery: "Delivery",
        alarms: "Alarms",
    ) -> None:
        super().__init__()
        self._clock = clock
        self._wall = wall
        self._ledger = ledger
        self._delivery = delivery
        self._alarms = alarms
        self._ring = LogRing(files)
        self._fresh: "List[Tuple[int, int, int, int, int, int]]" = []  # noted
        self._sealed: "List[bytes]" = []  # numbered and chained, not on the flash
        self._lost = 0  # after those
        self.on_written: "Callable[[], None]" = nobody
        self.noted = 0
        self._gap = 0  # as many are told lost by the newest sealed record
        self._is_open = False  # whether the end of the ring was found
        self._hour_at_ms = NEVER
        self._flush_at_ms = NEVER
        self._flushed_ms = -SPACING_MS

    def start(self, now_ms: int) -> None:
        """Find the end of the log, and begin to write."""
        self._hour_at_ms = now_ms + _HOUR_MS
        try:
            self._open()
        except OSError:
            self._fail()
        self._plan()

    def note(self, kind: int, a: int = 0, b: int = 0) -> None:
        """This happened now. Its arguments: protocol/names.py."""
        self.note_at(kind, a, b, self._clock.now_ms)

    def note_at(self, kind: int, a: int, b: int, at_ms: int) -> None:
        """This happened at ``at_ms``, not long ago. Never raises: what is lost is counted."""
        self.noted += 1
        limit = REFUSALS_MAX if kind == events.REFUSAL else PENDING_MAX
        if len(self._fresh) + len(self._sealed) >= limit:
            self._lost += 1
            return
        now_ms = self._clock.now_ms
        uptime_s = self._clock.uptime_s() - now_ms // 1000 + at_ms // 1000
        try:
            self._fresh.append((at_ms % 1000, uptime_s, self._wall.wall_s(at_ms), kind, a, b))
        except MemoryError:
            self._lost += 1
            return
        if kind not in _CALM:
            soon_ms = max(now_ms + GATHER_MS, self._flushed_ms + SPACING_MS)
            self._flush_at_ms = min(self._flush_at_ms, soon_ms)
            self._plan()

    def rate_changed(self, rate_nl_day: int, segment: int, from_ms: int) -> None:
        """This rate holds from then on; 0: nothing is delivered."""
        self.note_at(events.RATE, rate_nl_day, segment, from_ms)

    def prescribed(self, digest: bytes) -> None:
        """The prescription with this digest is in force."""
        start, following = struct.unpack(">II", digest[:8])
        self.note(events.PRESCRIPTION, start, following)

    def checkpoint(self) -> None:
        """The step ledger as it is now."""
        ledger = self._ledger
        if ledger.is_sound:
            self.note(events.LEDGER, ledger.verified.value(), ledger.unverified.value())

    def poll(self, now_ms: int) -> None:
        """An hour is over, or something is to be written: one operation on the flash."""
        try:
            self._work(now_ms)
        except MemoryError:
            self._fail()
            self._plan()

    def _work(self, now_ms: int) -> None:
        if now_ms >= self._hour_at_ms:
            self._hour_at_ms = now_ms + _HOUR_MS
            self._flush_at_ms = now_ms
            self.checkpoint()
        if now_ms >= self._flush_at_ms:
            if not self._delivery.has_room(self._clock.read(), WRITE_MS):
                self.due_ms = self._delivery.due_ms + 1
                return
            self._flush_at_ms = NEVER
            self._flush(now_ms)
        self._plan()

    def rebase(self, by_ms: int) -> None:
        """See Task."""
        super().rebase(by_ms)
        self._flushed_ms = max(self._flushed_ms - by_ms, -SPACING_MS)
        if self._hour_at_ms != NEVER:
            self._hour_at_ms -= by_ms
        if self._flush_at_ms != NEVER:
            self._flush_at_ms -= by_ms

    def page(self, first: int) -> "Dict[str, Any]":
        """The fields of LOG_ANSWER: records from number ``first`` on, or from the next one that
        can be read. Those in memory count too.
        """
        if self._is_open:
            self._seal()
        ring = self._ring
        first, before, records = ring.page(max(first, ring.oldest()))
        at = first - ring.newest - 1
        if not records and at < len(self._sealed):
            at = max(at, 0)
            first = ring.newest + 1 + at
            before = chain_of(self._sealed[at - 1]) if at else ring.chain
            records = self._sealed[at : at + events.PAGE_RECORDS]
        elif not records:
            before = self._chain()
        return {
            "oldest_event": ring.oldest(),
            "newest_event": ring.newest + len(self._sealed),
            "first_event": first,
            "before": before,
            "records": [{"record": record} for record in records],
        }

    def _open(self) -> None:
        damaged = self._ring.find_end(self._ledger.log_number)
        self._is_open = True
        if damaged:
            self.note(events.LOG_GAP, damaged, events.DAMAGED)

    def _plan(self) -> None:
        self.due_ms = min(self._hour_at_ms, self._flush_at_ms)

    def _chain(self) -> bytes:
        """Of the newest record."""
        return chain_of(self._sealed[-1]) if self._sealed else self._ring.chain

    def _seal(self) -> None:
        """Number and chain what was noted; then tell what could not be, in one record at the end.

        Where more is lost that record is made anew: so whoever reads the log knows it at once.
        """
        while self._fresh and self._has_number():  # one by one: memory may run out between two
            self._seal_one(self._fresh[0])
            self._fresh.pop(0)
            self._gap = 0
        if self._lost:
            if self._gap and self._sealed:
                self._sealed.pop()
                self._lost += self._gap
            self._gap = 0
            if not self._has_number():
                return
            now_ms = self._clock.now_ms
            stamp = (now_ms % 1000, self._clock.uptime_s(), self._wall.wall_s(now_ms))
            self._seal_one(stamp + (events.LOG_GAP, self._lost, events.OVERFLOW))
            self._gap, self._lost = self._lost, 0

    def _has_number(self) -> bool:
        """Numbers are never used twice: after the last one the log has come to its end."""
        return self._ring.newest + len(self._sealed) < schema.U32_MAX

    def _seal_one(self, event: "Tuple[int, int, int, int, int, int]") -> None:
        ms, uptime_s, wall_s, kind, a, b = event
        content = struct.pack(
            events.FORMAT,
            self._ring.newest + len(self._sealed) + 1,
            self._ledger.boots & 0xFFFF,
            ms,
            uptime_s & schema.U32_MAX,
            wall_s & schema.U32_MAX,
            kind,
            a & schema.U32_MAX,
            b & schema.U32_MAX,
        )
        self._sealed.append(seal(self._chain(), content))

    def _flush(self, now_ms: int) -> None:
        """One operation: make room in the ring, or write what goes into one segment."""
        self._flushed_ms = now_ms
        try:
            if not self._is_open:
                self._open()
            self._seal()
            if self._ring.is_full():
                self._ring.forget_oldest()
            elif self._sealed:
                self._sealed = self._sealed[self._ring.write(self._sealed) :]
        except OSError as error:
            if not self._made_room(error):
                self._fail()
                return
        if self._fresh:  # no number is left for them
            self._fail()
        else:
            self._alarms.clear(schema.LOG_FAILED)
        if self._ledger.log_number != self._ring.newest:
            self._ledger.log_number = self._ring.newest
            self.on_written()
        if self._sealed:
            self._flush_at_ms = now_ms

    def _made_room(self, error: OSError) -> bool:
        """A flash that is full of something else makes the ring shorter, not the log end."""
        try:
            return error.args[:1] == (_NO_SPACE,) and self._ring.shrink()
        except OSError:
            return False

    def _fail(self) -> None:
        """Events stay in memory as far as they fit; the next one tries again, or the hour."""
        self._alarms.raise_alarm(schema.LOG_FAILED, self._lost + self._gap)
