"""What happened when, in words: the story of a run for tables on screen and in the report.

Times are those of the pump's clock as it was first set, or since power-on where it never was.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from emulator.story.chronicle import Alarm, Chronicle
from protocol.programmer.amounts import of_field
from protocol.programmer.texts import ALARMS, PRIORITIES

_EPOCH = datetime(2000, 1, 1)


class Moment(NamedTuple):
    """t_ms: since power-on. what: one sentence. kind: for the colour of a mark."""

    t_ms: int
    what: str
    kind: str


class Dial:
    """Shows times of a run as the pump's clock would."""

    def __init__(self, chronicle: Chronicle) -> None:
        first = chronicle.orders.first_set
        self.is_set = first is not None
        t_ms, wall_s = first if first else (0, 0)
        self._start = _EPOCH + timedelta(seconds=wall_s, milliseconds=-t_ms)

    def moment(self, t_ms: int) -> datetime:
        """Date and time at t_ms since power-on."""
        return self._start + timedelta(milliseconds=t_ms)

    def clock(self, t_ms: int | None) -> str:
        """Time of day with seconds, and the day if it is not the first; "-" for None."""
        if t_ms is None:
            return "-"
        moment = self.moment(t_ms + 500)  # to the nearest second
        days = (moment.date() - self._start.date()).days
        return moment.strftime("%H:%M:%S") + (f" (+{days} d)" if days else "")


_CAUSES_FIRST = ("plant", "clinician", "alarm", "clear", "state")
_OFF_ON = {
    "stall": ("the rotor is free again", "the rotor is jammed"),
    "power": ("the power fails", "the power is back"),
}
_SAID = {
    "kink": "the catheter is kinked, {percent:g} % of its bore closed",
    "release": "the kink opens; {ul:.1f} uL that were stored behind it are let go at once",
    "leak": "the catheter's connector leaks {percent:g} % of the flow",
    "slip": "the motor loses {percent:g} % of its steps",
    "runaway": "the motor runs away at {amount:g} steps a second",
    "refill": "{ml:g} mL are injected into the reservoir",
    "csf": "the patient moves: spinal fluid at {kpa:.1f} kPa",
}


def timeline(chronicle: Chronicle) -> list[Moment]:
    """Everything worth telling, in the order of time."""
    found = [
        Moment(t_ms, _happened(what, amount), "plant")
        for t_ms, what, amount in chronicle.happenings
        if what != "magnet" or amount  # of the magnet, that it came
    ]
    found += [Moment(t_ms, what, "clinician") for t_ms, what in chronicle.orders.log]
    found += [Moment(t_ms, f"the pump is {name}", "state") for t_ms, name in chronicle.states[1:]]
    for alarm in chronicle.alarms:
        priority = PRIORITIES[alarm.priority]
        found.append(Moment(alarm.raised_ms, f"alarm {alarm.name} ({priority})", "alarm"))
        if alarm.acknowledged_ms is not None:
            found.append(Moment(alarm.acknowledged_ms, f"{alarm.name} acknowledged", "clinician"))
        if alarm.cleared_ms is not None:
            found.append(Moment(alarm.cleared_ms, f"{alarm.name}: its condition is gone", "clear"))
    return sorted(found, key=lambda moment: (moment.t_ms, _CAUSES_FIRST.index(moment.kind)))


def meaning(name: str) -> str:
    """What an alarm says is wrong."""
    return ALARMS[name].meaning


def measured(alarm: Alarm) -> str:
    """What was measured when the alarm was raised, with its unit; "-" where nothing is."""
    field = ALARMS[alarm.name].value
    return of_field(field, alarm.value) if field else "-"


def _happened(what: str, amount: float) -> str:
    if what == "magnet":
        return "the magnet is held to the pump"
    if what in _OFF_ON:
        return _OFF_ON[what][amount != 0]
    return _SAID[what].format(
        amount=amount, percent=amount * 100, ul=amount / 1e3, ml=amount / 1e6, kpa=amount / 1e3
    )
