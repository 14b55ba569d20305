"""What has to be done to a board's files so that it runs another set: a list of small operations.

The order makes an interruption harmless. The set that runs is never touched: the new one is built
in the other slot. There the manifest goes first, so that the slot is not sound while it is worked
on, and comes last. The root files and the name of the slot in force are replaced by rename, which
littlefs does in one go.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from emulator.bench.file_set import NEW_FILE, ROOT_FILES, SLOT_FILE, SLOTS
from emulator.bench.manifest import NAME
from emulator.bench.survey import Survey
from emulator.bench.transport import Transport

_NEW = ".new"
_COPY = """
with open({source!r}, "rb") as source, open({path!r}, "wb") as target:
    while True:
        piece = source.read(1024)
        if not piece:
            break
        target.write(piece)
"""
_CODE = {
    "folder": "import os\nos.mkdir({path!r})",
    "copy": _COPY,
    "remove": "import os\nos.remove({path!r})",
    "remove_folder": "import os\nos.rmdir({path!r})",
    "rename": "import os\nos.rename({source!r}, {path!r})",
}


class Operation(NamedTuple):
    """One step. verb: write, or one of those above. source: of a copy or a rename."""

    verb: str
    path: str
    source: str = ""
    data: bytes = b""

    @property
    def size(self) -> int:
        """Of the work, for who waits for it: bytes that are sent."""
        return max(1, len(self.data))

    def apply(self, board: Transport, sent: Callable[[int], None] = lambda _count: None) -> None:
        """Do it. sent: told how many bytes have gone. Raises BoardLinkError, BoardError."""
        if self.verb == "write":
            board.write(self.path, self.data, sent)
        else:
            code = _CODE[self.verb]
            board.execute(code.format(path=f"/{self.path}", source=f"/{self.source}"))


class Plan(NamedTuple):
    """prepare: all but the manifest; then the slot is read back. commit: it becomes the one in
    force. slot: where the set lies then. kept: how many files lay there already."""

    slot: str
    prepare: tuple[Operation, ...]
    commit: tuple[Operation, ...]
    kept: int


def plan(survey: Survey, root: Mapping[str, bytes], wanted: Mapping[str, bytes],
         digests: Mapping[str, str]) -> Plan:  # fmt: skip
    """root: the root files. wanted: the slot's files, manifest included. digests: SHA-256 in hex
    of both, by path."""
    slot = _target(survey, digests[NAME])
    there = survey.below(slot)
    prepare = _new(survey) + _root(survey, root, digests)
    commit: list[Operation] = []
    kept = sum(there.get(path) == digests[path] for path in wanted)
    if there != {path: digests[path] for path in wanted}:
        prepare += _set(survey, slot, wanted, digests)
        commit.append(Operation("write", f"{slot}/{NAME}", data=wanted[NAME]))
    if survey.in_force != slot:
        commit += _replace(SLOT_FILE, slot.encode())
    return Plan(slot, tuple(prepare), tuple(commit), kept)


def cleared(survey: Survey, slot: str) -> list[Operation]:
    """Nothing is left of what was written for this slot, unless it is the one that runs."""
    halves = [name + _NEW for name in (*ROOT_FILES, SLOT_FILE)]
    found = [Operation("remove", path) for path in halves if path in survey.files]
    there = survey.below(slot)
    if (survey.starts is None or survey.starts.name != slot) and (
        there or _is_empty(slot, survey)
    ):
        found += [*_clear(slot, there, {}), Operation("remove_folder", slot)]
    return found


def _target(survey: Survey, digest: str) -> str:
    """The slot that holds this set already, or else the one that the board would not start."""
    for name in SLOTS:
        if not survey.slots[name].faults and survey.files[f"{name}/{NAME}"] == digest:
            return name
    runs = survey.starts
    return "a" if runs is None or runs.name == "b" else "b"


def _new(survey: Survey) -> list[Operation]:
    """To a blank board. One that starts a set and has nothing of a pump has lost it."""
    if survey.starts is not None or any(
        path.startswith("pump/") and path != "pump/" for path in survey.files
    ):
        return []
    folder = [] if "pump/" in survey.files else [Operation("folder", "pump")]
    return [*folder, Operation("write", NEW_FILE)]


def _root(
    survey: Survey, root: Mapping[str, bytes], digests: Mapping[str, str]
) -> list[Operation]:
    found: list[Operation] = []
    for name, data in root.items():
        if survey.files.get(name) != digests[name]:
            found += _replace(name, data)
    return found


def _replace(name: str, data: bytes) -> list[Operation]:
    return [
        Operation("write", name + _NEW, data=data),
        Operation("rename", name, source=name + _NEW),
    ]


def _set(
    survey: Survey, slot: str, wanted: Mapping[str, bytes], digests: Mapping[str, str]
) -> list[Operation]:
    there = survey.below(slot)
    found = []
    if NAME in there:
        found.append(Operation("remove", f"{slot}/{NAME}"))
    found += _clear(slot, there, wanted)
    if not there and not _is_empty(slot, survey):
        found.append(Operation("folder", slot))
    elsewhere = {d: p for p, d in survey.files.items() if not p.startswith(f"{slot}/")}
    for path in sorted(wanted):
        if path == NAME or there.get(path) == digests[path]:
            continue
        target = f"{slot}/{path}"
        if digests[path] in elsewhere:
            found.append(Operation("copy", target, source=elsewhere[digests[path]]))
        else:
            found.append(Operation("write", target, data=wanted[path]))
    return found


def _clear(slot: str, there: Mapping[str, str], wanted: Mapping[str, bytes]) -> list[Operation]:
    """What does not belong to the set, which has no folders, goes."""
    found = []
    strangers = [path for path in there if path not in wanted]
    for path in sorted(strangers):
        if not path.endswith("/"):
            found.append(Operation("remove", f"{slot}/{path}"))
    emptied = {p.rstrip("/") for p in strangers if p.endswith("/")} | _parents(strangers)
    for folder in sorted(emptied, reverse=True):
        found.append(Operation("remove_folder", f"{slot}/{folder}"))
    return found


def _is_empty(slot: str, survey: Survey) -> bool:
    """Whether its folder is there, with nothing in it."""
    return f"{slot}/" in survey.files


def _parents(paths: Iterable[str]) -> set[str]:
    """Every folder above these files."""
    found = set()
    for path in paths:
        parts = path.rstrip("/").split("/")[:-1]
        found |= {"/".join(parts[: i + 1]) for i in range(len(parts))}
    return found
