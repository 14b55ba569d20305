"""What the board starts: Board -> Pump -> run for ever."""

import micropython

from firmware.board import Board
from firmware.pump import Pump

micropython.alloc_emergency_exception_buf(100)
Pump(Board()).run()
