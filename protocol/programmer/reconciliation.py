"""Did it deliver? What became of a change whose answer was lost, by the pump's own log.

Every change that is carried out stands in the log with the counter of its request. The journal
knows the end of the log just before the change was sent: what stands behind it decides. Only where
the pump lost power meanwhile, and with it the newest events, its state is looked at instead.
"""

from dataclasses import dataclass

from protocol.programmer import amounts, bolus, verify
from protocol.programmer.client import Client
from protocol.programmer.event_log import Event, Log
from protocol.programmer.exchange import Refused
from protocol.programmer.journal import Entry
from protocol.wire import events, schema

_CLOCK_SLACK_S = 5
_DAY_S = 86_400


@dataclass(frozen=True)
class Verdict:
    """times: how often it took effect. from_log: told by the log, not by the pump's state."""

    times: int
    from_log: bool

    def text(self, entry: Entry) -> str:
        """In a sentence."""
        how = {0: "did not take effect", 1: "took effect, once"}
        said = how.get(self.times, f"TOOK EFFECT {self.times} TIMES")
        by = "the pump's log" if self.from_log else "what the pump holds now"
        return f"{entry.name}, sent at {amounts.wall(entry.sent_s)}, {said} (by {by})."


def judge(client: Client, entry: Entry, now_s: int) -> Verdict:
    """What became of it. now_s: local time of this computer, like Entry.sent_s.

    Raises what the client raises.
    """
    if entry.newest_event >= 0:
        log = Log(entry.newest_event + 1)
        log.read_on(client)
        times = sum(_is(one, entry) for one in log.events)
        if times or _is_whole(log, entry):
            return Verdict(times, True)
    return Verdict(int(_has_effect(client, entry, now_s)), False)


def _is(one: Event, entry: Entry) -> bool:
    """Whether the event is this request, carried out."""
    return one.kind == events.COMMAND and (one.a, one.b) == (entry.command, entry.counter)


def _is_whole(log: Log, entry: Entry) -> bool:
    """Whether nothing can be missing behind the end of the log that the journal knew."""
    restarted = any(one.kind == events.BOOT for one in log.events)
    return log.before.hex() == entry.chain and not restarted and not log.faults()


def _has_effect(client: Client, entry: Entry, now_s: int) -> bool:
    """Whether the pump is as the request would have made it."""
    fields = entry.fields
    status = client.status()
    is_on = status["state"] in (schema.RUNNING, schema.HELD)
    if entry.command == schema.ACKNOWLEDGE:
        return not status["alarms_waiting"] >> fields["alarm"] & 1
    if entry.command in (schema.START, schema.STOP):
        return is_on is (entry.command == schema.START)
    if entry.command == schema.SET_CLOCK:
        ahead_s = client.read_clock()["wall_s"] - fields["wall_s"]
        return bool(0 <= ahead_s <= now_s - entry.sent_s + _CLOCK_SLACK_S)
    if entry.command == schema.REFILLED:
        most_nl = (now_s - entry.sent_s + _CLOCK_SLACK_S) * schema.RATE_NL_DAY_MAX // _DAY_S
        return client.totals()["refill_verified_nl"] <= most_nl
    try:
        if entry.command == schema.CONFIRM:
            return bool(client.read_back()["digest"] == fields["digest"])
        setup = client.read_setup()
        told = client.boluses()
    except Refused:
        return False
    if entry.command == schema.CALIBRATE:
        steps = fields["steps"]
        step_pl = (fields["volume_nl"] * 1_000 + steps // 2) // steps
        return bool(setup["step_pl"] == step_pl)
    if entry.command == schema.START_BOLUS:
        rows, count = told["boluses"], told["count"]
        return bolus.has_begun(fields["digest"], setup["serial"], rows, count)
    if entry.command == schema.CANCEL_BOLUS:
        return [row["outcome"] for row in told["boluses"]][-1:] == [schema.CANCELLED]
    return not verify.field_faults(setup, fields)
