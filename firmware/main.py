"""What the board starts: Board -> Pump -> run for ever."""

import micropython

from firmware.board import Board
from firmware.pump import Pump


def run(manifest_hash: bytes) -> None:
    """Called once, by the main.py in the root of the board.

    manifest_hash: SHA-256 of the manifest that was found to be true of every file of this set.
    Comes back only when somebody stops the interpreter, by Ctrl-C on USB: the motor is off then.
    """
    micropython.alloc_emergency_exception_buf(100)
    board = Board()
    try:
        Pump(board, manifest_hash).run()
    finally:
        board.supply(0)
