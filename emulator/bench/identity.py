"""What the board at the other end is: its kind, its image, and whether our files can run there."""

import json
from dataclasses import dataclass
from typing import Any

from emulator.bench import boards
from emulator.bench.boards.kind import BoardKind
from emulator.bench.transport import BoardError, Transport, script

MICROPYTHON_MIN = (1, 26)  # the first with timers that interrupt at once: machine.Timer(hard=True)


class StrangerError(Exception):
    """This board is not one that can be flashed; the message says why, and what to do."""


@dataclass(frozen=True)
class Identity:
    """What a board says of itself. mpy_version: of the compiled files that its image reads."""

    machine: str
    micropython: str
    mpy_version: int
    heap_free_bytes: int
    disk_bytes: int
    disk_free_bytes: int

    @property
    def kind(self) -> BoardKind | None:
        """The kind of board; None: not known here."""
        return boards.by_machine(self.machine)

    def __str__(self) -> str:
        return f"{self.machine}, MicroPython {self.micropython}"


def ask(board: Transport) -> Identity:
    """Have the board say what it is. Raises BoardLinkError, StrangerError."""
    try:
        found: dict[str, Any] = json.loads(board.execute(script("identity.py")))
    except (BoardError, ValueError) as error:
        raise StrangerError(
            f"{board.name}: this MicroPython is too old or has no files: {error}"
        ) from error
    return Identity(**found)


def kind_for(found: Identity, wanted: str | None) -> str:
    """The kind whose pins the set is to have. wanted: as given, or None. Raises StrangerError."""
    names = ", ".join(boards.known())
    if found.kind is None and wanted is None:
        raise StrangerError(
            f'"{found.machine}" is no kind of board that is known. Give --board with one whose '
            f"pins it has ({names}), or add its kind: docs/boards.md."
        )
    if found.kind is None:
        return str(wanted)
    if wanted not in (None, found.kind.name):
        raise StrangerError(
            f"This is a {found.kind.title} ({found.kind.name}), not {wanted}. Leave --board out."
        )
    return found.kind.name


def check_image(found: Identity, mpy_version: int) -> None:
    """Whether the image on the board runs files of this version. Raises StrangerError."""
    release = tuple(int(part) for part in found.micropython.split(".")[:2])
    if release < MICROPYTHON_MIN or found.mpy_version != mpy_version:
        least = ".".join(str(part) for part in MICROPYTHON_MIN)
        raise StrangerError(
            f"The board has MicroPython {found.micropython}, which reads compiled files of "
            f"version {found.mpy_version}; these are of version {mpy_version}. "
            f"Put MicroPython {least} or later on it: docs/boards.md."
        )
