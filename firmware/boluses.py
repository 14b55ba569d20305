"""Boluses: the one under way, those before it, and how soon the next may follow.

From the loop only. A bolus is a rate on top of the prescription's, for a time (therapy.py); here
is the account of it. It is on the flash before its first step, so that no reset hides it, and none
is ever begun again: what ends it early (an order, an alarm, a reset) ends it for good.

What one delivered is the growth of the ledger's span OF_BOLUS. Ages count time with power, which
the ledger's record carries over a reset: no clock that is set, and no power failure, shortens a
lockout.
"""

from firmware import records
from firmware.guard import Corrupt
from firmware.ledger import OF_BOLUS
from firmware.store import NOT_KEPT
from protocol.wire import events, schema

_DAY_S = 86_400
_DAY_MS = 86_400_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List

    from firmware.clock import Clock
    from firmware.event_log import EventLog
    from firmware.keeper import Keeper
    from firmware.ledger import Ledger
    from firmware.memory import Memory
    from firmware.therapy import Therapy

    Values = Dict[str, Any]


def duration_ms(volume_nl: int, rate_nl_day: int) -> int:
    """How long a bolus lasts: until the first whole ms in which all of it is due."""
    return -(-volume_nl * _DAY_MS // rate_nl_day)


class Boluses:
    """The newest boluses of one pump, each a row of the BOLUSES record.

    What decides when the next may be given, and how much, is sealed: one flipped bit of it is
    Corrupt when it is asked for, and never written.

    count: how many there ever were.
    """

    def __init__(
        self,
        clock: "Clock",
        ledger: "Ledger",
        therapy: "Therapy",
        keeper: "Keeper",
        memory: "Memory",
        log: "EventLog",
    ) -> None:
        self._clock = clock
        self._ledger = ledger
        self._therapy = therapy
        self._keeper = keeper
        self._memory = memory
        self._log = log
        self.count = 0
        self._rows: "List[Values]" = []  # the oldest first
        self._is_under_way = False
        self._verified_nl = 0  # of all boluses, when the latest began
        self._possible_nl = 0
        self._locked_until_s = 0  # where nobody knows what was given
        self._seal = 0
        keeper.savers[records.BOLUSES] = self.save
        therapy.on_bolus_end = self.end

    def restore(self) -> None:
        """Go on from the record. The one that was under way has ended with the reset.

        The ledger has been restored. A record that is lost locks out as a bolus does.
        """
        found = self._memory.load_boluses()
        now_s = self._now_s()
        if found is None:
            if self._memory.damaged & 1 << records.BOLUSES:
                self._locked_until_s = now_s + schema.BOLUS_LOCKOUT_S
                self._keeper.changed(records.BOLUSES)
            self._seal = self._account()
            return
        self._locked_until_s = min(found.get("locked_until_s", 0), now_s + schema.BOLUS_LOCKOUT_S)
        self.count = found["count"]
        self._verified_nl = found["before_verified_nl"]
        self._possible_nl = found["before_possible_nl"]
        self._rows = found["boluses"]
        for row in self._rows:
            row["began_s"] = min(row["began_s"], now_s)
        self._seal = self._account()
        if self._rows and self._rows[-1]["outcome"] == schema.UNDER_WAY:
            self._is_under_way = True
            self.end(schema.ENDED_BY_RESET)

    def begin(self, volume_nl: int, rate_nl_day: int, conc_mcg_ml: int) -> int:
        """Deliver so much more, at so much more a day, from now on. Returns for how many ms.

        Raises StoreError: nothing has changed. An alarm, that of a flash failing now too, ends it
        before its first step.
        """
        self._check()
        self._look()
        rows = self._rows
        row = {
            "began_s": self._now_s(),
            "volume_nl": volume_nl,
            "rate_nl_day": rate_nl_day,
            "conc_mcg_ml": conc_mcg_ml,
            "outcome": schema.UNDER_WAY,
            "verified_nl": 0,
            "possible_nl": 0,
        }
        before = (self._verified_nl, self._possible_nl, self.count, self._seal)
        self._verified_nl = self._ledger.span_nl(OF_BOLUS)
        self._possible_nl = self._ledger.span_possible_nl(OF_BOLUS)
        self.count = self.count + 1 & schema.U32_MAX
        self._rows = rows[-(schema.BOLUSES_MAX - 1) :] + [row]
        self._is_under_way = True
        try:
            self._seal = self._account()
            self._keeper.commit(records.BOLUSES, self.save)
        except NOT_KEPT:
            self._rows = rows
            self._verified_nl, self._possible_nl, self.count, self._seal = before
            self._is_under_way = False
            raise
        self._log.note(events.BOLUS_BEGUN, volume_nl, rate_nl_day)
        self._ledger.share(rate_nl_day, rate_nl_day)
        self._keeper.checkpoint(self._clock.read())
        if not self._is_under_way:
            self._ledger.share(0, 0)
            return 0
        lasts_ms = duration_ms(volume_nl, rate_nl_day)
        self._therapy.begin_bolus(rate_nl_day, lasts_ms, self._clock.read())
        return lasts_ms

    def stop(self, outcome: int, now_ms: int) -> None:
        """End the one under way, if there is one: no more of it from now on. Raises Corrupt.

        Allocates nothing.
        """
        if self._is_under_way:
            self.end(outcome)
            self._therapy.end_bolus(now_ms)

    def end(self, outcome: int) -> None:
        """It is over. Allocates nothing."""
        self._is_under_way = False
        self._rows[-1]["outcome"] = outcome
        self._log.note(events.BOLUS_ENDED, outcome)
        self._keeper.changed(records.BOLUSES)

    @property
    def is_under_way(self) -> bool:
        """Whether one is being given."""
        return self._is_under_way

    def wait_s(self) -> int:
        """Seconds until the next may begin; 0: now. Raises Corrupt."""
        self._check()
        until_s = self._locked_until_s
        if self._rows:
            until_s = max(until_s, self._rows[-1]["began_s"] + schema.BOLUS_LOCKOUT_S)
        return max(0, until_s - self._now_s())

    def day_ng(self) -> int:
        """The most that boluses can have given in the last 24 hours, in ng, rounded up. Raises
        Corrupt.
        """
        self._check()
        self._look()
        since_s = self._now_s() - _DAY_S
        dose_pg = 0
        for row in self._rows:
            if _until_s(row) > since_s:
                dose_pg += row["possible_nl"] * row["conc_mcg_ml"]
        return (dose_pg + 999) // 1000

    def rows(self) -> "List[Values]":
        """As the wire tells them: the newest last."""
        self._look()
        now_s = self._now_s()
        found = []
        for row in self._rows:
            values = dict(row)
            values["age_s"] = now_s - values.pop("began_s")
            found.append(values)
        return found

    def save(self) -> None:
        """Write the record. Raises StoreError, Corrupt."""
        self._check()
        self._look()
        values = {
            "count": self.count,
            "before_verified_nl": self._verified_nl,
            "before_possible_nl": self._possible_nl,
            "boluses": self._rows,
            "locked_until_s": self._locked_until_s,
        }
        self._memory.save_boluses(values)

    def _now_s(self) -> int:
        """Seconds with power since the pump was new."""
        return self._ledger.powered_s + self._clock.uptime_s()

    def _account(self) -> int:
        """All bits of what decides about the next bolus, but for what `_look` computes."""
        found = self._ledger.powered_s ^ self._locked_until_s ^ self._possible_nl
        for row in self._rows:
            found ^= row["began_s"] ^ row["volume_nl"] ^ row["rate_nl_day"] ^ row["conc_mcg_ml"]
            if row is not self._rows[-1]:
                found ^= row["possible_nl"]
        return found

    def _check(self) -> None:
        """It is what was sealed, or raises Corrupt: the flash has the truth then."""
        if self._seal != self._account():
            self._ledger.is_sound = False
            raise Corrupt()

    def _look(self) -> None:
        """What the latest has delivered so far, by the ledger."""
        if self._rows and self._ledger.is_sound:
            row = self._rows[-1]
            ledger = self._ledger
            row["verified_nl"] = max(0, ledger.span_nl(OF_BOLUS) - self._verified_nl)
            row["possible_nl"] = max(0, ledger.span_possible_nl(OF_BOLUS) - self._possible_nl)


def _until_s(row: "Values") -> int:
    """When it is over at the latest, in seconds with power."""
    began_s: int = row["began_s"]
    return began_s + duration_ms(row["volume_nl"], row["rate_nl_day"]) // 1000 + 1
