"""The self-test after power-on: what can be tested before anything moves.

Called once, before the records are read. The files of the program have been checked against their
manifest by then, by the root of the board, which starts no other set; the stored therapy is
checked by restore.py. That the clocks agree is seen ten seconds later: monitor/time_base.py.
"""

from protocol.wire import schema

_PATTERNS = (0x55, 0xAA)
_SCRATCH_BYTES = 1_024
PRESSURE_PA_MIN = -15_000  # below: nothing is connected, its input lies at ground (-20 kPa)
PRESSURE_PA_MAX = 175_000  # above: at the supply; the sensor's own end is 150 kPa
_DAY_S = 86_400
LEVEL_NL_MAX = 42_000_000  # a 40 mL reservoir, and 5 % for the sensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.board import Board


def self_test(board: "Board") -> int:
    """Bit per test that failed (schema.TEST_...); 0: all is well."""
    failed = 0
    if not _memory_holds():
        failed |= 1 << schema.TEST_MEMORY
    if board.supply() or not board.enable():
        failed |= 1 << schema.TEST_MOTOR_CIRCUIT
    if not PRESSURE_PA_MIN <= board.pressure_pa() <= PRESSURE_PA_MAX:
        failed |= 1 << schema.TEST_PRESSURE_SENSOR
    if board.level_nl() > LEVEL_NL_MAX:
        failed |= 1 << schema.TEST_LEVEL_SENSOR
    if not board.light_answers:
        failed |= 1 << schema.TEST_ALARM_LIGHT
    if not board.buzzer_answers:
        failed |= 1 << schema.TEST_BUZZER
    if board.has_rtc and not 0 <= board.rtc_day_s() < _DAY_S:
        failed |= 1 << schema.TEST_CLOCK
    return failed


def _memory_holds() -> bool:
    """Each bit of a piece of the heap takes both values."""
    scratch = bytearray(_SCRATCH_BYTES)
    for pattern in _PATTERNS:
        for at in range(_SCRATCH_BYTES):
            scratch[at] = pattern
        for byte in scratch:
            if byte != pattern:
                return False
    return True
