"""The self-test after power-on: what can be tested before anything moves.

Called once, before the records are read. The files of the program have been checked against their
manifest by then, by the root of the board, which starts no other set; the stored therapy is
checked by restore.py. That the clocks agree is seen ten seconds later: monitor/time_base.py.
"""

from protocol.wire import schema

_PIECES_MAX = 250  # of 1 kB: more than there is on RP2040, whose whole RAM is 264 kB
PRESSURE_PA_MIN = -15_000  # below: nothing is connected, its input lies at ground (-20 kPa)
PRESSURE_PA_MAX = 175_000  # above: at the supply; the sensor's own end is 150 kPa
_DAY_S = 86_400
LEVEL_NL_MAX = 42_000_000  # a 40 mL reservoir, and 5 % for the sensor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Tuple

    from firmware.board import Board


def self_test(board: "Board") -> "Tuple[int, int]":
    """(bit per test that failed (schema.TEST_...), 0: all is well; kB of memory that hold)."""
    memory_kb = _memory_kb()
    failed = 0 if memory_kb else 1 << schema.TEST_MEMORY
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
    return failed, memory_kb


def _memory_kb() -> int:
    """How much memory is free: each bit of it takes both values, and no cell answers for another.
    0: one does not.

    In pieces of 1 kB, all of them written before the first one is read; the first byte of each is
    its number. In memory that is in use the delivery path's numbers have check values (guard.py).
    """
    memory_kb = _PIECES_MAX
    for pattern in (bytes(range(256)), bytes(range(255, -1, -1))):
        sample = pattern * 4
        pieces: "List[bytearray]" = []
        try:
            while len(pieces) < _PIECES_MAX:
                piece = bytearray(sample)
                piece[0] = len(pieces)
                pieces.append(piece)
        except MemoryError:
            memory_kb = min(memory_kb, len(pieces))
        while pieces:
            piece = pieces.pop()
            if piece[0] != len(pieces):
                return 0
            piece[0] = sample[0]
            if piece != sample:
                return 0
    return memory_kb
