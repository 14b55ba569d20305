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

COMMIT_MS = 450  # an erase of the worst case (W25Q16JV: 400 ms), and the work around it
BLOCK_STEPS = 8  # 0.4 uL: what a power failure can hide, up to 1 mL/day
_BLOCK_RATE_NL_DAY = 125_000  # above: one record in 34.56 s, docs/storage.md
_HOUR_MS = 3_600_000
_AGAIN_MS = 60_000
_DAY_S = 86_400
_NO_DAY = -1
_IN_TURN = (records.CONDITION, records.BOLUSES)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Dict

    from firmware.alarm import Alarms
    from firmware.clock import Clock, WallClock
    from firmware.delivery import Delivery
    from firmware.ledger import Ledger
    from firmware.memory import Memory


def block_steps(rate_nl_day: int) -> int:
    """How many steps are reserved at a time, at this rate."""
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
        self.commits = 0
        self._reserved = 0  # by the latest record
        self._hour_at_ms = 0
        self._midnight_at_ms = NEVER
        self._day = _NO_DAY  # that the span since midnight belongs to

    def start(self, now_ms: int) -> None:
        """Records have been read: keep them from now on. Writes the ledger."""
        self.wall_changed(now_ms)
        self.checkpoint(now_ms)

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
        """Delivery has used up what was reserved, but for a step."""
        self.due_ms = 0

    def reserve(self, now_ms: int) -> None:
        """Steps are about to be made: reserve the first block now, whatever the room.

        As few as ever: the rate to come may be the lowest.
        """
        if self._ledger.left <= 1:
            self._write_ledger(now_ms, BLOCK_STEPS)

    def write(self, now_ms: int) -> None:
        """Motor off: write all that has changed, now."""
        self._changed |= 1 << records.CONDITION
        while self._changed:
            self._keep_changed()
        self.checkpoint(now_ms)

    def poll(self, now_ms: int) -> None:
        """Something is to be written, when there is room: one record at a time."""
        ledger = self._ledger
        if now_ms >= self._midnight_at_ms:
            self._begin_day(now_ms)
        runs = self.rate_nl_day() >= 0
        if runs and ledger.left <= 0:
            self.checkpoint(now_ms)
        elif not self._delivery.has_room(now_ms, COMMIT_MS):
            self.due_ms = self._delivery.due_ms + 1
            return
        elif now_ms >= self._hour_at_ms or (ledger.left <= 1 if runs else self._reserved > 0):
            self.checkpoint(now_ms)
        elif self._changed:
            self._keep_changed()
        self._plan()

    def checkpoint(self, now_ms: int) -> None:
        """Write the ledger, and reserve the next block where steps are being made.

        A flash that fails stops no delivery: the alarm says that a power failure would lose it.
        """
        rate_nl_day = self.rate_nl_day()
        self._write_ledger(now_ms, block_steps(rate_nl_day) if rate_nl_day >= 0 else 0)

    def commit(self, kind: int, write: "Callable[[], None]") -> None:
        """Write a record now. kind: which. Raises StoreError.

        The alarm stands while the latest write of any record failed, or its twin's did.
        """
        self._failed |= 1 << kind
        try:
            write()
            self.commits += 1
            self._failed &= ~(1 << kind)
        except MemoryError:
            raise StoreError("no memory")
        finally:
            failed = self._failed | self._memory.halves()
            if failed:
                self._alarms.raise_alarm(schema.STORE_FAILED, failed)
            else:
                self._alarms.clear(schema.STORE_FAILED)

    def rebase(self, by_ms: int) -> None:
        """See Task."""
        super().rebase(by_ms)
        self._hour_at_ms -= by_ms
        if self._midnight_at_ms != NEVER:
            self._midnight_at_ms -= by_ms

    def _write_ledger(self, now_ms: int, reserved: int) -> None:
        """A day that is over is ended first: the record must not count it for the one that its
        clock shows."""
        if now_ms >= self._midnight_at_ms:
            self._begin_day(now_ms)
        self._hour_at_ms = now_ms + _HOUR_MS
        self._ledger.left = self._reserved = reserved
        self._keep(records.LEDGER)

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
        self.due_ms = min(self._hour_at_ms, self._midnight_at_ms)
        if self._changed:
            self.due_ms = 0

    def _keep_changed(self) -> None:
        """One of the records that changed, the condition first."""
        for kind in _IN_TURN:
            if self._changed & 1 << kind:
                self._changed &= ~(1 << kind)
                self._keep(kind)
                return

    def _keep(self, kind: int) -> None:
        """What fails, for want of memory too, is an alarm; delivery goes on.

        A ledger that is not sound is not written: the record on the flash brackets the truth.

        MemoryError: before the write was tried, or for want of room for StoreError.
        """
        if kind == records.LEDGER and not self._ledger.is_sound:
            return
        try:
            self.commit(kind, self.savers[kind])
        except NOT_KEPT:
            self._failed |= 1 << kind
            self._alarms.raise_alarm(schema.STORE_FAILED, self._failed)

    def _save_ledger(self) -> None:
        wall_s = self._wall.wall_s(self._hour_at_ms - _HOUR_MS)
        uptime_s = self._clock.uptime_s()
        self._memory.save_ledger(self._ledger, self._reserved, wall_s, uptime_s)


def _not_running() -> int:
    """Stands where nobody has been connected yet."""
    return -1
