"""When the flash is written: between steps, and before a block of steps.

Polled from the loop, after delivery. A write takes up to 400 ms (an erase of the worst case), with
interrupts held off: it waits until the next step is further away. Where the steps come too fast
for that, it goes right after a step, and only when it must.
"""

from firmware import records
from firmware.clock import DAY_MS
from firmware.ledger import SINCE_MIDNIGHT
from firmware.store import NOT_KEPT, StoreError
from firmware.task import NEVER, Task
from protocol.wire import schema

ERASE_MS = 450  # of the worst case (W25Q16JV: 400 ms), and the work around it
COMMIT_MS = 2 * ERASE_MS  # one generation of a record; littlefs moves a worn folder now and then
BLOCK_STEPS = 8  # 0.4 uL: what a power failure can hide, up to 1 mL/day
_BLOCK_RATE_NL_DAY = 125_000  # above: 34.56 s, docs/storage.md
_HOUR_MS = 3_600_000
_AGAIN_MS = 60_000
_DAY_S = 86_400
_NO_DAY = -1
_NOTHING = -1_000_000  # beyond any block
_KEPT = 1 << records.CONDITION | 1 << records.BOLUSES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict

    from firmware.alarm import Alarms
    from firmware.clock import Clock, WallClock
    from firmware.delivery import Delivery
    from firmware.ledger import Ledger
    from firmware.memory import Memory


def block_steps(rate_nl_day: int) -> int:
    """How many steps a record reserves at this rate: for two blocks, in the second of which the
    next record is the newest; if that one is lost, they still are.
    """
    return max(BLOCK_STEPS, -(-rate_nl_day // _BLOCK_RATE_NL_DAY))


class Keeper(Task):
    """Keeps condition and ledger on the flash up to date.

    savers: by kind of record, what writes it; raises StoreError. rate_nl_day: asked for the
    rate that holds now; -1: therapy does not run. A rate of 0 keeps its reservation, for the step
    that may be due right after it. commits: how many records have been written.
    """

    def __init__(
        self,
        memory: "Memory",
        ledger: "Ledger",
        delivery: "Delivery",
        clock: "Clock",
        wall: "WallClock",
        alarms: "Alarms",
    ) -> None:
        super().__init__()
        self._memory = memory
        self._ledger = ledger
        self._delivery = delivery
        self._clock = clock
        self._wall = wall
        self._alarms = alarms
        self.rate_nl_day: "Callable[[], int]" = _not_running
        self.savers: "Dict[int, Callable[[], None]]" = {records.LEDGER: self._save_ledger}
        self._changed = 0  # bit per kind of record
        self._failed = 0
        self._tried = 0  # of those, what is about to be written again
        self.commits = 0
        self._reserved = 0  # by the latest record
        self._spare = 0  # of those, beyond the block
        self._again_at_ms = NEVER  # what failed is tried
        self._hour_at_ms = 0
        self._midnight_at_ms = NEVER
        self._day = _NO_DAY  # that the span since midnight belongs to

    def start(self, now_ms: int) -> bool:
        """Records have been read: keep them from now on. Writes the ledger. False: it failed."""
        self.wall_changed(now_ms)
        return self.checkpoint(now_ms)

    def wall_changed(self, now_ms: int) -> None:
        """The clock was set: midnight comes at another time, or has come."""
        self._midnight_at_ms = NEVER
        if self._wall.is_set:
            day = self._wall.wall_s(now_ms) // _DAY_S
            if self._day in (_NO_DAY, day):
                self._day = day
                self._midnight_at_ms = now_ms + DAY_MS - self._wall.day_ms(now_ms)
            else:
                self._midnight_at_ms = 0
        self._plan()

    def changed(self, kind: int) -> None:
        """Write this record as soon as there is room. Allocates nothing."""
        self._changed |= 1 << kind
        self.due_ms = 0

    def condition_changed(self) -> None:
        """See `changed`."""
        self.changed(records.CONDITION)

    def block_ends(self) -> None:
        """Delivery has used up the block."""
        self.due_ms = 0

    def log_written(self) -> None:
        """The ledger knows of more events now."""
        self._hour_at_ms = self.due_ms = 0

    def reserve(self, now_ms: int) -> None:
        """Steps are about to be made: reserve the first block now, whatever the room.

        As few as ever: the rate to come may be the lowest.
        """
        if self._ledger.left <= 1:
            self._spare = _NOTHING
            self._write_ledger(now_ms, BLOCK_STEPS)

    def write(self, now_ms: int) -> None:
        """Motor off: write all that has changed, now."""
        self._changed |= 1 << records.CONDITION
        while self._changed:
            self._keep_changed()
        self._next_block(now_ms)

    def poll(self, now_ms: int) -> None:
        """Something is to be written, when there is room: one record at a time."""
        ledger = self._ledger
        if now_ms >= self._midnight_at_ms:
            self._begin_day(now_ms)
        if now_ms >= self._again_at_ms:
            self._try_again()
        halves = self._memory.halves() & ~self._failed
        runs = self.rate_nl_day() >= 0
        if runs and ledger.left <= 0:
            self._next_block(now_ms)
        elif not self._delivery.has_room(now_ms, COMMIT_MS):
            self.due_ms = self._delivery.due_ms + 1
            return
        elif now_ms >= self._hour_at_ms or (self._reserved and not runs):
            self._next_block(now_ms)
        elif self._changed:
            self._keep_changed()
        elif halves:
            self._complete(_first(halves))
        self._plan()

    def checkpoint(self, now_ms: int) -> bool:
        """Write both generations of the ledger: what it says is new. False: it failed."""
        self._spare = _NOTHING
        return self._next_block(now_ms)

    def commit(self, kind: int, write: "Callable[[], None]") -> None:
        """Write a record now; its other generation follows when there is room. Raises StoreError:
        the one before holds."""
        done = False
        try:
            write()
            self.commits += 1
            done = True
        except MemoryError:
            raise StoreError("no memory")
        finally:
            self._tell(kind, done)

    def rebase(self, by_ms: int) -> None:
        """See Task."""
        super().rebase(by_ms)
        self._hour_at_ms -= by_ms
        if self._midnight_at_ms != NEVER:
            self._midnight_at_ms -= by_ms
        if self._again_at_ms != NEVER:
            self._again_at_ms -= by_ms

    def _next_block(self, now_ms: int) -> bool:
        """Whether the ledger could be written for the block that follows, or a step under way at
        a stop. A flash that fails stops no delivery: it is an alarm."""
        rate_nl_day = self.rate_nl_day()
        if rate_nl_day < 0:
            return self._write_ledger(now_ms, int(self._delivery.is_under_way()))
        return self._write_ledger(now_ms, block_steps(rate_nl_day))

    def _write_ledger(self, now_ms: int, reserved: int) -> bool:
        """A day that is over is ended first: the record must not count it for the one that its
        clock shows.

        The record before may be the newest that is left. What it has reserved beyond its block
        bounds the block that begins; where that is nothing both generations are written.
        """
        if now_ms >= self._midnight_at_ms:
            self._begin_day(now_ms)
        self._hour_at_ms = now_ms + _HOUR_MS
        left = reserved - reserved // 2
        covered = self._ledger.left + self._spare
        if covered > 0:
            left = min(left, covered)
        self._ledger.left = left
        self._reserved = reserved
        self._spare = reserved - left
        if not self._keep(records.LEDGER):
            self._spare = _NOTHING
            return False
        if covered < 0 or (not covered and reserved):
            self._keep(records.LEDGER)
        return True

    def _begin_day(self, now_ms: int) -> None:
        """Tried again in a minute where memory runs out; the record that follows then tells it."""
        self._hour_at_ms = 0
        self._midnight_at_ms = now_ms + _AGAIN_MS
        try:
            self._ledger.begin(SINCE_MIDNIGHT)
            self._day = _NO_DAY
            self.wall_changed(now_ms)
        except MemoryError:
            return

    def _plan(self) -> None:
        self.due_ms = min(self._hour_at_ms, self._midnight_at_ms, self._again_at_ms)
        if self._changed or self._memory.halves() & ~self._failed:
            self.due_ms = 0

    def _keep_changed(self) -> None:
        """One of the records that changed, the condition first."""
        kind = _first(self._changed)
        self._changed &= ~(1 << kind)
        self._keep(kind)

    def _keep(self, kind: int) -> bool:
        """Whether it could be written. What fails, for want of memory too, is an alarm.

        A ledger that is not sound is not written: the record on the flash brackets the truth.
        """
        if kind == records.LEDGER and not self._ledger.is_sound:
            return True
        try:
            self.commit(kind, self.savers[kind])
        except NOT_KEPT:
            self._tell(kind, False)
            return False
        return True

    def _complete(self, kind: int) -> None:
        """Its other generation. What fails is an alarm."""
        try:
            self._memory.complete(kind)
            done = True
        except NOT_KEPT:
            done = False
        self._tell(kind, done)

    def _tell(self, kind: int, done: bool) -> None:
        """The alarm stands while the latest write of any generation failed."""
        self.due_ms = 0
        self._tried &= ~(1 << kind)
        self._failed &= ~(1 << kind)
        if not done:
            self._failed |= 1 << kind
            self._again_at_ms = self._clock.now_ms + _AGAIN_MS
        failed = self._failed | self._tried
        if failed:
            self._alarms.raise_alarm(schema.STORE_FAILED, failed)
        else:
            self._alarms.clear(schema.STORE_FAILED)

    def _try_again(self) -> None:
        """What could not be written a minute ago; of a command, what it may have left there."""
        self._again_at_ms = NEVER
        failed = self._failed
        self._changed |= failed & _KEPT
        if failed & 1 << records.LEDGER:
            self._hour_at_ms = 0
        self._tried = failed & (_KEPT | 1 << records.LEDGER | self._memory.halves())
        self._failed = 0
        if not self._tried:
            self._alarms.clear(schema.STORE_FAILED)

    def _save_ledger(self) -> None:
        wall_s = self._wall.wall_s(self._hour_at_ms - _HOUR_MS)
        uptime_s = self._clock.uptime_s()
        self._memory.save_ledger(self._ledger, self._reserved, wall_s, uptime_s)


def _first(kinds: int) -> int:
    """The first kind in a mask that is not 0."""
    kind = 1
    while not kinds >> kind & 1:
        kind += 1
    return kind


def _not_running() -> int:
    """Stands where nobody has been connected yet."""
    return -1
