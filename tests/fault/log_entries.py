"""What the event log of a pump says, read out of the pump itself."""

from protocol import names
from protocol.programmer.event_log import Event, event
from protocol.wire import events, schema
from tests.pumps import Bed

OF_A_SHORTAGE = {  # entries that say that memory ran out, with what they say of it
    (events.NO_MEMORY, 0, 0),
    (events.FAULT, names.FAULTS.index("NO_MEMORY"), 0),
}
_REFUSALS = (schema.NO_MEMORY, schema.NOT_STORED, schema.FAULTED)
_ALARMS = (schema.STORE_FAILED, schema.LOG_FAILED)


def newest(bed: Bed) -> int:
    """Number of the newest entry."""
    return int(bed.pump.log.page(0)["newest_event"])


def entries(bed: Bed, after: int = 0) -> list[Event]:
    """All entries behind this one."""
    found: list[Event] = []
    while True:
        page = bed.pump.log.page(after + len(found) + 1)
        if not page["records"]:
            return found
        found += [event(one["record"]) for one in page["records"]]


def tells_a_shortage(one: Event) -> bool:
    """Whether somebody who reads this knows that something found no memory."""
    if one.kind == events.REFUSAL:
        return one.b in _REFUSALS
    if one.kind == events.ALARM_RAISED:
        return one.a in _ALARMS
    if one.kind == events.LOG_GAP:
        return one.b == events.OVERFLOW
    return (one.kind, one.a, one.b) in OF_A_SHORTAGE
