"""What a pump holds that a change would show in: read before the change is sent, compared later.

It decides where the log does not reach: the power failed, and with it went the newest events, of
this programmer and of any other. So nothing is said that another story explains as well: that a
change took effect only where the pump is now as it made it, and was not before; that it did not
only where no later change can have hidden it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol.programmer import bolus
from protocol.programmer.exchange import Refused
from protocol.wire import schema

if TYPE_CHECKING:
    from protocol.programmer.client import Client

Held = dict[str, Any]  # fields of answers, as JSON can keep them
Judge = Callable[[Held, Held, Held], int | None]

_NOT_HELD = (schema.NOT_COMMISSIONED, schema.NO_PRESCRIPTION, schema.FAULTED)
_IS_ON = (schema.RUNNING, schema.HELD)
# A record may be older than what the pump did last: what it holds after a reset says nothing.
_NOT_KEPT = 1 << schema.STORE_FAILED | 1 << schema.RESTORE_FAILED
# After a reset the clock goes on from a record, which is up to an hour old; and the computer's own
# clock is put forward or back by an hour twice a year.
_CLOCK_SLACK_S = 7_200
_ROUNDED_NL = 2  # two totals, each rounded down


def read(client: "Client", command: int, fields: Held) -> Held:
    """The pump as far as this request would show. Raises what the client raises.

    uptime_s: when it was read. alarms: mask of those that stand. What the pump refuses to tell,
    because it has none, is not in it.
    """
    status = client.status()
    found: Held = {
        "uptime_s": status["uptime_s"],
        "state": status["state"],
        "alarms": status["alarms_active"] | status["alarms_waiting"],
    }
    try:
        if command in _READINGS:
            found.update(_READINGS[command](client, fields))
    except Refused as refused:
        if refused.code not in _NOT_HELD:
            raise
    return found


def decide(command: int, fields: Held, before: Held, now: Held) -> int | None:
    """How often this request took effect: 1, 0, or None where it cannot be told.

    before, now: as `read` gave them; before is empty where nothing was asked. now has elapsed_s
    too, the time since the request was sent by this computer's clock.
    """
    if not before or (before["alarms"] | now["alarms"]) & _NOT_KEPT:
        return None
    try:
        return _JUDGES[command](fields, before, now)
    except KeyError:  # the pump does not hold it, or did not tell
        return None


def _alarm(client: "Client", fields: Held) -> Held:
    return next((dict(row) for row in client.alarms() if row["alarm"] == fields["alarm"]), {})


def _clock(client: "Client", fields: Held) -> Held:
    answer = client.read_clock()
    return {"set": answer["set"], "wall_s": answer["wall_s"]}


def _setup(client: "Client", fields: Held) -> Held:
    return dict(client.read_setup())


def _volumes(client: "Client", fields: Held) -> Held:
    answer = client.totals()
    return {name: answer[name] for name in ("verified_nl", "refill_verified_nl")}


def _prescription(client: "Client", fields: Held) -> Held:
    return {"digest": client.read_back()["digest"].hex()}


def _boluses(client: "Client", fields: Held) -> Held:
    answer = client.boluses()
    rows = [dict(row) for row in answer["boluses"]]
    return {"count": answer["count"], "boluses": rows, "serial": client.read_setup()["serial"]}


_READINGS: dict[int, Callable[["Client", Held], Held]] = {
    schema.ACKNOWLEDGE: _alarm,
    schema.SET_CLOCK: _clock,
    schema.SETUP: _setup,
    schema.CALIBRATE: _setup,
    schema.REFILLED: _volumes,
    schema.CONFIRM: _prescription,
    schema.START_BOLUS: _boluses,
    schema.CANCEL_BOLUS: _boluses,
}


def _only_if(is_so: bool) -> int | None:
    """It took effect, or it cannot be told: it may have been undone since."""
    return 1 if is_so else None


def _acknowledged(fields: Held, before: Held, now: Held) -> int | None:
    """One that waits again, or still, may have been acknowledged before that was written."""
    same = before["count"] == now["count"]
    return _only_if(same and not before["acknowledged"] and bool(now["acknowledged"]))


def _clock_set(fields: Held, before: Held, now: Held) -> int | None:
    """The clock can be as the request set it, and cannot have gone on as it was."""
    if not before["set"]:
        return _only_if(bool(now["set"]))
    passed_s = max(now["elapsed_s"], now["uptime_s"])
    after_s = now["wall_s"] - fields["wall_s"]
    gone_on_s = now["wall_s"] - before["wall_s"]
    can_be_set = 0 <= after_s <= passed_s + _CLOCK_SLACK_S
    can_have_gone_on = -_CLOCK_SLACK_S <= gone_on_s <= passed_s + _CLOCK_SLACK_S
    return _only_if(can_be_set and not can_have_gone_on)


def _set_up(fields: Held, before: Held, now: Held) -> int | None:
    is_so = all(now[name] == value for name, value in fields.items())
    return _only_if(is_so and any(before.get(name) != fields[name] for name in fields))


def _calibrated(fields: Held, before: Held, now: Held) -> int | None:
    steps = fields["steps"]
    step_pl = (fields["volume_nl"] * 1_000 + steps // 2) // steps
    return _only_if(now["step_pl"] == step_pl != before["step_pl"])


def _refilled(fields: Held, before: Held, now: Held) -> int | None:
    """Without a refill both totals grow by the same; one takes away what there was before it."""
    if before["refill_verified_nl"] <= 2 * _ROUNDED_NL:
        return None
    grown_nl = now["refill_verified_nl"] - before["refill_verified_nl"]
    return int(abs(now["verified_nl"] - before["verified_nl"] - grown_nl) > _ROUNDED_NL)


def _confirmed(fields: Held, before: Held, now: Held) -> int | None:
    return _only_if(now["digest"] == fields["digest"].hex() != before.get("digest"))


def _bolus_begun(fields: Held, before: Held, now: Held) -> int | None:
    """A digest stands for one bolus, once; none is forgotten before seven more."""
    rows, count = now["boluses"], now["count"]
    if bolus.has_begun(fields["digest"], before["serial"], rows, count):
        return 1
    return 0 if count - len(rows) <= before["count"] <= count else None


def _bolus_cancelled(fields: Held, before: Held, now: Held) -> int | None:
    """One that the reset ended may have been cancelled before, and not been written."""
    at = before["count"] - 1 - (now["count"] - len(now["boluses"]))
    was_under_way = [row["outcome"] for row in before["boluses"]][-1:] == [schema.UNDER_WAY]
    if not was_under_way or not 0 <= at < len(now["boluses"]):
        return None
    outcome = now["boluses"][at]["outcome"]
    return None if outcome == schema.ENDED_BY_RESET else int(outcome == schema.CANCELLED)


def _started(fields: Held, before: Held, now: Held) -> int | None:
    return _only_if(now["state"] in _IS_ON and before["state"] not in _IS_ON)


def _stopped(fields: Held, before: Held, now: Held) -> int | None:
    return _only_if(now["state"] == schema.STOPPED and before["state"] in _IS_ON)


_JUDGES: dict[int, Judge] = {
    schema.ACKNOWLEDGE: _acknowledged,
    schema.SET_CLOCK: _clock_set,
    schema.SETUP: _set_up,
    schema.CALIBRATE: _calibrated,
    schema.REFILLED: _refilled,
    schema.CONFIRM: _confirmed,
    schema.START_BOLUS: _bolus_begun,
    schema.CANCEL_BOLUS: _bolus_cancelled,
    schema.START: _started,
    schema.STOP: _stopped,
}
