"""What people call the numbers of the wire. The board needs none of them: it holds numbers.

The place in a table is the number. tests/wire/test_schema.py holds them to protocol/wire.
"""

from protocol.wire import schema

STATES = ("UNCOMMISSIONED", "STOPPED", "RUNNING", "HELD", "FAULT")
THERAPIES = ("NONE", "CONTINUOUS", "SCHEDULE")
BOLUS_OUTCOMES = (
    "UNDER_WAY",
    "WHOLE",
    "CANCELLED",
    "ENDED_BY_STOP",
    "ENDED_BY_ALARM",
    "ENDED_BY_RESET",
)

# Causes of the last reset; the chip tells no watchdog reset from one by software.
RESETS = ("POWER_ON", "WATCHDOG")

# Broken invariants: why the pump is in FAULT.
FAULTS = (
    "NONE",
    "UNPERMITTED_MOTION",
    "ILLEGAL_TRANSITION",
    "TASK_RAISED",
    "NO_MEMORY",
    "MEMORY_CORRUPT",
)

# Bits of the value of SELF_TEST_FAILED, and of RESTORE_FAILED and STORE_FAILED.
SELF_TESTS = (
    "MEMORY",
    "MOTOR_CIRCUIT",
    "PRESSURE_SENSOR",
    "LEVEL_SENSOR",
    "ALARM_LIGHT",
    "BUZZER",
    "CLOCK",
)
RECORDS = ("", "SETUP", "THERAPY", "CONDITION", "LEDGER", "BOLUSES")

# Kinds of events: name, and what the two arguments are; "": unused, 0.
EVENTS = (
    ("BOOT", "reset_cause", "manifest_start"),
    ("SELF_TEST", "failed_tests", "tested_kb"),
    ("COMMAND", "command", "counter"),
    ("REFUSAL", "command", "code"),
    ("ALARM_RAISED", "alarm", "value"),
    ("ALARM_CLEARED", "alarm", ""),
    ("ALARM_ACKNOWLEDGED", "alarm", ""),
    ("STATE", "old_state", "state"),
    ("FAULT", "fault_reason", ""),
    ("PRESCRIPTION", "digest_start", "digest_next"),
    ("RATE", "rate_nl_day", "segment"),
    ("CALIBRATED", "old_step_pl", "step_pl"),
    ("CLOCK_SET", "old_wall_s", "wall_s"),
    ("LEDGER", "verified_steps", "unverified_steps"),
    ("LOG_GAP", "lost_events", "gap_cause"),
    ("BOLUS_BEGUN", "volume_nl", "bolus_nl_day"),
    ("BOLUS_ENDED", "outcome", ""),
    ("NO_MEMORY", "", ""),
    ("MISSED", "late_ms", "rate_nl_day"),
    ("QUEUE_FULL", "", ""),
)
SIGNED = ("value",)  # arguments in two's complement
GAP_CAUSES = ("OVERFLOW", "DAMAGED")

_ANSWERS = {schema.PROPOSE: "PROPOSAL", schema.PROPOSE_BOLUS: "BOLUS_PROPOSAL"}
_REQUESTS = (
    "HELLO",
    "GOODBYE",
    "STATUS",
    "ALARMS",
    "TOTALS",
    "READ_CLOCK",
    "READ_SETUP",
    "READ_BACK",
    "LOG",
    "BOLUSES",
    "ACKNOWLEDGE",
    "SET_CLOCK",
    "SETUP",
    "CALIBRATE",
    "REFILLED",
    "PROPOSE",
    "CONFIRM",
    "PROPOSE_BOLUS",
    "START_BOLUS",
    "CANCEL_BOLUS",
    "START",
    "STOP",
)


def _messages() -> dict[int, str]:
    """In the order of the schema."""
    found = {schema.REFUSED: "REFUSED", schema.VERSION_REFUSED: "VERSION_REFUSED"}
    for name in _REQUESTS:
        kind = getattr(schema, name)
        found[kind] = name
        found[kind | schema.ANSWER] = _ANSWERS.get(kind, name + "_ANSWER")
    return {kind: found[kind] for kind in schema.MESSAGES}


# By message type.
MESSAGES = _messages()
