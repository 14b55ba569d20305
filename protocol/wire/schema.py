"""The wire form: every message, field, range, refusal, alarm, and the state x command table.

Single source for both ends, the documents and the tests. Runs on the board: numbers and names
only; texts live with the programmer (protocol/programmer/texts.py). Imported by everyone, holds
no state.

A field is (name, kind, low, high); the unit is the end of the name. Kinds, little-endian:
    "B" u8, "H" u16, "I" u32, "Q" u64, "i" i32   low..high bound the value, both included
    "s"        u8 length, then printable ASCII; low..high bound the length
    "b"        bytes of exactly `high` length
    (fields)   a list: u8 count (low..high), then that many rows
The order of fields is the order on the wire.
"""

from protocol.wire import events

PROTOCOL_VERSION = 1
PAYLOAD_MAX = 216  # bytes; with header, tag, CRC and COBS at most 248 on the line

U32_MAX = 4_294_967_295
U64_MAX = 18_446_744_073_709_551_615
I32_MAX = 2_147_483_647

# Limits of the pump, enforced in the pump. Sources: docs/limits.md.
RATE_NL_DAY_MIN = 48_000
RATE_NL_DAY_MAX = 24_000_000
STEP_PL_NOMINAL = 50_000
STEP_PL_MIN = 45_000
STEP_PL_MAX = 55_000
SEGMENTS_MAX = 24
DAY_MIN = 1_440
CONC_MCG_ML_ACCEPTED = (500, 1_000, 2_000)
RESERVOIR_NL_ACCEPTED = (20_000_000, 40_000_000)
DOSE_NG_DAY_MAX = 48_000_000  # 24 mL/day at 2,000 mcg/mL: the end of the arithmetic
WALL_S_MAX = 3_187_295_999  # 2100-12-31 23:59:59, in seconds since 2000-01-01 00:00:00 local time

# States of the pump.
UNCOMMISSIONED = 0
STOPPED = 1
RUNNING = 2
HELD = 3
FAULT = 4
STATES = ("UNCOMMISSIONED", "STOPPED", "RUNNING", "HELD", "FAULT")

# Kinds of therapy.
NONE = 0
CONTINUOUS = 1
SCHEDULE = 2
THERAPIES = ("NONE", "CONTINUOUS", "SCHEDULE")

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

# Message types. The answer to request t is t | ANSWER, or REFUSED, or (to HELLO) VERSION_REFUSED.
HELLO = 0x01
GOODBYE = 0x02
STATUS = 0x03
ALARMS = 0x04
TOTALS = 0x05
READ_CLOCK = 0x06
READ_SETUP = 0x07
READ_BACK = 0x08
LOG = 0x09
ACKNOWLEDGE = 0x10
SET_CLOCK = 0x11
SETUP = 0x12
CALIBRATE = 0x13
REFILLED = 0x14
PROPOSE = 0x20
CONFIRM = 0x21
START = 0x30
STOP = 0x31
ANSWER = 0x80
VERSION_REFUSED = 0xFE
REFUSED = 0xFF

# Requests that change something: each that was carried out is in the log, with its counter.
CHANGING = (ACKNOWLEDGE, SET_CLOCK, SETUP, CALIBRATE, REFILLED, CONFIRM, START, STOP)

# Refusal codes. OK stands in the table below for "accepted".
OK = 0
BAD_LENGTH = 1
OUT_OF_RANGE = 2
UNKNOWN_COMMAND = 3
NO_SESSION = 4
OUT_OF_SEQUENCE = 5
NOT_COMMISSIONED = 6
THERAPY_RUNNING = 7
THERAPY_HELD = 8
FAULTED = 9
MAGNET_NEEDED = 10
NO_PRESCRIPTION = 11
NO_PROPOSAL = 12
DIGEST_MISMATCH = 13
DOSE_MISMATCH = 14
DOSE_LIMIT = 15
CONCENTRATION_MISMATCH = 16
SCHEDULE_ORDER = 17
CLOCK_NOT_SET = 18
CALIBRATION_BOUND = 19
ALARM_NOT_ACTIVE = 20
NO_MEMORY = 21
NOT_STORED = 22
REFUSALS = (
    "OK",
    "BAD_LENGTH",
    "OUT_OF_RANGE",
    "UNKNOWN_COMMAND",
    "NO_SESSION",
    "OUT_OF_SEQUENCE",
    "NOT_COMMISSIONED",
    "THERAPY_RUNNING",
    "THERAPY_HELD",
    "FAULTED",
    "MAGNET_NEEDED",
    "NO_PRESCRIPTION",
    "NO_PROPOSAL",
    "DIGEST_MISMATCH",
    "DOSE_MISMATCH",
    "DOSE_LIMIT",
    "CONCENTRATION_MISMATCH",
    "SCHEDULE_ORDER",
    "CLOCK_NOT_SET",
    "CALIBRATION_BOUND",
    "ALARM_NOT_ACTIVE",
    "NO_MEMORY",
    "NOT_STORED",
)

# Alarm conditions: (name, priority, holds delivery). The id is the place in this table.
WARNING = 1  # one tone a second long, every hour
CRITICAL = 2  # two tones for three seconds, every ten minutes
OCCLUSION = 0
MOTOR_STALLED = 1
RESERVOIR_LOW = 2
RESERVOIR_EMPTY = 3
LEFT_STOPPED = 4
UNPERMITTED_MOTION = 5
INVARIANT_BROKEN = 6
WATCHDOG_RESET = 7
RESTORE_FAILED = 8
SELF_TEST_FAILED = 9
STORE_FAILED = 10
LOG_FAILED = 11
CLOCK_LOST = 12
CLOCK_DISAGREES = 13
ALARM_TABLE = (
    ("OCCLUSION", CRITICAL, True),
    ("MOTOR_STALLED", CRITICAL, True),
    ("RESERVOIR_LOW", WARNING, False),
    ("RESERVOIR_EMPTY", CRITICAL, True),
    ("LEFT_STOPPED", CRITICAL, False),
    ("UNPERMITTED_MOTION", CRITICAL, True),
    ("INVARIANT_BROKEN", CRITICAL, True),
    ("WATCHDOG_RESET", CRITICAL, False),
    ("RESTORE_FAILED", CRITICAL, True),
    ("SELF_TEST_FAILED", CRITICAL, True),
    ("STORE_FAILED", CRITICAL, False),
    ("LOG_FAILED", WARNING, False),
    ("CLOCK_LOST", WARNING, False),
    ("CLOCK_DISAGREES", CRITICAL, False),
)

# Bits of the value of SELF_TEST_FAILED, and of RESTORE_FAILED and STORE_FAILED.
TEST_MEMORY = 0
TEST_MOTOR_CIRCUIT = 1
TEST_PRESSURE_SENSOR = 2
TEST_LEVEL_SENSOR = 3
TEST_ALARM_LIGHT = 4
SELF_TESTS = ("MEMORY", "MOTOR_CIRCUIT", "PRESSURE_SENSOR", "LEVEL_SENSOR", "ALARM_LIGHT")
RECORDS = ("", "SETUP", "THERAPY", "CONDITION", "LEDGER")

# The refusal a command meets in each state, or OK: accepted as far as the state goes.
# fmt: off
STATE_X_COMMAND = {
    # command:     UNCOMMISSIONED    STOPPED  RUNNING          HELD          FAULT
    HELLO:        (OK,               OK,      OK,              OK,           OK),
    GOODBYE:      (OK,               OK,      OK,              OK,           OK),
    STATUS:       (OK,               OK,      OK,              OK,           OK),
    ALARMS:       (OK,               OK,      OK,              OK,           OK),
    TOTALS:       (OK,               OK,      OK,              OK,           OK),
    READ_CLOCK:   (OK,               OK,      OK,              OK,           OK),
    READ_SETUP:   (NOT_COMMISSIONED, OK,      OK,              OK,           OK),
    READ_BACK:    (NOT_COMMISSIONED, OK,      OK,              OK,           OK),
    LOG:          (OK,               OK,      OK,              OK,           OK),
    ACKNOWLEDGE:  (OK,               OK,      OK,              OK,           OK),
    SET_CLOCK:    (OK,               OK,      OK,              OK,           FAULTED),
    SETUP:        (OK,               OK,      THERAPY_RUNNING, THERAPY_HELD, FAULTED),
    CALIBRATE:    (NOT_COMMISSIONED, OK,      THERAPY_RUNNING, THERAPY_HELD, FAULTED),
    REFILLED:     (NOT_COMMISSIONED, OK,      OK,              OK,           FAULTED),
    PROPOSE:      (NOT_COMMISSIONED, OK,      OK,              OK,           FAULTED),
    CONFIRM:      (NOT_COMMISSIONED, OK,      OK,              OK,           FAULTED),
    START:        (NOT_COMMISSIONED, OK,      THERAPY_RUNNING, THERAPY_HELD, FAULTED),
    STOP:         (OK,               OK,      OK,              OK,           OK),
}
# fmt: on

_SEGMENT = (
    ("start_min", "H", 0, DAY_MIN - 1),
    ("rate_nl_day", "I", 0, RATE_NL_DAY_MAX),
)
_PRESCRIPTION = (
    ("conc_mcg_ml", "H", 1, 65_535),
    ("therapy", "B", CONTINUOUS, SCHEDULE),
    ("dose_ng_day", "I", 0, DOSE_NG_DAY_MAX),
    ("segments", _SEGMENT, 1, SEGMENTS_MAX),
)
_SETUP = (
    ("serial", "s", 1, 16),
    ("patient_label", "s", 1, 24),
    ("drug", "s", 1, 16),
    ("conc_mcg_ml", "H", 1, 65_535),
    ("reservoir_nl", "I", 1, 40_000_000),
    ("catheter_um", "I", 10_000, 1_500_000),
    ("catheter_nl_cm", "H", 1_000, 5_000),
    ("dose_ng_day_limit", "I", 1_000, DOSE_NG_DAY_MAX),
)

# The layout of HELLO, its answer and VERSION_REFUSED is frozen for ever.
# fmt: off
MESSAGES = {
    HELLO: ("HELLO", (
        ("protocol_version", "B", 0, 255),
        ("schema_hash", "I", 0, U32_MAX),
        ("client", "s", 0, 24),
    )),
    HELLO | ANSWER: ("HELLO_ANSWER", (
        ("protocol_version", "B", 0, 255),
        ("schema_hash", "I", 0, U32_MAX),
        ("firmware_version", "s", 0, 16),
        ("manifest_hash", "b", 32, 32),
        ("serial", "s", 0, 16),
        ("patient_label", "s", 0, 24),
        ("state", "B", 0, 255),
        ("reset_cause", "B", 0, 255),
    )),
    VERSION_REFUSED: ("VERSION_REFUSED", (
        ("protocol_version", "B", 0, 255),
        ("schema_hash", "I", 0, U32_MAX),
        ("firmware_version", "s", 0, 16),
    )),
    REFUSED: ("REFUSED", (
        ("command", "B", 0, 255),
        ("code", "B", 1, len(REFUSALS) - 1),
        ("name", "s", 1, 24),
        ("field", "s", 0, 20),
        ("accepted_low", "I", 0, U32_MAX),
        ("accepted_high", "I", 0, U32_MAX),
    )),
    GOODBYE: ("GOODBYE", ()),
    GOODBYE | ANSWER: ("GOODBYE_ANSWER", ()),
    STATUS: ("STATUS", ()),
    STATUS | ANSWER: ("STATUS_ANSWER", (
        ("state", "B", 0, len(STATES) - 1),
        ("therapy", "B", NONE, SCHEDULE),
        ("rate_nl_day", "I", 0, RATE_NL_DAY_MAX),
        ("segment", "B", 0, SEGMENTS_MAX),
        ("next_change_s", "I", 0, 86_400),
        ("alarms_active", "I", 0, U32_MAX),
        ("alarms_waiting", "I", 0, U32_MAX),
        ("uptime_s", "I", 0, U32_MAX),
        ("wall_s", "I", 0, U32_MAX),
        ("window_s", "H", 0, 65_535),
        ("silence_s", "H", 0, 65_535),
        ("pressure_pa", "i", -I32_MAX, I32_MAX),
        ("level_nl", "I", 0, U32_MAX),
        ("fault_reason", "B", 0, len(FAULTS) - 1),
    )),
    ALARMS: ("ALARMS", ()),
    ALARMS | ANSWER: ("ALARMS_ANSWER", (
        ("alarms", (
            ("alarm", "B", 0, len(ALARM_TABLE) - 1),
            ("active", "B", 0, 1),
            ("acknowledged", "B", 0, 1),
            ("count", "H", 0, 65_535),
            ("raised_s", "I", 0, U32_MAX),
            ("value", "i", -I32_MAX, I32_MAX),
        ), 0, len(ALARM_TABLE)),
    )),
    TOTALS: ("TOTALS", ()),
    TOTALS | ANSWER: ("TOTALS_ANSWER", (
        ("commanded_steps", "I", 0, U32_MAX),
        ("verified_steps", "I", 0, U32_MAX),
        ("unverified_steps", "I", 0, U32_MAX),
        ("verified_nl", "Q", 0, U64_MAX),
        ("possible_nl", "Q", 0, U64_MAX),
        ("verified_ng", "Q", 0, U64_MAX),
        ("possible_ng", "Q", 0, U64_MAX),
        ("step_pl", "H", STEP_PL_MIN, STEP_PL_MAX),
        ("continuous_verified_nl", "Q", 0, U64_MAX),
        ("continuous_possible_nl", "Q", 0, U64_MAX),
        ("schedule_verified_nl", "Q", 0, U64_MAX),
        ("schedule_possible_nl", "Q", 0, U64_MAX),
        ("refill_verified_nl", "Q", 0, U64_MAX),
        ("refill_possible_nl", "Q", 0, U64_MAX),
        ("midnight_verified_nl", "Q", 0, U64_MAX),
        ("midnight_possible_nl", "Q", 0, U64_MAX),
        ("boots", "I", 0, U32_MAX),
    )),
    READ_CLOCK: ("READ_CLOCK", ()),
    READ_CLOCK | ANSWER: ("READ_CLOCK_ANSWER", (
        ("set", "B", 0, 1),
        ("wall_s", "I", 0, U32_MAX),
        ("uptime_s", "I", 0, U32_MAX),
    )),
    READ_SETUP: ("READ_SETUP", ()),
    READ_SETUP | ANSWER: ("READ_SETUP_ANSWER", _SETUP + (
        ("step_pl", "H", STEP_PL_MIN, STEP_PL_MAX),
    )),
    READ_BACK: ("READ_BACK", ()),
    READ_BACK | ANSWER: ("READ_BACK_ANSWER", (("digest", "b", 16, 16),) + _PRESCRIPTION),
    LOG: ("LOG", (("first_event", "I", 0, U32_MAX),)),
    LOG | ANSWER: ("LOG_ANSWER", (
        ("oldest_event", "I", 0, U32_MAX),
        ("newest_event", "I", 0, U32_MAX),
        ("first_event", "I", 0, U32_MAX),
        ("before", "b", events.CHAIN_BYTES, events.CHAIN_BYTES),
        ("records", (
            ("record", "b", events.RECORD_BYTES, events.RECORD_BYTES),
        ), 0, events.PAGE_RECORDS),
    )),
    ACKNOWLEDGE: ("ACKNOWLEDGE", (("alarm", "B", 0, len(ALARM_TABLE) - 1),)),
    ACKNOWLEDGE | ANSWER: ("ACKNOWLEDGE_ANSWER", (
        ("state", "B", 0, len(STATES) - 1),
        ("alarms_active", "I", 0, U32_MAX),
    )),
    SET_CLOCK: ("SET_CLOCK", (("wall_s", "I", 0, WALL_S_MAX),)),
    SET_CLOCK | ANSWER: ("SET_CLOCK_ANSWER", (
        ("was_set", "B", 0, 1),
        ("old_wall_s", "I", 0, U32_MAX),
        ("wall_s", "I", 0, WALL_S_MAX),
        ("rate_nl_day", "I", 0, RATE_NL_DAY_MAX),
    )),
    SETUP: ("SETUP", _SETUP),
    SETUP | ANSWER: ("SETUP_ANSWER", (("state", "B", 0, len(STATES) - 1),)),
    CALIBRATE: ("CALIBRATE", (
        ("steps", "I", 200, 10_000_000),
        ("volume_nl", "I", 1, 500_000_000),
    )),
    CALIBRATE | ANSWER: ("CALIBRATE_ANSWER", (
        ("old_step_pl", "H", STEP_PL_MIN, STEP_PL_MAX),
        ("step_pl", "H", STEP_PL_MIN, STEP_PL_MAX),
    )),
    REFILLED: ("REFILLED", ()),
    REFILLED | ANSWER: ("REFILLED_ANSWER", (
        ("level_nl", "I", 0, U32_MAX),
        ("ended_verified_nl", "Q", 0, U64_MAX),
        ("ended_possible_nl", "Q", 0, U64_MAX),
    )),
    PROPOSE: ("PROPOSE", _PRESCRIPTION),
    PROPOSE | ANSWER: ("PROPOSAL", (
        ("digest", "b", 16, 16),
        ("total_nl_day", "I", 0, RATE_NL_DAY_MAX),
        ("total_ng_day", "I", 0, DOSE_NG_DAY_MAX),
        ("old_total_ng_day", "I", 0, DOSE_NG_DAY_MAX),
        ("change_permille", "i", -1_000, I32_MAX),
        ("peak_start_min", "H", 0, DAY_MIN - 1),
        ("peak_ng_hour", "I", 0, DOSE_NG_DAY_MAX),
    )),
    CONFIRM: ("CONFIRM", (("digest", "b", 16, 16),)),
    CONFIRM | ANSWER: ("CONFIRM_ANSWER", (
        ("state", "B", 0, len(STATES) - 1),
        ("rate_nl_day", "I", 0, RATE_NL_DAY_MAX),
    )),
    START: ("START", ()),
    START | ANSWER: ("START_ANSWER", (
        ("state", "B", 0, len(STATES) - 1),
        ("rate_nl_day", "I", 0, RATE_NL_DAY_MAX),
    )),
    STOP: ("STOP", ()),
    STOP | ANSWER: ("STOP_ANSWER", (
        ("state", "B", 0, len(STATES) - 1),
        ("commanded_steps", "I", 0, U32_MAX),
    )),
}
# fmt: on

# Seeds the CRC of every frame but the three frozen ones. Checked by tests/wire/test_schema.py.
SCHEMA_HASH = 0x70097AA4
