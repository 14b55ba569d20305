"""Puts the set of this checkout on a board, and checks that it is there.

Survey, plan, write, read back, put in force, reset. A file that the board holds already is not
sent again. See plan.py for why it may be interrupted anywhere.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from emulator.bench import file_set, manifest
from emulator.bench.plan import Operation, cleared, plan
from emulator.bench.survey import Survey, look
from emulator.bench.transport import BoardError, BoardLinkError, Transport
from protocol.programmer.answers import HelloAnswer
from protocol.programmer.client import Client
from protocol.programmer.exchange import NoAnswer
from protocol.programmer.link import Link, LinkError

HELLO_S = 10.0  # a board boots in about 2 s ...
_FULL = re.compile(r"(OSError: |\[Errno )28\b")  # of a file system without a free block
_NO_ROOM = (
    "The board's file system is full: there was no room for {path}. What ran before is still in "
    "force, and what was begun has been removed. Two sets and the pump's log leave room: other "
    "files have taken it."
)
HELLO_VIRTUAL_S = 120.0  # ... of its own time, which a virtual one takes longer for


class FlashError(Exception):
    """The board is not what it should be after flashing. The set that ran before still does."""


@dataclass(frozen=True)
class Flashed:
    """What was done. slot: where the set lies, in force now. written, copied: paths; copied ones
    lay elsewhere on the board. kept: how many files lay there already. manifest: of the set."""

    slot: str
    written: tuple[str, ...]
    copied: tuple[str, ...]
    kept: int
    manifest: manifest.Manifest

    @property
    def changed(self) -> bool:
        """Whether anything had to be done."""
        return bool(self.written or self.copied)


Progress = Callable[[int, int], None]  # told: bytes sent, of how many


def flash(
    board: Transport,
    files: Mapping[str, bytes],
    root: Mapping[str, bytes],
    progress: Progress = lambda done, of: None,
) -> Flashed:
    """Bring the board to these files. files: of a slot, with manifest. It is not reset yet.

    Raises FlashError, BoardLinkError, BoardError; the board then starts what it started before,
    or says what is wrong where there was nothing.
    """
    set_manifest = manifest.parse(files[manifest.NAME])
    digests = manifest.digests({**files, **root})
    found = plan(look(board), root, files, digests)
    steps = [*found.prepare, *found.commit]
    done, of = 0, sum(step.size for step in steps)
    for number, step in enumerate(steps):
        if number == len(found.prepare):
            _check_files(look(board), found.slot, set_manifest)
        _apply(step, board, found.slot, _after(done, of, progress))
        done += step.size
        progress(done, of)
    _check(look(board), found.slot, set_manifest, root, digests)
    return Flashed(
        slot=found.slot,
        written=_paths(steps, "write"),
        copied=_paths(steps, "copy"),
        kept=found.kept,
        manifest=set_manifest,
    )


def _after(done: int, of: int, progress: Progress) -> Callable[[int], None]:
    return lambda sent: progress(done + sent, of)


def _apply(step: Operation, board: Transport, slot: str, sent: Callable[[int], None]) -> None:
    """A disk that it fills gets back what has been written: the pump wants to write, too. The set
    that the board starts, where only a root file found no room, is left alone.
    """
    try:
        step.apply(board, sent)
    except (BoardError, BoardLinkError) as error:  # of a copy, of a write
        if not _FULL.search(str(error)):
            raise
        for removal in cleared(look(board), slot):
            removal.apply(board)
        raise FlashError(_NO_ROOM.format(path=step.path)) from error


def build_and_flash(
    board: Transport, kind: str, release: bool, progress: Progress = lambda done, of: None
) -> Flashed:
    """The set of this checkout for this kind of board; see flash."""
    return flash(board, file_set.slot_files(release, kind), file_set.root_files(), progress)


def await_hello(open_link: Callable[[], Link], timeout_s: float = HELLO_S) -> HelloAnswer:
    """The pump's hello after a reset. Raises LinkError, NoAnswer or VersionMismatch."""
    until_s = time.monotonic() + timeout_s
    while True:
        try:
            with Client(open_link()) as client:
                return client.hello()
        except (LinkError, NoAnswer):
            if time.monotonic() > until_s:
                raise


def hello_faults(hello: HelloAnswer, wanted: manifest.Manifest) -> list[str]:
    """Why the pump that answered does not run this set, in words; empty: it does."""
    found = []
    if hello["firmware_version"] != wanted.version:
        found.append(f"version {hello['firmware_version']} answers, not {wanted.version}")
    if hello["manifest_hash"] != wanted.digest:
        found.append(f"manifest {hello['manifest_hash'].hex()[:16]} answers, "
                     f"not {wanted.digest.hex()[:16]}")  # fmt: skip
    return found


def _check_files(survey: Survey, slot: str, wanted: manifest.Manifest) -> None:
    present = survey.below(slot)
    present.pop(manifest.NAME, None)
    if faults := manifest.faults(wanted.files, present):
        raise FlashError(f"read back, slot {slot} is not what was written: {'; '.join(faults)}")


def _check(
    survey: Survey,
    slot: str,
    wanted: manifest.Manifest,
    root: Mapping[str, bytes],
    digests: Mapping[str, str],
) -> None:
    runs = survey.starts
    wrong = [name for name in root if survey.files.get(name) != digests[name]]
    if wrong:
        raise FlashError(f"read back, {', '.join(wrong)} is not what was written")
    if runs is None or runs.name != slot or runs.manifest != wanted:
        raise FlashError(f"read back, the set in slot {slot} is not in force")


def _paths(steps: list[Operation], verb: str) -> tuple[str, ...]:
    return tuple(step.path for step in steps if step.verb == verb)


__all__ = [
    "HELLO_S",
    "HELLO_VIRTUAL_S",
    "FlashError",
    "Flashed",
    "await_hello",
    "build_and_flash",
    "flash",
    "hello_faults",
]
