"""Looks after a pump that somebody stopped: left so for 48 hours it is an alarm.

Pumps left stopped after a visit have caused withdrawal (HSA, Jan 2021); 48 h is the limit of the
pump in use.
"""

from firmware.task import NEVER, Task, nobody
from protocol.wire import schema

LEFT_STOPPED_H = 48
_HOUR_MS = 3_600_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from firmware.alarm import Alarms


class Care(Task):
    """Counts the hours for which a prescription has stood still.

    hours: so many. on_hour: called when another one is over.
    """

    def __init__(self, alarms: "Alarms") -> None:
        super().__init__()
        self._alarms = alarms
        self.hours = 0
        self.on_hour: "Callable[[], None]" = nobody

    def stopped(self, now_ms: int) -> None:
        """Therapy has been stopped on purpose."""
        self.hours = 0
        self.due_ms = now_ms + _HOUR_MS

    def go_on(self, now_ms: int, hours: int) -> None:
        """After a reset: it had stood still for so long."""
        self.hours = hours
        self.due_ms = now_ms + _HOUR_MS if hours < LEFT_STOPPED_H else NEVER

    def running(self) -> None:
        """Therapy goes on."""
        self.due_ms = NEVER
        self._alarms.clear(schema.LEFT_STOPPED)

    def poll(self, now_ms: int) -> None:
        """Another hour."""
        self.hours += 1
        self.on_hour()
        self.due_ms = now_ms + _HOUR_MS
        if self.hours >= LEFT_STOPPED_H:
            self.due_ms = NEVER
            self._alarms.raise_alarm(schema.LEFT_STOPPED, self.hours)
