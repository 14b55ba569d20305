"""What the event log's records mean: one text per kind, argument and cause of a gap."""

from protocol.programmer.field_texts import FIELDS

EVENTS = {
    "BOOT": "The pump started.",
    "SELF_TEST": "The self-test after a start was made.",
    "COMMAND": (
        "A request that changes something was carried out; what it caused stands before it."
    ),
    "REFUSAL": "A request was refused; nothing was changed.",
    "ALARM_RAISED": "An alarm condition came.",
    "ALARM_CLEARED": "An alarm condition went.",
    "ALARM_ACKNOWLEDGED": "Somebody has seen an alarm.",
    "STATE": "The pump entered another state.",
    "FAULT": "A broken invariant: the motor is off until a reset.",
    "PRESCRIPTION": "A prescription is in force: confirmed now, or restored after a start.",
    "RATE": "From the instant of this record on this rate holds.",
    "CALIBRATED": "The volume of a step was set.",
    "CLOCK_SET": (
        "The wall clock was set: by command, or after a start to the time of the last record."
    ),
    "LEDGER": "The step ledger, after a start and once an hour.",
    "LOG_GAP": "Events before this one are missing.",
    "BOLUS_BEGUN": "A bolus began, on top of the prescription.",
    "BOLUS_ENDED": "It is over; TOTALS and BOLUSES say how much it gave.",
    "NO_MEMORY": (
        "Memory ran out: an answer waits until it is asked for again, a check for its next time."
    ),
    "MISSED": "A step was more than a second late: what was due until now is not caught up.",
    "QUEUE_FULL": (
        "The interpreter's queue of callbacks takes no more; nothing of the pump waits there."
    ),
}

_OWN = {
    "bolus_nl_day": "its rate",
    "outcome": "how it went: from the table of outcomes of a bolus",
    "volume_nl": "its volume",
    "tested_kb": "memory that was tested: all that was free, on a board",
    "counter": "counter of the request",
    "digest_next": "the next four bytes, likewise",
    "digest_start": "first four bytes of its digest, the first one highest",
    "failed_tests": "bit per test that failed",
    "late_ms": "so long nothing was delivered",
    "gap_cause": "from the table of causes of a gap",
    "lost_events": "how many, at most",
    "manifest_start": "first four bytes of the manifest's SHA-256, the first one highest",
    "old_state": "state before",
    "command": "message type of the request",
    "reset_cause": "from the table of reset causes",
    "state": "state now",
    "rate_nl_day": "the rate; 0: nothing is delivered",
    "segment": "which segment of the prescription, from 1; 0: none",
}

GAP_CAUSES = {
    "OVERFLOW": "more happened than could be kept before the flash was written",
    "DAMAGED": "the flash holds records that are not as they were written",
}


def argument_text(name: str) -> str:
    """What an argument means. Raises KeyError where nobody wrote it down."""
    return _OWN.get(name) or FIELDS[name]
