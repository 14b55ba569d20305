"""The wire form: every message, field, range, refusal, alarm, and the state x command table.

Single source for both ends, the documents and the tests. Runs on the board, so it holds what both
ends need; what people call the numbers is in protocol/names.py, texts live with the programmer
(protocol/programmer/texts.py). Imported by everyone, holds no state.

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
BOLUS_NL_MIN = 1_000
BOLUS_NL_MAX = 200_000
BOLUS_NG_MAX = 100_000
BOLUS_S_MAX = 21_600
BOLUS_LOCKOUT_S = 14_400  # from the start of one to the start of the next
BOLUSES_MAX = 8  # kept: more than a day can hold
WALL_S_MAX = 3_187_295_999  # 2100-12-31 23:59:59, in seconds since 2000-01-01 00:00:00 local time

# States of the pump.
UNCOMMISSIONED = 0
STOPPED = 1
RUNNING = 2
HELD = 3
FAULT = 4

# Kinds of therapy.
NONE = 0
CONTINUOUS = 1
SCHEDULE = 2

# How a bolus went.
UNDER_WAY = 0
WHOLE = 1
CANCELLED = 2
ENDED_BY_STOP = 3
ENDED_BY_ALARM = 4
ENDED_BY_RESET = 5

FAULT_REASON_MAX = 5  # firmware/fault.py: why the pump is in FAULT

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
BOLUSES = 0x0A
ACKNOWLEDGE = 0x10
SET_CLOCK = 0x11
SETUP = 0x12
CALIBRATE = 0x13
REFILLED = 0x14
PROPOSE = 0x20
CONFIRM = 0x21
PROPOSE_BOLUS = 0x22
START_BOLUS = 0x23
CANCEL_BOLUS = 0x24
START = 0x30
STOP = 0x31
ANSWER = 0x80
VERSION_REFUSED = 0xFE
REFUSED = 0xFF

# Requests that change something: each that was carried out is in the log, with its counter.
CHANGING = (
    ACKNOWLEDGE, SET_CLOCK, SETUP, CALIBRATE, REFILLED, CONFIRM, START_BOLUS, CANCEL_BOLUS, START,
    STOP,
)  # fmt: skip

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
THERAPY_STOPPED = 23
ALARM_STANDS = 24
BOLUS_UNDER_WAY = 25
BOLUS_LOCKED_OUT = 26
NO_BOLUS = 27
REFUSALS = (
    "OK", "BAD_LENGTH", "OUT_OF_RANGE", "UNKNOWN_COMMAND", "NO_SESSION", "OUT_OF_SEQUENCE",
    "NOT_COMMISSIONED", "THERAPY_RUNNING", "THERAPY_HELD", "FAULTED", "MAGNET_NEEDED",
    "NO_PRESCRIPTION", "NO_PROPOSAL", "DIGEST_MISMATCH", "DOSE_MISMATCH", "DOSE_LIMIT",
    "CONCENTRATION_MISMATCH", "SCHEDULE_ORDER", "CLOCK_NOT_SET", "CALIBRATION_BOUND",
    "ALARM_NOT_ACTIVE", "NO_MEMORY", "NOT_STORED", "THERAPY_STOPPED", "ALARM_STANDS",
    "BOLUS_UNDER_WAY", "BOLUS_LOCKED_OUT", "NO_BOLUS",
)  # fmt: skip

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
TEST_BUZZER = 5
TEST_CLOCK = 6

# The refusal a command meets in each state, or OK: accepted as far as the state goes.
# fmt: off
STATE_X_COMMAND = {
    # command:      UNCOMMISSIONED    STOPPED          RUNNING          HELD          FAULT
    HELLO:         (OK,               OK,              OK,              OK,           OK),
    GOODBYE:       (OK,               OK,              OK,              OK,           OK),
    STATUS:        (OK,               OK,              OK,              OK,           OK),
    ALARMS:        (OK,               OK,              OK,              OK,           OK),
    TOTALS:        (OK,               OK,              OK,              OK,           OK),
    READ_CLOCK:    (OK,               OK,              OK,              OK,           OK),
    READ_SETUP:    (NOT_COMMISSIONED, OK,              OK,              OK,           OK),
    READ_BACK:     (NOT_COMMISSIONED, OK,              OK,              OK,           OK),
    LOG:           (OK,               OK,              OK,              OK,           OK),
    BOLUSES:       (OK,               OK,              OK,              OK,           OK),
    ACKNOWLEDGE:   (OK,               OK,              OK,              OK,           OK),
    SET_CLOCK:     (OK,               OK,              OK,              OK,           FAULTED),
    SETUP:         (OK,               OK,              THERAPY_RUNNING, THERAPY_HELD, FAULTED),
    CALIBRATE:     (NOT_COMMISSIONED, OK,              THERAPY_RUNNING, THERAPY_HELD, FAULTED),
    REFILLED:      (NOT_COMMISSIONED, OK,              OK,              OK,           FAULTED),
    PROPOSE:       (NOT_COMMISSIONED, OK,              OK,              OK,           FAULTED),
    CONFIRM:       (NOT_COMMISSIONED, OK,              OK,              OK,           FAULTED),
    PROPOSE_BOLUS: (NOT_COMMISSIONED, THERAPY_STOPPED, OK,              THERAPY_HELD, FAULTED),
    START_BOLUS:   (NOT_COMMISSIONED, THERAPY_STOPPED, OK,              THERAPY_HELD, FAULTED),
    CANCEL_BOLUS:  (NO_BOLUS,         NO_BOLUS,        OK,              NO_BOLUS,     NO_BOLUS),
    START:         (NOT_COMMISSIONED, OK,              THERAPY_RUNNING, THERAPY_HELD, FAULTED),
    STOP:          (OK,               OK,              OK,              OK,           OK),
}
# fmt: on

# Fields that several messages have.
_STATE = ("state", "B", 0, FAULT)
_RATE = ("rate_nl_day", "I", 0, RATE_NL_DAY_MAX)
_BOLUS_RATE = ("rate_nl_day", "I", RATE_NL_DAY_MIN, RATE_NL_DAY_MAX)
_BOLUS_VOLUME = ("volume_nl", "I", BOLUS_NL_MIN, BOLUS_NL_MAX)
_BOLUS_VERIFIED = ("verified_nl", "I", 0, U32_MAX)
_BOLUS_POSSIBLE = ("possible_nl", "I", 0, U32_MAX)
_BOLUS_DOSE = ("dose_ng", "I", 0, BOLUS_NG_MAX)
_DURATION = ("duration_ms", "I", 0, BOLUS_S_MAX * 1000)
_DIGEST = ("digest", "b", 16, 16)
_CONC = ("conc_mcg_ml", "H", 1, 65_535)
_STEP = ("step_pl", "H", STEP_PL_MIN, STEP_PL_MAX)
_ACTIVE = ("alarms_active", "I", 0, U32_MAX)
_ALARM = ("alarm", "B", 0, len(ALARM_TABLE) - 1)
_WALL = ("wall_s", "I", 0, U32_MAX)
_WALL_SET = ("wall_s", "I", 0, WALL_S_MAX)
_UPTIME = ("uptime_s", "I", 0, U32_MAX)
_LEVEL = ("level_nl", "I", 0, U32_MAX)
_COMMANDED = ("commanded_steps", "I", 0, U32_MAX)
_FIRST_EVENT = ("first_event", "I", 0, U32_MAX)
_VERSION = ("protocol_version", "B", 0, 255)
_HASH = ("schema_hash", "I", 0, U32_MAX)
_FIRMWARE = ("firmware_version", "s", 0, 16)
_TOTAL = ("total_ng_day", "I", 0, DOSE_NG_DAY_MAX)

_SEGMENT = (
    ("start_min", "H", 0, DAY_MIN - 1),
    _RATE,
)
_PRESCRIPTION = (
    _CONC,
    ("therapy", "B", CONTINUOUS, SCHEDULE),
    ("dose_ng_day", "I", 0, DOSE_NG_DAY_MAX),
    ("segments", _SEGMENT, 1, SEGMENTS_MAX),
)
_SETUP = (
    ("serial", "s", 1, 16),
    ("patient_label", "s", 1, 24),
    ("drug", "s", 1, 16),
    _CONC,
    ("reservoir_nl", "I", 1, 40_000_000),
    ("catheter_um", "I", 10_000, 1_500_000),
    ("catheter_nl_cm", "H", 1_000, 5_000),
    ("dose_ng_day_limit", "I", 1_000, DOSE_NG_DAY_MAX),
)

# The layout of HELLO, its answer and VERSION_REFUSED is frozen for ever.
# fmt: off
MESSAGES = {
    HELLO: (_VERSION, _HASH, ("client", "s", 0, 24)),
    HELLO | ANSWER: (
        _VERSION, _HASH, _FIRMWARE,
        ("manifest_hash", "b", 32, 32),
        ("serial", "s", 0, 16),
        ("patient_label", "s", 0, 24),
        ("state", "B", 0, 255),
        ("reset_cause", "B", 0, 255),
    ),
    VERSION_REFUSED: (_VERSION, _HASH, _FIRMWARE),
    REFUSED: (
        ("command", "B", 0, 255),
        ("code", "B", 1, len(REFUSALS) - 1),
        ("name", "s", 1, 24),
        ("field", "s", 0, 20),
        ("accepted_low", "I", 0, U32_MAX),
        ("accepted_high", "I", 0, U32_MAX),
    ),
    GOODBYE: (),
    GOODBYE | ANSWER: (),
    STATUS: (),
    STATUS | ANSWER: (
        _STATE,
        ("therapy", "B", NONE, SCHEDULE),
        _RATE,
        ("segment", "B", 0, SEGMENTS_MAX),
        ("next_change_s", "I", 0, 86_400),
        _ACTIVE,
        ("alarms_waiting", "I", 0, U32_MAX),
        _UPTIME, _WALL,
        ("window_s", "H", 0, 65_535),
        ("silence_s", "H", 0, 65_535),
        ("pressure_pa", "i", -I32_MAX, I32_MAX),
        _LEVEL,
        ("fault_reason", "B", 0, FAULT_REASON_MAX),
        ("bolus_left_s", "H", 0, BOLUS_S_MAX),
    ),
    ALARMS: (),
    ALARMS | ANSWER: (
        ("alarms", (
            _ALARM,
            ("active", "B", 0, 1),
            ("acknowledged", "B", 0, 1),
            ("count", "H", 0, 65_535),
            ("raised_s", "I", 0, U32_MAX),
            ("value", "i", -I32_MAX, I32_MAX),
        ), 0, len(ALARM_TABLE)),
    ),
    TOTALS: (),
    TOTALS | ANSWER: (
        _COMMANDED,
        ("verified_steps", "I", 0, U32_MAX),
        ("unverified_steps", "I", 0, U32_MAX),
        ("verified_nl", "Q", 0, U64_MAX),
        ("possible_nl", "Q", 0, U64_MAX),
        ("verified_ng", "Q", 0, U64_MAX),
        ("possible_ng", "Q", 0, U64_MAX),
        _STEP,
        ("continuous_verified_nl", "Q", 0, U64_MAX),
        ("continuous_possible_nl", "Q", 0, U64_MAX),
        ("schedule_verified_nl", "Q", 0, U64_MAX),
        ("schedule_possible_nl", "Q", 0, U64_MAX),
        ("refill_verified_nl", "Q", 0, U64_MAX),
        ("refill_possible_nl", "Q", 0, U64_MAX),
        ("midnight_verified_nl", "Q", 0, U64_MAX),
        ("midnight_possible_nl", "Q", 0, U64_MAX),
        ("bolus_verified_nl", "Q", 0, U64_MAX),
        ("bolus_possible_nl", "Q", 0, U64_MAX),
        ("boots", "I", 0, U32_MAX),
    ),
    READ_CLOCK: (),
    READ_CLOCK | ANSWER: (("set", "B", 0, 1), _WALL, _UPTIME),
    READ_SETUP: (),
    READ_SETUP | ANSWER: _SETUP + (_STEP,),
    READ_BACK: (),
    READ_BACK | ANSWER: (_DIGEST,) + _PRESCRIPTION,
    LOG: (_FIRST_EVENT,),
    LOG | ANSWER: (
        ("oldest_event", "I", 0, U32_MAX),
        ("newest_event", "I", 0, U32_MAX),
        _FIRST_EVENT,
        ("before", "b", events.CHAIN_BYTES, events.CHAIN_BYTES),
        ("records", (("record", "b", events.RECORD_BYTES, events.RECORD_BYTES),), 0,
            events.PAGE_RECORDS),
    ),
    BOLUSES: (),
    BOLUSES | ANSWER: (
        ("count", "I", 0, U32_MAX),
        ("wait_s", "H", 0, BOLUS_LOCKOUT_S),
        ("boluses", (
            ("age_s", "I", 0, U32_MAX),
            _BOLUS_VOLUME, _BOLUS_RATE, _CONC,
            ("outcome", "B", 0, ENDED_BY_RESET),
            _BOLUS_VERIFIED, _BOLUS_POSSIBLE,
        ), 0, BOLUSES_MAX),
    ),
    ACKNOWLEDGE: (_ALARM,),
    ACKNOWLEDGE | ANSWER: (_STATE, _ACTIVE),
    SET_CLOCK: (_WALL_SET,),
    SET_CLOCK | ANSWER: (
        ("was_set", "B", 0, 1), ("old_wall_s", "I", 0, U32_MAX), _WALL_SET, _RATE,
    ),
    SETUP: _SETUP,
    SETUP | ANSWER: (_STATE,),
    CALIBRATE: (("steps", "I", 200, 10_000_000), ("volume_nl", "I", 1, 500_000_000)),
    CALIBRATE | ANSWER: (("old_step_pl", "H", STEP_PL_MIN, STEP_PL_MAX), _STEP),
    REFILLED: (),
    REFILLED | ANSWER: (
        _LEVEL,
        ("ended_verified_nl", "Q", 0, U64_MAX),
        ("ended_possible_nl", "Q", 0, U64_MAX),
    ),
    PROPOSE: _PRESCRIPTION,
    PROPOSE | ANSWER: (
        _DIGEST,
        ("total_nl_day", "I", 0, RATE_NL_DAY_MAX),
        _TOTAL,
        ("old_total_ng_day", "I", 0, DOSE_NG_DAY_MAX),
        ("change_permille", "i", -1_000, I32_MAX),
        ("peak_start_min", "H", 0, DAY_MIN - 1),
        ("peak_ng_hour", "I", 0, DOSE_NG_DAY_MAX),
    ),
    CONFIRM: (_DIGEST,),
    CONFIRM | ANSWER: (_STATE, _RATE),
    PROPOSE_BOLUS: (_CONC, _BOLUS_VOLUME, _BOLUS_RATE, _BOLUS_DOSE),
    PROPOSE_BOLUS | ANSWER: (
        _DIGEST, _BOLUS_DOSE, _DURATION,
        ("peak_nl_day", "I", 0, RATE_NL_DAY_MAX),
        ("boluses_ng_day", "I", 0, DOSE_NG_DAY_MAX),
        _TOTAL,
    ),
    START_BOLUS: (_DIGEST,),
    START_BOLUS | ANSWER: (_RATE, _DURATION),
    CANCEL_BOLUS: (),
    CANCEL_BOLUS | ANSWER: (_BOLUS_VOLUME, _BOLUS_VERIFIED, _BOLUS_POSSIBLE, _RATE),
    START: (),
    START | ANSWER: (_STATE, _RATE),
    STOP: (),
    STOP | ANSWER: (_STATE, _COMMANDED),
}
# fmt: on

# Seeds the CRC of every frame but the three frozen ones. Checked by tests/wire/test_schema.py.
SCHEMA_HASH = 0xCDEF2685
