"""Where each record lies on the flash, written down a second time (docs/storage.md)."""

from contextlib import suppress
from typing import Any

from firmware import records
from firmware.files import Files
from firmware.store import Record, StoreError

FOLDERS = ("/pump/a/kept", "/pump/b/kept", "/pump/c/kept", "/pump/d/kept")
NAMES = {
    records.SETUP: "setup",
    records.THERAPY: "therapy",
    records.CONDITION: "condition",
    records.LEDGER: "ledger",
    records.BOLUSES: "boluses",
}
BLOCK_STEPS = 8  # that a record of the ledger reserves, up to 1 mL/day


def paths_of(kind: int) -> tuple[str, str]:
    """Of both generations of a record."""
    first, second = FOLDERS[2:] if kind == records.LEDGER else FOLDERS[:2]
    return f"{first}/{NAMES[kind]}", f"{second}/{NAMES[kind]}"


def path_of(kind: int, generation: str) -> str:
    """Of one of them: "0" or "1"."""
    return paths_of(kind)[int(generation)]


def record_of(pump: Any, kind: int) -> Any:
    """The pump's own."""
    return pump.memory._records[kind - 1]


def kind_of(path: str) -> int:
    """Of the record in this file; 0: it is none."""
    return {path: kind for kind in NAMES for path in paths_of(kind)}.get(path, 0)


def loaded(
    files: Files, paths: tuple[str, ...], twins: bool = True
) -> tuple[Record, bytes | None]:
    """A record after a start, as the pump does it, and what it is."""
    record = Record(files, paths, 1, twins=twins)
    folders = [path.rpartition("/")[0] for path in paths[:2]]
    for folder in folders:
        files.list(folder)
    for folder in folders:
        files.settle(folder)
    found = record.load()
    for _ in range(2):  # from where an older firmware had it, then the other
        if record.is_half:
            with suppress(StoreError):
                record.complete()
    return record, found


def save(record: Record, payload: bytes) -> None:
    """And what the keeper does after it."""
    record.save(payload)
    if record.is_half:
        record.complete()
