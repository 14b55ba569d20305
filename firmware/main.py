"""What the board starts: Board -> Pump -> run for ever."""

import gc

# What is thrown away while modules load lies between what stays: collected only when there is no
# room, it leaves a heap whose largest piece is 6 kB.
gc.threshold(32_768)  # type: ignore[attr-defined]  # MicroPython's own

import micropython

from firmware.board import Board
from firmware.pump import Pump


def run(manifest_hash: bytes) -> None:
    """Called once, by the main.py in the root of the board.

    manifest_hash: SHA-256 of the manifest that was found to be true of every file of this set.
    Comes back only when somebody stops the interpreter, by Ctrl-C on USB: the motor is off then.
    """
    gc.threshold(-1)  # type: ignore[attr-defined]  # all is loaded
    micropython.alloc_emergency_exception_buf(100)
    board = Board()
    try:
        Pump(board, manifest_hash).run()
    finally:
        board.supply(0)
