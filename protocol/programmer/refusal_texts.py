"""What each refusal means, what to do, and what would be accepted instead.

The pump sends a code, the name of a field and two numbers; the sentence is made here.
"""

from typing import NamedTuple

from protocol import names
from protocol.programmer import amounts
from protocol.wire import schema

_NO_FIELDS = "empty, 0, 0"
_MASK_FIELDS = "state; mask of the states that accept (bit n: state n), 0"
_CHARACTERS = (32, 126)


class RefusalText(NamedTuple):
    """One refusal.

    what: what is wrong. action: what to do. accepted: a sentence with {} for what would be
    accepted, or "". fields: what field, accepted_low and accepted_high say.
    """

    what: str
    action: str
    accepted: str
    fields: str


REFUSALS = {
    "BAD_LENGTH": RefusalText(
        "The message has a wrong length.",
        "Programmer and pump disagree on the wire form: use the programmer that belongs to the "
        "firmware.",
        "",
        "empty, bytes that were needed, bytes possible",
    ),
    "OUT_OF_RANGE": RefusalText(
        "A value is out of range.",
        "Correct the value.",
        "Accepted: {}.",
        "name of the field; lowest and highest value (of a text or list: length); 32, 126 where "
        "a character is not printable",
    ),
    "UNKNOWN_COMMAND": RefusalText(
        "The pump does not know this command.",
        "Use the programmer that belongs to the firmware.",
        "",
        _NO_FIELDS,
    ),
    "NO_SESSION": RefusalText(
        "There is no session, or it ended after 3 minutes of silence.",
        "Say hello first; with the programmer: run the command again.",
        "",
        _NO_FIELDS,
    ),
    "OUT_OF_SEQUENCE": RefusalText(
        "The message's number is not the next one: another programmer may be on the line.",
        "Say hello again; with the programmer: run the command again.",
        "Expected: {}.",
        "empty, counter expected, counter expected",
    ),
    "NOT_COMMISSIONED": RefusalText(
        "The pump is blank.",
        "Commission it first: `setup`.",
        "Accepted when {}.",
        _MASK_FIELDS,
    ),
    "THERAPY_RUNNING": RefusalText(
        "Not while therapy runs.",
        "Stop therapy first: `stop`.",
        "Accepted when {}.",
        _MASK_FIELDS,
    ),
    "THERAPY_HELD": RefusalText(
        "Not while an alarm holds therapy.",
        "See `alarms`; or stop therapy first: `stop`.",
        "Accepted when {}.",
        _MASK_FIELDS,
    ),
    "FAULTED": RefusalText(
        "The pump is in FAULT.",
        "Read `status` for the reason; only a reset leads out.",
        "Accepted when {}.",
        _MASK_FIELDS,
    ),
    "MAGNET_NEEDED": RefusalText(
        "This needs somebody at the pump.",
        "Hold the magnet to the pump for 3 seconds; the programming window is then open for 5 "
        "minutes.",
        "",
        _NO_FIELDS,
    ),
    "NO_PRESCRIPTION": RefusalText(
        "The pump has no prescription.",
        "Program it first: `program FILE.toml`.",
        "",
        _NO_FIELDS,
    ),
    "NO_PROPOSAL": RefusalText(
        "There is nothing to confirm, or it was proposed more than 5 minutes ago.",
        "Propose again.",
        "",
        _NO_FIELDS,
    ),
    "DIGEST_MISMATCH": RefusalText(
        "What is confirmed is not what was proposed.",
        "Propose again.",
        "",
        "digest, 0, 0",
    ),
    "DOSE_MISMATCH": RefusalText(
        "The stated 24-hour dose is not what the segments add up to.",
        "Correct the dose or the segments.",
        "The pump computes {}.",
        "dose_ng_day, the pump's own sum rounded down, rounded up",
    ),
    "DOSE_LIMIT": RefusalText(
        "The dose of 24 hours is above this patient's limit.",
        "Lower the dose; the limit belongs to the set-up.",
        "Accepted: {}.",
        "dose_ng_day, 0, the limit",
    ),
    "CONCENTRATION_MISMATCH": RefusalText(
        "The prescription is for another concentration than the one in the reservoir.",
        "Correct the prescription, or set the pump up for what is in its reservoir.",
        "The pump was set up for {}.",
        "conc_mcg_ml, that of the set-up, the same",
    ),
    "SCHEDULE_ORDER": RefusalText(
        "The segments are not in the order of the day, or not one from 00:00 for a continuous "
        "rate.",
        "Write the segments in the order of the day.",
        "Accepted: {}.",
        "start_min, earliest, latest; or segments, 1, 1",
    ),
    "CLOCK_NOT_SET": RefusalText(
        "A schedule needs the time of day.",
        "Set the clock: `clock --set now`.",
        "",
        _NO_FIELDS,
    ),
    "CALIBRATION_BOUND": RefusalText(
        "The volume of a step would be more than 10 % off nominal.",
        "Measure again: an error of measurement is likelier than such a pump.",
        "Accepted: {} a step.",
        "volume_nl, lowest, highest volume of a step in pL",
    ),
    "ALARM_NOT_ACTIVE": RefusalText(
        "This alarm is neither active nor waiting.",
        "See `alarms`.",
        "",
        "alarm, 0, 0",
    ),
    "NO_MEMORY": RefusalText(
        "The pump is short of memory.",
        "Try again; if it stays, stop and replace the pump.",
        "",
        _NO_FIELDS,
    ),
    "NOT_STORED": RefusalText(
        "The pump could not write this to its memory, and goes on as before.",
        "Try again; if it stays, replace the pump.",
        "",
        _NO_FIELDS,
    ),
    "THERAPY_STOPPED": RefusalText(
        "Therapy is stopped: a bolus comes on top of therapy that runs.",
        "Start therapy first, if that is meant.",
        "Accepted in state: {}.",
        _MASK_FIELDS,
    ),
    "ALARM_STANDS": RefusalText(
        "An alarm stands, and no bolus is given beside one.",
        "See `alarms`: remove the cause, acknowledge, then ask again.",
        "",
        _NO_FIELDS,
    ),
    "BOLUS_UNDER_WAY": RefusalText(
        "A bolus is being given.",
        "Wait for its end, or cancel it: `bolus --cancel`.",
        "",
        _NO_FIELDS,
    ),
    "BOLUS_LOCKED_OUT": RefusalText(
        "The last bolus was too short a time ago, or its record was lost.",
        "Wait. A bolus has its greatest effect about 4 hours after it.",
        "",
        "wait_s; seconds to wait, the whole lockout in seconds",
    ),
    "NO_BOLUS": RefusalText(
        "No bolus is under way.",
        "See `bolus` for how the last one went.",
        "",
        _NO_FIELDS,
    ),
}

_BY_STATE = (
    schema.NOT_COMMISSIONED,
    schema.THERAPY_RUNNING,
    schema.THERAPY_HELD,
    schema.FAULTED,
    schema.THERAPY_STOPPED,
)
_ACCEPTED_VALUES = {  # lists of values, where the two numbers say lowest and highest only
    "conc_mcg_ml": schema.CONC_MCG_ML_ACCEPTED,
    "reservoir_nl": schema.RESERVOIR_NL_ACCEPTED,
}
_TEXT_FIELDS = ("serial", "patient_label", "drug", "client")


def refusal_help(code: int, field: str, low: int, high: int) -> tuple[str, str]:
    """(what is wrong and would be accepted, what to do) for the fields of REFUSED."""
    text = REFUSALS[schema.REFUSALS[code]]
    what = text.what
    if code == schema.OUT_OF_RANGE and field:
        what = f"{field} is out of range."
    if text.accepted:
        what = f"{what} {text.accepted.format(_accepted(code, field, low, high))}"
    return what, text.action


def _accepted(code: int, field: str, low: int, high: int) -> str:
    """What would be accepted, in words."""
    if code in _BY_STATE:
        return ", ".join(amounts.names_in(low, names.STATES)) or "never"
    if code == schema.CALIBRATION_BOUND:
        return _span("step_pl", low, high)
    if field == "segments":
        return "one segment" if high == 1 else f"{low} to {high} segments"
    if field == "rate_nl_day":
        return f"off, or {_span(field, low, high)}"
    if code == schema.OUT_OF_RANGE and field in _ACCEPTED_VALUES:
        return " or ".join(amounts.of_field(field, value) for value in _ACCEPTED_VALUES[field])
    if field in _TEXT_FIELDS:
        length = "" if (low, high) == _CHARACTERS else f"{low} to {high} "
        return f"{length}printable ASCII characters"
    return _span(field, low, high)


def _span(field: str, low: int, high: int) -> str:
    ends = [amounts.of_field(field, low), amounts.of_field(field, high)]
    return ends[0] if low == high else f"{ends[0]} to {ends[1]}"
