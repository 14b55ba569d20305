"""The power fails while a board is flashed: at every operation of its flash, in the middle of it.

One flashing with mpremote is recorded change by change. Then the flash as it was at each cut is
rebuilt, with half of the next change, and started by the real root main.py.
"""

import struct
from pathlib import Path

import pytest

from emulator.bench import file_set, flash, manifest
from emulator.bench.transport import BoardLinkError, UsbTransport
from tests.bench import sets, unix_board
from tests.bench.unix_board import UnixBoard

NEW = sets.this()
OLD = sets.older()
EVERY = 3  # every third operation here; all of them: tools/figures/board.py


def digest(files: dict[str, bytes]) -> str:
    return manifest.parse(files[manifest.NAME]).digest.hex()


VERSIONS = {digest(files): sets.version_of(files) for files in (NEW, OLD)}


def recorded(image: Path, files: dict[str, bytes]) -> "tuple[bytes, list[tuple[int, bytes]]]":
    """(flash before, changes) of flashing these files: each change is a place and its bytes."""
    before = image.read_bytes()
    journal = image.with_suffix(".journal")
    with UnixBoard(image, journal=journal) as board:
        flash.flash(UsbTransport(board.port), files, file_set.root_files())
    data = journal.read_bytes()
    changes = []
    at = 0
    while at < len(data):
        place, size = struct.unpack_from("<II", data, at)
        changes.append((place, data[at + 8 : at + 8 + size]))
        at += 8 + size
    return before, changes


def cut_at(before: bytes, changes: "list[tuple[int, bytes]]", cut: int) -> bytes:
    """The flash when the power fails in the middle of change number `cut`."""
    found = bytearray(before)
    for place, data in changes[:cut]:
        found[place : place + len(data)] = data
    place, data = changes[cut]
    found[place : place + len(data) // 2] = data[: len(data) // 2]
    return bytes(found)


def half_new_pumps(
    image: Path, before: bytes, changes: "list[tuple[int, bytes]]", every: int, has_old: bool
) -> "tuple[int, int, list[str]]":
    """(starts of the old set, starts of the new set, what was neither) over the cuts.

    has_old: the old set must start wherever the new one does not; else words must come.
    """
    old = new = 0
    wrong = []
    for cut in range(0, len(changes), every):
        image.write_bytes(cut_at(before, changes, cut))
        started = unix_board.start(image)
        runs = started.get("digest")
        if runs is not None and started["version"] != VERSIONS[runs]:
            wrong.append(f"cut {cut}: the modules are not those of the set")
        elif runs == digest(NEW):
            new += 1
        elif runs == digest(OLD) and has_old:
            old += 1
        elif runs is not None or has_old or not _says_something(image, started["said"]):
            wrong.append(f"cut {cut}: {started['said']}")
    return old, new, wrong


def _says_something(image: Path, said: list[str]) -> bool:
    """Words; or there is no root yet, and the board is as blank as it was."""
    return bool(said) or "main.py" not in unix_board.contents(image)


def test_a_set_is_replaced_and_the_power_fails_anywhere(tmp_path: Path) -> None:
    """Old set in force, root files to be replaced as well."""
    files = sets.on_board({"a": OLD}, "a")
    files["main.py"] += b"# older\n"
    image = unix_board.holding(tmp_path / "flash.bin", files)
    before, changes = recorded(image, NEW)
    old, _, wrong = half_new_pumps(image, before, changes, EVERY, has_old=True)
    assert not wrong
    assert old > 20
    image.write_bytes(cut_at(before, [*changes, (0, b"")], len(changes)))
    assert unix_board.start(image)["digest"] == digest(NEW)


def test_a_blank_board_is_flashed_and_the_power_fails_anywhere(tmp_path: Path) -> None:
    image = unix_board.holding(tmp_path / "flash.bin", {})
    before, changes = recorded(image, NEW)
    _, _, wrong = half_new_pumps(image, before, changes, 4 * EVERY, has_old=False)
    assert not wrong


@pytest.mark.parametrize("cut", [3, 40, 90])
def test_an_interrupted_flashing_is_told_and_can_be_taken_up_again(
    cut: int, tmp_path: Path
) -> None:
    image = unix_board.holding(tmp_path / "flash.bin", sets.on_board({"a": OLD}, "a"))
    with UnixBoard(image, cut=cut) as board, pytest.raises(BoardLinkError):
        flash.flash(UsbTransport(board.port), NEW, file_set.root_files())
    assert unix_board.start(image)["digest"] == digest(OLD)
    with UnixBoard(image) as board:
        flash.flash(UsbTransport(board.port), NEW, file_set.root_files())
    assert unix_board.start(image)["digest"] == digest(NEW)
    assert unix_board.contents(image) == sets.on_board({"a": OLD, "b": NEW}, "b")
