"""What the pump keeps on its flash: the fields of each record, in the form of the schema's tables.

Data only. A format that was ever released is never changed: a new one is added, so that every
later firmware reads every older flash.
"""

from protocol.wire import schema

FOLDER = "/pump"

# Kinds of record: also the bits of the alarms RESTORE_FAILED and STORE_FAILED.
SETUP = 1
THERAPY = 2
CONDITION = 3
LEDGER = 4
BOLUSES = 5
BLOCK_STEPS_MAX = 192  # that one record of the ledger reserves at most: keeper.py, at 24 mL/day
NAMES = ("", "setup", "therapy", "condition", "ledger", "boluses")
ALL = 0b11_1110  # bit per kind
# Of the first and the second generations, then those of the ledger: one that is damaged leaves the
# other one. The ledger's are written thousands of times a day, and wear out alone. Each has a
# folder above it for itself, which learns where it is when littlefs moves it.
ABOVE = (FOLDER + "/a", FOLDER + "/b", FOLDER + "/c", FOLDER + "/d")
FOLDERS = tuple([folder + "/kept" for folder in ABOVE])
MADE = "made"  # there once all of them are
NEW = "new"  # comes with the program, to a pump that has no past; until its first record is there

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Tuple

    Fields = Tuple[Any, ...]

_SEGMENT = (("start_min", "H", 0, 1_439), ("rate_nl_day", "I", 0, 24_000_000))
_U64 = (0, schema.U64_MAX)
_U32 = (0, schema.U32_MAX)

# Who the pump was set up for, and its calibration.
SETUP_1 = (
    ("serial", "s", 1, 16),
    ("patient_label", "s", 1, 24),
    ("drug", "s", 1, 16),
    ("conc_mcg_ml", "H", 1, 65_535),
    ("reservoir_nl", "I", 1, 40_000_000),
    ("catheter_um", "I", 10_000, 1_500_000),
    ("catheter_nl_cm", "H", 1_000, 5_000),
    ("dose_ng_day_limit", "I", 1_000, 48_000_000),
    ("step_pl", "H", 45_000, 55_000),
)

# The prescription in force, what it was computed from, and what a person confirmed.
# setup_hash: start of the SHA-256 of the set-up that it belongs to; another set-up ends it.
THERAPY_1 = (
    ("setup_hash", "b", 8, 8),
    ("dose_ng_day_limit", "I", 1_000, 48_000_000),
    ("digest", "b", 16, 16),
    ("conc_mcg_ml", "H", 1, 65_535),
    ("therapy", "B", 1, 2),
    ("dose_ng_day", "I", 0, 48_000_000),
    ("segments", _SEGMENT, 1, 24),
)

_ALARM = (
    ("flags", "B", 0, 3),
    ("count", "H", 0, 65_535),
    ("value", "i", -(1 << 31), (1 << 31) - 1),
)

# Whether therapy is on by order, and which alarms stand. flags: 1 active, 2 waiting.
CONDITION_1 = (
    ("is_on", "B", 0, 1),
    ("fault_reason", "B", 0, 255),
    ("stopped_h", "H", 0, 65_535),
    ("alarms", _ALARM, 0, 32),
)

# What was delivered. kind: of therapy now. spans: those of firmware/ledger.py. reserved_steps: as
# many may have been made since; is_bolus: in a bolus. powered_s: time with power. chain: start of
# the SHA-256 of the record before this one. log_number: of the newest event there.
_HEAD = (
    ("chain", "b", 8, 8),
    ("commanded_steps", "I") + _U32,
    ("verified_steps", "I") + _U32,
    ("unverified_steps", "I") + _U32,
    ("reserved_steps", "I") + _U32,
    ("step_pl", "H", 45_000, 55_000),
    ("kind", "B", 1, 2),
)
_TAIL = (
    ("boots", "I") + _U32,
    ("wall_s", "I") + _U32,
)
_VOLUMES = (("verified_pl", "Q") + _U64, ("unverified_pl", "Q") + _U64)
_DOSES = (("verified_fg", "Q") + _U64, ("unverified_fg", "Q") + _U64)
LEDGER_1 = _HEAD + (("spans", _VOLUMES, 4, 4),) + _TAIL
LEDGER_2 = _HEAD + (("spans", _VOLUMES + _DOSES, 4, 4),) + _TAIL  # pL x mcg/mL are femtograms
LEDGER_3 = (
    _HEAD
    + (("is_bolus", "B", 0, 1), ("powered_s", "I") + _U32, ("spans", _VOLUMES + _DOSES, 5, 5))
    + _TAIL
)
# 217 bytes: with 220 a change of it takes one page on a board, where a file has a time as well.
LEDGER_4 = LEDGER_3 + (("log_number", "I") + _U32,)

# The newest boluses, the oldest first. count: how many there ever were. before: what all boluses
# had delivered when the latest began. began_s: seconds with power since the pump was new.
# locked_until_s: likewise, where a record that is lost locks out.
_BOLUS = (
    ("began_s", "I") + _U32,
    ("volume_nl", "I", 1_000, 200_000),
    ("rate_nl_day", "I", 48_000, 24_000_000),
    ("conc_mcg_ml", "H", 1, 65_535),
    ("outcome", "B", 0, 255),
    ("verified_nl", "I") + _U32,
    ("possible_nl", "I") + _U32,
)
BOLUSES_1 = (
    ("count", "I") + _U32,
    ("before_verified_nl", "Q") + _U64,
    ("before_possible_nl", "Q") + _U64,
    ("boluses", _BOLUS, 0, 8),
)
BOLUSES_2 = BOLUSES_1 + (("locked_until_s", "I") + _U32,)

# By kind: the formats from 1 on; the last one is written. memory.py brings older ones up to it.
FORMATS: "Tuple[Fields, ...]" = (
    (),
    (SETUP_1,),
    (THERAPY_1,),
    (CONDITION_1,),
    (LEDGER_1, LEDGER_2, LEDGER_3, LEDGER_4),
    (BOLUSES_1, BOLUSES_2),
)
