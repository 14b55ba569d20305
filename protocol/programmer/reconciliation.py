"""Did it deliver? What became of a change whose answer was lost, by the pump's own log.

Every change that is carried out stands in the log with the counter of its request. The journal
knows the end of the log just before the change was sent: what stands behind it decides. Where the
log does not reach past the request (the power failed, and the newest events went with it; a fault
came in the middle), what the pump held before and holds now is compared (held.py). Where neither
decides, it cannot be told, and that is said.
"""

from dataclasses import dataclass

from protocol.programmer import amounts, held
from protocol.programmer.client import Client
from protocol.programmer.event_log import Event, Log, Part
from protocol.programmer.journal import Entry
from protocol.wire import events, schema

# No copy of a request is carried out later than this: the session has ended, 3 minutes after the
# last request; a minute more for what waits for room.
_OVER_S = 240
_STOP_EVENTS = 250  # as far back a STOP is looked for whose sender knew no end of the log

# Where a person finds what decides.
_LOOK = {
    schema.ACKNOWLEDGE: "alarms` which alarms wait",
    schema.SET_CLOCK: "clock` what the clock shows",
    schema.SETUP: "interrogate` the set-up",
    schema.CALIBRATE: "interrogate` the volume of a step",
    schema.REFILLED: "totals` what was delivered since the refill",
    schema.CONFIRM: "interrogate` the prescription in force",
    schema.START_BOLUS: "bolus` the last boluses",
    schema.CANCEL_BOLUS: "bolus` how the last bolus ended",
    schema.START: "status` whether therapy runs",
    schema.STOP: "status` whether therapy runs",
}


@dataclass(frozen=True)
class Verdict:
    """times: how often it took effect; None: it cannot be told. from_log: told by the log, not by
    what the pump holds. is_final: asked again the answer would be the same.
    """

    times: int | None
    from_log: bool
    is_final: bool = True

    def text(self, entry: Entry) -> str:
        """In a sentence or two."""
        sent = f"{entry.name}, sent at {amounts.wall(entry.sent_s)}"
        if not self.is_final:
            return (
                f"{sent}: it cannot be told whether it took effect while the pump is in FAULT. "
                "Only a reset leads out; then run `pump-programmer reconcile` again."
            )
        if self.times is None:
            return (
                f"{sent}: it cannot be told whether it took effect, neither by the pump's log nor "
                f"by what it holds now. See with `pump-programmer {_LOOK[entry.command]}, and go "
                "on from there."
            )
        how = {0: "did not take effect", 1: "took effect, once"}
        said = how.get(self.times, f"TOOK EFFECT {self.times} TIMES")
        by = "the pump's log" if self.from_log else "what the pump holds now"
        return f"{sent}, {said} (by {by})."


def judge(client: Client, entry: Entry, now_s: int) -> Verdict:
    """What became of it. now_s: local time of this computer, like Entry.sent_s.

    Raises what the client raises.
    """
    is_anchored = entry.newest_event >= 0
    log = Log(entry.newest_event + 1 if is_anchored else _recent(client))
    log.read_on(client)
    times = sum(_is(one, entry) for one in log.events)
    if times or (is_anchored and _reaches_past(log, entry)):
        return Verdict(times, True)
    now = held.read(client, entry.command, entry.fields)
    if now["state"] == schema.FAULT:
        return Verdict(None, False, is_final=False)
    now["elapsed_s"] = now_s - entry.sent_s
    return Verdict(held.decide(entry.command, entry.fields, entry.before, now), False)


def _recent(client: Client) -> int:
    newest = client.log(schema.U32_MAX)["newest_event"]
    return max(1, newest - _STOP_EVENTS + 1)


def _is(one: Event, entry: Entry) -> bool:
    """Whether the event is this request, carried out."""
    return one.kind == events.COMMAND and (one.a, one.b) == (entry.command, entry.counter)


def _reaches_past(log: Log, entry: Entry) -> bool:
    """Whether the log, as far as it is whole, would hold the request if it had been carried out.

    It is whole from the end that the journal knew to the first start or fault after it, or to now:
    no copy of the request is taken after the hello of the one who asks. A STOP is, at any time, so
    none may hide behind a start.
    """
    if log.before.hex() != entry.chain:
        return False
    ends = [at for at, one in enumerate(log.events) if one.kind in (events.BOOT, events.FAULT)]
    if not ends:
        return not log.faults()
    if entry.command == schema.STOP:
        return False
    first = log.parts[0]
    whole = Log(first.first)
    whole.parts = [Part(first.first, first.before, first.events[: ends[0]])]
    whole.newest = first.first + ends[0] - 1
    return not whole.faults() and any(_is_past(one, entry) for one in whole.events)


def _is_past(one: Event, entry: Entry) -> bool:
    """Whether no copy of the request can have been carried out after this event.

    Another programmer's change, but for STOP, needs a hello, which ends the session before.
    """
    if one.kind == events.COMMAND and one.a != schema.STOP:
        return True
    return "uptime_s" in entry.before and one.uptime_s > entry.before["uptime_s"] + _OVER_S
