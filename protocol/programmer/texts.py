"""What people read about the pump's numbers: one text per message, state, reset, fault and alarm.

The board holds numbers only; their meaning lives here, in field_texts.py and refusal_texts.py.
A test goes through the schema and finds the one that nobody wrote.
"""

from typing import NamedTuple

from protocol.wire import schema

MESSAGES = {
    "HELLO": (
        "Opens a session, or opens it anew; any counter. The only message before which nothing "
        "is needed."
    ),
    "HELLO_ANSWER": (
        "Which pump this is, and in what state. The next request carries the counter plus 1."
    ),
    "VERSION_REFUSED": (
        "Answer to a HELLO that speaks another protocol or schema. No session was opened."
    ),
    "REFUSED": (
        "Answer to a request that was not carried out. Nothing was changed (but see Sessions)."
    ),
    "GOODBYE": "Closes the session. A proposal that was not confirmed is forgotten.",
    "GOODBYE_ANSWER": "The session is closed.",
    "STATUS": "Asks how the pump is. Taken at any time, without a session and with any counter.",
    "STATUS_ANSWER": "How the pump is now.",
    "ALARMS": "Asks for the alarms.",
    "ALARMS_ANSWER": "The alarms since the last reset.",
    "TOTALS": "Asks what was delivered.",
    "TOTALS_ANSWER": (
        "From the step ledger, in the pump's life, over resets: delivered lies between verified "
        "and possible."
    ),
    "READ_CLOCK": "Asks what time it is for the pump.",
    "READ_CLOCK_ANSWER": "The pump's clocks.",
    "READ_SETUP": "Asks how the pump was commissioned.",
    "READ_SETUP_ANSWER": "The fields of SETUP as the pump holds them, and the calibration.",
    "READ_BACK": "Asks for the prescription in force.",
    "READ_BACK_ANSWER": "The prescription in force, with its digest.",
    "LOG": "Asks for a page of the event log.",
    "LOG_ANSWER": (
        "Up to five records that follow each other; none: there are none from there on."
    ),
    "ACKNOWLEDGE": (
        "Somebody has seen this alarm. Delivery that it held resumes when the condition has gone "
        "too."
    ),
    "ACKNOWLEDGE_ANSWER": "The alarm is acknowledged.",
    "SET_CLOCK": (
        "Sets the pump's local time. A schedule that runs jumps to its place at the new time."
    ),
    "SET_CLOCK_ANSWER": "The clock is set.",
    "SETUP": (
        "Commissions the pump, or does it anew: the prescription in force is dropped. Needs the "
        "magnet."
    ),
    "SETUP_ANSWER": "The pump is commissioned.",
    "CALIBRATE": (
        "Sets the volume of a step from a weighed volume, within 10 % of nominal. Needs the "
        "magnet."
    ),
    "CALIBRATE_ANSWER": "The pump is calibrated.",
    "REFILLED": (
        "The reservoir has just been refilled: the totals since the refill begin anew. Needs the "
        "magnet."
    ),
    "REFILLED_ANSWER": "The new span has begun; what was delivered in the one before.",
    "PROPOSE": "A prescription to be considered. Nothing changes before it is confirmed.",
    "PROPOSAL": (
        "What the pump makes of it, to be shown to a person. Good for five minutes of this "
        "session."
    ),
    "CONFIRM": "Puts the proposal with this digest in force, at once where therapy runs.",
    "CONFIRM_ANSWER": "The prescription is in force.",
    "BOLUSES": "Asks for the newest boluses.",
    "BOLUSES_ANSWER": "The newest boluses, the newest last, and how soon the next may follow.",
    "PROPOSE_BOLUS": "A bolus to be considered. Nothing changes before it is started.",
    "BOLUS_PROPOSAL": (
        "What the pump makes of it, to be shown to a person. Good for five minutes of this "
        "session."
    ),
    "START_BOLUS": "Gives the bolus with this digest, from now on; all is checked once more.",
    "START_BOLUS_ANSWER": (
        "The bolus is under way; duration_ms 0: an alarm ended it before its first step."
    ),
    "CANCEL_BOLUS": "Ends the bolus under way. Delivery goes on as prescribed.",
    "CANCEL_BOLUS_ANSWER": "It is over, and what it gave.",
    "START": "Starts therapy as prescribed.",
    "START_ANSWER": "Therapy runs, or is held by an alarm: see the state.",
    "STOP": "Stops therapy. Taken at any time, without a session and with any counter.",
    "STOP_ANSWER": "Therapy is stopped. What is not delivered meanwhile is never caught up.",
}  # fmt: skip

STATES = {
    "UNCOMMISSIONED": "blank: it delivers nothing and has to be set up",
    "STOPPED": "set up, and delivering nothing",
    "RUNNING": "delivering as prescribed",
    "HELD": "therapy is on, but an alarm holds delivery: it resumes by itself once that is over",
    "FAULT": "an internal check failed; the motor is off for good, only a reset leads out",
}

THERAPIES = {
    "NONE": "no prescription",
    "CONTINUOUS": "one rate all day",
    "SCHEDULE": "a day in segments",
}

BOLUS_OUTCOMES = {
    "UNDER_WAY": "it is being given",
    "WHOLE": "all of it was given",
    "CANCELLED": "cancelled by order",
    "ENDED_BY_STOP": "ended by a STOP",
    "ENDED_BY_ALARM": "ended by an alarm",
    "ENDED_BY_RESET": "ended by a reset or a power failure",
}

RESETS = {
    "POWER_ON": "power was switched on",
    "WATCHDOG": "the watchdog restarted it: its software had stopped answering",
}

PRIORITIES = {schema.WARNING: "warning", schema.CRITICAL: "critical"}


class AlarmText(NamedTuple):
    """meaning: what is wrong. action: what to do. value: what was measured, or ""."""

    meaning: str
    action: str
    value: str


ALARMS = {
    "OCCLUSION": AlarmText(
        "The pressure at the outlet is too high: drug does not reach the patient.",
        "Watch for withdrawal. Look for a kink or a blocked catheter; when it opens, the volume "
        "stored "
        "in the catheter is let go at once. Then acknowledge: delivery resumes below 25 kPa.",
        "pressure_pa",
    ),
    "MOTOR_STALLED": AlarmText(
        "The motor was ordered to move and the encoder saw nothing, twice in a row.",
        "Watch for withdrawal. Acknowledging makes the pump try again; if it stalls again, "
        "replace it.",
        "",
    ),
    "RESERVOIR_LOW": AlarmText(
        "Less than 4 mL are left in the reservoir.",
        "Refill soon: withdrawal was seen with more than 2 mL left.",
        "level_nl",
    ),
    "RESERVOIR_EMPTY": AlarmText(
        "The reservoir is empty down to the volume that cannot be pumped: delivery is held.",
        "Refill at once and watch for withdrawal. Then acknowledge.",
        "level_nl",
    ),
    "LEFT_STOPPED": AlarmText(
        "The pump has a prescription and has been stopped for 48 hours.",
        "Start therapy, or acknowledge if it is meant to stand still. After such a gap the "
        "former dose "
        "may be too much: check it before starting.",
        "stopped_h",
    ),
    "UNPERMITTED_MOTION": AlarmText(
        "The motor moved without a permit: the motor supply was cut.",
        "Watch for overdose. Replace the pump.",
        "",
    ),
    "INVARIANT_BROKEN": AlarmText(
        "An internal check failed: the motor supply was cut.",
        "Watch for withdrawal. Read status for the reason, reset the pump, set it up again.",
        "fault_reason",
    ),
    "WATCHDOG_RESET": AlarmText(
        "The pump restarted because its software had stopped answering. It goes on as before.",
        "Interrogate it, and have it looked at: software that stops answering is a defect.",
        "",
    ),
    "RESTORE_FAILED": AlarmText(
        "After a restart the pump could not read what it had stored: therapy does not go on.",
        "Watch for withdrawal. Set the pump up and program it again, then acknowledge.",
        "records",
    ),
    "SELF_TEST_FAILED": AlarmText(
        "The self-test after a restart found something broken: delivery is held.",
        "Watch for withdrawal. Interrogate it for what failed; replace the pump if it stays.",
        "tests",
    ),
    "STORE_FAILED": AlarmText(
        "The pump cannot write its memory: it goes on, but a power failure would lose changes.",
        "Replace the pump soon. Read the totals and the prescription out now.",
        "records",
    ),
    "LOG_FAILED": AlarmText(
        "The event log cannot be written: events are lost. Delivery goes on.",
        "Export the log as far as it goes, and have the pump looked at.",
        "events_lost",
    ),
    "CLOCK_LOST": AlarmText(
        "The power had failed: the pump's clock stood still for as long, and goes on from there.",
        "Set the clock: until then a schedule runs late by the time without power.",
        "",
    ),
    "CLOCK_DISAGREES": AlarmText(
        "The pump's two time bases disagree: one of them is wrong, and so may be the rate.",
        "Compare the reservoir with the totals, and replace the pump.",
        "ms_per_hour",
    ),
}

FAULTS = {
    "NONE": "no fault",
    "UNPERMITTED_MOTION": "the motor moved without a permit",
    "ILLEGAL_TRANSITION": "the software wanted to enter a state that cannot follow",
    "TASK_RAISED": "a task of the software failed",
    "NO_MEMORY": "the memory ran out",
    "MEMORY_CORRUPT": "a value that delivery trusts had changed by itself",
}
