"""All that a pump can say about itself, asked in one session. Asking changes nothing."""

from dataclasses import dataclass
from typing import Any

from protocol.programmer import amounts
from protocol.programmer.answers import (
    AlarmRow,
    BolusesAnswer,
    HelloAnswer,
    ReadClockAnswer,
    ReadSetupAnswer,
    StatusAnswer,
    TotalsAnswer,
)
from protocol.programmer.client import Client
from protocol.programmer.exchange import Refused
from protocol.programmer.program import Program, from_wire
from protocol.wire import schema


@dataclass(frozen=True)
class Interrogation:
    """setup, program: None where the pump has none."""

    hello: HelloAnswer
    status: StatusAnswer
    setup: ReadSetupAnswer | None
    program: Program | None
    totals: TotalsAnswer
    boluses: BolusesAnswer
    alarms: list[AlarmRow]
    clock: ReadClockAnswer


def interrogate(client: Client, hello: HelloAnswer) -> Interrogation:
    """Ask everything. hello: the answer that opened the session."""
    return Interrogation(
        hello,
        client.status(),
        setup_or_none(client),
        program_or_none(client),
        client.totals(),
        client.boluses(),
        client.alarms(),
        client.read_clock(),
    )


def setup_or_none(client: Client) -> ReadSetupAnswer | None:
    """The set-up; None where the pump is not commissioned."""
    try:
        return client.read_setup()
    except Refused as refused:
        if refused.code == schema.NOT_COMMISSIONED:
            return None
        raise


def program_or_none(client: Client) -> Program | None:
    """The prescription in force; None where there is none."""
    try:
        return from_wire(client.read_back())
    except Refused as refused:
        if refused.code in (schema.NOT_COMMISSIONED, schema.NO_PRESCRIPTION):
            return None
        raise


def plain(value: Any) -> Any:
    """Answers for JSON: numbers as on the wire, with a name beside each that stands for one."""
    if isinstance(value, Program):
        peak_min, peak_ng = value.peak()
        peak = {"peak_start_min": peak_min, "peak_ng_hour": int(peak_ng)}
        return plain({**value.to_wire(), "total_nl_day": float(value.total_nl_day), **peak})
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    named: dict[str, Any] = {}
    for key, one in value.items():
        named[key] = plain(one)
        if key in amounts.ENUMERATIONS:
            named[f"{key}_name"] = amounts.of_field(key, one)
        if key in _MASKS:
            named[f"{key}_names"] = amounts.names_in(one, amounts.ALARM_NAMES)
    return named


_MASKS = ("alarms_active", "alarms_waiting")
