"""A picture of a pump on a board, made from what it says on its line and shows on its pins.

The observer of runs (emulator/watch.py) looks into the firmware's objects. On a board there are
none to look into; this has the same attributes, and the board's answers fill them.
"""

from typing import Any

from protocol.programmer.event_log import Event
from protocol.wire import events, schema


class _Count:
    """As firmware/ledger.py has it."""

    def __init__(self) -> None:
        self.steps = 0

    def value(self) -> int:
        return self.steps


class _Alarm:
    def __init__(self) -> None:
        self.active = False
        self.waiting = False
        self.count = 0
        self.value = 0


class _State:
    state = schema.UNCOMMISSIONED


class _Therapy:
    rate_nl_day = 0
    segment = 0


class _Ledger:
    def __init__(self) -> None:
        self.commanded = _Count()
        self.verified = _Count()
        self.unverified = _Count()


class _Alarms:
    def __init__(self) -> None:
        self.table = [_Alarm() for _ in schema.ALARM_TABLE]


class _Board:
    was_watchdog = False


class _Session:
    is_open = False  # nobody can tell from outside


class Picture:
    """The parts of firmware/pump.py that an observer compares; names and meanings are its own.

    seen_us: when the board wrote the answers that state, rate and alarms were taken from.
    """

    def __init__(self) -> None:
        self.seen_us = 0
        self.state = _State()
        self.therapy = _Therapy()
        self.ledger = _Ledger()
        self.alarms = _Alarms()
        self.board = _Board()
        self.session = _Session()
        self.step_pl = schema.STEP_PL_NOMINAL

    def take_hello(self, answer: dict[str, Any]) -> None:
        """The answer to HELLO."""
        self.board.was_watchdog = bool(answer["reset_cause"])

    def take(self, status: dict[str, Any], alarms: dict[str, Any], seen_us: int) -> None:
        """The answers to STATUS and ALARMS."""
        self.seen_us = seen_us
        self.state.state = status["state"]
        self.therapy.rate_nl_day = status["rate_nl_day"]
        self.therapy.segment = status["segment"]
        for row in alarms["alarms"]:
            alarm = self.alarms.table[row["alarm"]]
            alarm.active, alarm.waiting, alarm.count = _standing(row)
            alarm.value = row["value"]

    def agrees(self, status: dict[str, Any], alarms: dict[str, Any]) -> bool:
        """Whether these answers tell the same."""
        told = (status["state"], status["rate_nl_day"], status["segment"])
        rows = [(self.alarms.table[row["alarm"]], row) for row in alarms["alarms"]]
        return told == (self.state.state, self.therapy.rate_nl_day, self.therapy.segment) and all(
            (alarm.active, alarm.waiting, alarm.count) == _standing(row) for alarm, row in rows
        )

    def take_event(self, one: Event) -> None:
        """What the log says has happened to state, rate or an alarm; all else is no part of it."""
        if one.kind == events.STATE:
            self.state.state = one.b
        elif one.kind == events.RATE:
            self.therapy.rate_nl_day, self.therapy.segment = one.a, one.b
        elif one.kind == events.ALARM_RAISED:
            alarm = self.alarms.table[one.a]
            alarm.active = alarm.waiting = True
            alarm.count += 1
            alarm.value = one.arguments["value"]
        elif one.kind == events.ALARM_CLEARED:
            self.alarms.table[one.a].active = False
        elif one.kind == events.ALARM_ACKNOWLEDGED:
            self.alarms.table[one.a].waiting = False
            if one.a == schema.MOTOR_STALLED:  # acknowledged is gone: firmware/alarm.py
                self.alarms.table[one.a].active = False

    def take_totals(self, answer: dict[str, Any]) -> None:
        """The answer to TOTALS."""
        self.ledger.commanded.steps = answer["commanded_steps"]
        self.ledger.verified.steps = answer["verified_steps"]
        self.ledger.unverified.steps = answer["unverified_steps"]
        self.step_pl = answer["step_pl"]


def _standing(row: dict[str, Any]) -> tuple[bool, bool, int]:
    """active, waiting, count."""
    return bool(row["active"]), not row["acknowledged"], row["count"]
