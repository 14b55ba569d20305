"""Has a real board run the pump with its pins at the other end of the USB cable.

The firmware is the one that was flashed; what stands for its chip lies in the same set
(on_board/bench_chip.py). A release has none.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from emulator.bench.hil_board import HilBoard
from emulator.bench.survey import Survey, look
from emulator.bench.transport import BoardLinkError, Stream, UsbTransport

_BENCH_CHIP = "emulator/bench/on_board/bench_chip.mpy"
# What is thrown away while modules load lies between what stays: collected late, it leaves a heap
# in which no two kilobytes hang together.
COLLECT_BYTES = 8_192
_CODE = """
import gc
import sys
gc.threshold({collect})
sys.path.clear()
sys.path.append(".frozen")
sys.path.append({root!r})
from unpack import Program
with Program({root!r}):
    from emulator.bench.on_board.bench_chip import run
gc.threshold(-1)
run({root!r})
"""
_LEAVE_MS = 60  # longer than the board lets pass between two messages


class HilError(Exception):
    """This board cannot be driven from here; the message says why, and what to do."""


def start(board: UsbTransport) -> Stream:
    """The board becomes a pump on the bench and waits for its host: see HilBoard.

    The transport is of no use after that. Raises HilError, BoardLinkError, BoardError.
    """
    return board.hand_over(_CODE.format(root=f"/{slot(look(board))}", collect=COLLECT_BYTES))


@contextmanager
def on_the_bench(port: str, wait: Callable[[str], None]) -> Iterator[HilBoard]:
    """The board at this port as a pump on the bench, for a `with`; an ordinary one after it.

    wait: told why it takes long. Raises HilError, BoardLinkError, BoardError.
    """
    usb = UsbTransport(port, wait)
    try:
        stream = start(usb)
    except Exception:
        usb.close()
        raise
    board = HilBoard(stream)
    try:
        yield board
    finally:
        board.bridge.leave()
        with suppress(BoardLinkError):
            board.run_for_ms(_LEAVE_MS)
        stream.close()


def slot(survey: Survey) -> str:
    """The slot whose set can be driven. Raises HilError."""
    runs = survey.starts
    if runs is None:
        raise HilError("No set on the board is sound: put one there with pump-board flash.")
    if runs.manifest is None:
        raise HilError(f"The set on the board has {runs.unread}: put this one there, with flash.")
    if runs.manifest.release:
        raise HilError(
            "A release is flashed: it has no bench chip. Flash without --release for hil."
        )
    if _BENCH_CHIP not in runs.manifest.parts:
        raise HilError("The set on the board has no bench chip: put this one there, with flash.")
    return runs.name
