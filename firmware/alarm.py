"""Alarm conditions: data, latched until they are gone and acknowledged.

Written by monitors and commands, from the loop only. What an alarm is called, how urgent it is and
whether it holds delivery stands in the schema's table.
"""

from firmware.guard import Corrupt
from firmware.task import nobody
from protocol.wire import events, schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List

    from firmware.clock import Clock


class Alarm:
    """One condition.

    active: the condition is there. waiting: nobody has acknowledged it. value: what was measured
    when it was last raised. raised_s: uptime then. count: how often, up to 65,535.
    """

    def __init__(self) -> None:
        self.active = False
        self.waiting = False
        self.value = 0
        self.raised_s = 0
        self.count = 0

    @property
    def stands(self) -> bool:
        """Whether it is to be heard of: there, or not acknowledged."""
        return self.active or self.waiting


class Alarms:
    """All conditions of the schema's table. Some hold delivery: so what stands is held twice, and
    compared before it is changed or asked for that.

    on_change: called after each change; the pump and the annunciator look at the table then.
    on_event: told of each change, with its kind (events.ALARM_...), the alarm and its value.
    """

    def __init__(self, clock: "Clock") -> None:
        self._clock = clock
        self.on_change: "Callable[[bool], None]" = nobody
        self.on_event: "Callable[[int, int, int], None]" = nobody
        self.table: "List[Alarm]" = [Alarm() for _ in schema.ALARM_TABLE]
        self.seal()

    def seal(self) -> None:
        """Take the table as it is. Allocates nothing."""
        self._seal = ~self._standing()

    def check(self) -> None:
        """The table is as it was sealed, or raises Corrupt. Allocates nothing."""
        if self._seal != ~self._standing():
            raise Corrupt()

    def raise_alarm(self, alarm: int, value: int) -> None:
        """The condition is there. Raising it again while it is there changes nothing."""
        entry = self.table[alarm]
        if entry.active:
            return
        self.check()
        entry.active = True
        entry.waiting = True
        self.seal()
        entry.value = value
        entry.raised_s = self._clock.uptime_s()
        entry.count = min(entry.count + 1, 65_535)
        self.on_event(events.ALARM_RAISED, alarm, value)
        self.on_change(True)

    def clear(self, alarm: int) -> None:
        """The condition has gone. It stays on record until acknowledged."""
        entry = self.table[alarm]
        if entry.active:
            self.check()
            entry.active = False
            self.seal()
            self.on_event(events.ALARM_CLEARED, alarm, 0)
            self.on_change(False)

    def acknowledge(self, alarm: int) -> bool:
        """Somebody has seen it. Returns False where there was nothing to acknowledge.

        A stall can only be found gone by trying, so acknowledging it counts as the order to try.
        """
        entry = self.table[alarm]
        if not entry.stands:
            return False
        self.check()
        entry.waiting = False
        if alarm == schema.MOTOR_STALLED:
            entry.active = False
        self.seal()
        self.on_event(events.ALARM_ACKNOWLEDGED, alarm, 0)
        self.on_change(False)
        return True

    def is_active(self, alarm: int) -> bool:
        """Whether the condition is there."""
        return self.table[alarm].active

    def mask(self, waiting: bool) -> int:
        """Bit per alarm id: those waiting for acknowledgement, or those active."""
        mask = 0
        for alarm, entry in enumerate(self.table):
            if entry.waiting if waiting else entry.active:
                mask |= 1 << alarm
        return mask

    def holds_delivery(self) -> bool:
        """Whether an alarm that stands forbids delivery. Allocates nothing. Raises Corrupt."""
        self.check()
        for alarm in range(len(self.table)):
            if self.table[alarm].stands and schema.ALARM_TABLE[alarm][2]:
                return True
        return False

    def priority(self) -> int:
        """The highest priority that stands; 0: none. Allocates nothing."""
        highest = 0
        for alarm in range(len(self.table)):
            if self.table[alarm].stands and schema.ALARM_TABLE[alarm][1] > highest:
                highest = schema.ALARM_TABLE[alarm][1]
        return highest

    def _standing(self) -> int:
        """Two bits for each alarm, below 2**30 in all."""
        bits = 0
        for entry in self.table:
            bits = bits << 2 | entry.active << 1 | entry.waiting
        return bits
