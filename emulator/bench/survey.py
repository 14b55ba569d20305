"""What lies on a board: its slots, which are sound, and which of them its root main.py starts."""

import json
from dataclasses import dataclass

from emulator.bench import manifest
from emulator.bench.file_set import SLOT_FILE, SLOTS
from emulator.bench.manifest import Manifest, ManifestError
from emulator.bench.transport import BoardError, Transport, script


@dataclass(frozen=True)
class Slot:
    """One slot. manifest: None where there is none that can be read here. faults: why the board
    does not start it, in words; empty: it does. unread: why a sound one cannot be read here."""

    name: str
    manifest: Manifest | None
    faults: tuple[str, ...]
    unread: str = ""


@dataclass(frozen=True)
class Survey:
    """files: SHA-256 in hex of each file, by path; in_force: the slot that /slot names, or ""."""

    files: dict[str, str]
    in_force: str
    slots: dict[str, Slot]

    @property
    def starts(self) -> Slot | None:
        """The set that the root main.py starts, by the rule that it has."""
        for name in ("b", "a") if self.in_force == "b" else SLOTS:
            if not self.slots[name].faults:
                return self.slots[name]
        return None

    def below(self, slot: str) -> dict[str, str]:
        """SHA-256 by path below the slot, manifest and empty folders included."""
        root = f"{slot}/"
        return {
            path.removeprefix(root): digest
            for path, digest in self.files.items()
            if path.startswith(root) and path != root
        }


def look(board: Transport) -> Survey:
    """Have the board read all of its files back from its flash."""
    files = dict(json.loads(line) for line in board.execute(script("survey.py")).splitlines())
    named = board.read(SLOT_FILE)[:1].decode("ascii", "replace") if SLOT_FILE in files else ""
    survey = Survey(files, named if named in SLOTS else "", {})
    for name in SLOTS:
        survey.slots[name] = _slot(board, survey, name)
    return survey


def _slot(board: Transport, survey: Survey, name: str) -> Slot:
    present = survey.below(name)
    if present.pop(manifest.NAME, None) is None:
        return Slot(name, None, ("no manifest",))
    try:
        data = board.read(f"{name}/{manifest.NAME}")
        faults = tuple(manifest.faults(manifest.files_of(data), present))
    except (ManifestError, BoardError) as error:
        return Slot(name, None, (str(error),))
    try:
        return Slot(name, manifest.parse(data), faults)
    except ManifestError as error:
        return Slot(name, None, faults, str(error))
