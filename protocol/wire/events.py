"""Records of the event log: their kinds, and their form on the flash, on the wire and in exports.

Numbers only; their names are in protocol/names.py. A record is
RECORD_BYTES long, little-endian:

    sequence u32 | boot u16 | ms u16 | uptime_s u32 | wall_s u32 | kind u8 | a u32 | b u32
    | chain, 8 bytes | CRC-32 of all before it

Chain: the first 8 bytes of SHA-256 over the chain of the record before, and this record's bytes
before the chain. Before the first record of a log it is 8 zeros.
"""

FORMAT = "<IHHIIBII"
CONTENT_BYTES = 25
CHAIN_BYTES = 8
RECORD_BYTES = 37
PAGE_RECORDS = 5  # what fits into a payload beside the rest of LOG_ANSWER

# Kinds.
BOOT = 0
SELF_TEST = 1
COMMAND = 2
REFUSAL = 3
ALARM_RAISED = 4
ALARM_CLEARED = 5
ALARM_ACKNOWLEDGED = 6
STATE = 7
FAULT = 8
PRESCRIPTION = 9
RATE = 10
CALIBRATED = 11
CLOCK_SET = 12
LEDGER = 13
LOG_GAP = 14
BOLUS_BEGUN = 15
BOLUS_ENDED = 16
NO_MEMORY = 17
MISSED = 18
QUEUE_FULL = 19

# Why records are missing before a LOG_GAP.
OVERFLOW = 0
DAMAGED = 1
