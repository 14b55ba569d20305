"""A picture of a pump on a board, made from what it says on its line and shows on its pins.

The observer of runs (emulator/watch.py) looks into the firmware's objects. On a board there are
none to look into; this has the same attributes, and the board's answers fill them.
"""

from typing import Any

from protocol.wire import schema


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
    """The parts of firmware/pump.py that an observer compares; names and meanings are its own."""

    def __init__(self) -> None:
        self.state = _State()
        self.therapy = _Therapy()
        self.ledger = _Ledger()
        self.alarms = _Alarms()
        self.board = _Board()
        self.session = _Session()
        self.step_pl = schema.STEP_PL_NOMINAL

    def take_hello(self, answer: dict[str, Any]) -> None:
        """The answer to HELLO."""
        self.state.state = answer["state"]
        self.board.was_watchdog = bool(answer["reset_cause"])

    def take_status(self, answer: dict[str, Any]) -> None:
        """The answer to STATUS."""
        self.state.state = answer["state"]
        self.therapy.rate_nl_day = answer["rate_nl_day"]
        self.therapy.segment = answer["segment"]

    def take_alarms(self, answer: dict[str, Any]) -> None:
        """The answer to ALARMS."""
        for row in answer["alarms"]:
            alarm = self.alarms.table[row["alarm"]]
            alarm.active = bool(row["active"])
            alarm.waiting = not row["acknowledged"]
            alarm.count = row["count"]
            alarm.value = row["value"]

    def take_totals(self, answer: dict[str, Any]) -> None:
        """The answer to TOTALS."""
        self.ledger.commanded.steps = answer["commanded_steps"]
        self.ledger.verified.steps = answer["verified_steps"]
        self.ledger.unverified.steps = answer["unverified_steps"]
        self.step_pl = answer["step_pl"]
