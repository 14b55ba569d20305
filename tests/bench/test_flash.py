"""Flashing with the real mpremote, onto MicroPython unix with a littlefs of its own."""

import json
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path

import pytest
from littlefs import LittleFSError

from emulator.bench import file_set, flash, manifest
from emulator.bench.survey import look
from emulator.bench.transport import BoardError, BoardLinkError, UsbTransport
from firmware import records
from firmware.log_ring import SEGMENT_RECORDS, SEGMENTS_MAX
from tests.bench import sets, unix_board
from tests.bench.unix_board import BLOCK_BYTES, UnixBoard
from tests.kept import FOLDERS, NAMES

SEGMENT_BYTES = 4_078  # of the log, when it is full
THIS = manifest.parse(sets.this()[manifest.NAME])


@pytest.fixture(scope="module")
def flashed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A flash onto which the set of this checkout was put when it was blank."""
    image = unix_board.blank(tmp_path_factory.mktemp("flashed") / "flash.bin")
    assert flash_on(image).slot == "a"
    return image.read_bytes()


@pytest.fixture
def image(flashed: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "flash.bin"
    path.write_bytes(flashed)
    return path


def flash_on(image: Path, files: "dict[str, bytes] | None" = None) -> flash.Flashed:
    with UnixBoard(image) as board:
        wanted = sets.this() if files is None else files
        return flash.flash(UsbTransport(board.port), wanted, file_set.root_files())


def test_a_blank_board_gets_the_set_and_starts_it(image: Path) -> None:
    assert unix_board.contents(image) == file_set.build()
    started = unix_board.start(image)
    assert started["root"] == "/a"
    assert started["digest"] == THIS.digest.hex()
    assert started["version"] == THIS.version
    assert all(path.startswith("/a/") for path in started["modules"])
    assert started["said"] == [f"OpenITB {THIS.version} from /a"]


def test_only_a_blank_board_is_told_that_its_pump_is_new(image: Path, tmp_path: Path) -> None:
    """One that starts a set and has nothing of a pump has lost it, and who flashes it may not
    know.
    """
    there = unix_board.contents(image)
    assert there.pop(file_set.NEW_FILE) == b""
    assert f"/{file_set.NEW_FILE}" == f"{records.FOLDER}/{records.NEW}"
    newer = file_set.slot_of(file_set.modules(), version="9")
    lost = unix_board.holding(tmp_path / "lost.bin", there)
    assert flash_on(lost, newer).written == ("b/manifest.json", "slot.new")
    assert file_set.NEW_FILE not in unix_board.contents(lost)
    nothing = {path: data for path, data in there.items() if path != "a/program"}
    begun = unix_board.holding(tmp_path / "begun.bin", nothing)
    assert file_set.NEW_FILE in flash_on(begun).written
    kept = {**nothing, "pump/made": b""}
    pump = unix_board.holding(tmp_path / "pump.bin", kept)
    assert file_set.NEW_FILE not in flash_on(pump).written


def test_flashing_again_writes_nothing(image: Path) -> None:
    before = image.read_bytes()
    again = flash_on(image)
    assert not again.changed
    assert again.kept == len(sets.this())
    assert image.read_bytes() == before


def test_another_set_goes_to_the_other_slot_and_only_what_differs_is_sent(image: Path) -> None:
    newer = file_set.slot_of(file_set.modules(), version="9")
    done = flash_on(image, newer)
    assert done.slot == "b"
    assert set(done.written) == {"b/manifest.json", "slot.new"}
    assert set(done.copied) == {"b/program", "b/unpack.mpy"}
    found = unix_board.contents(image)
    assert found == sets.on_board({"a": sets.this(), "b": newer}, "b")
    assert unix_board.start(image)["version"] == THIS.version  # of the module; it was not changed
    assert unix_board.start(image)["said"] == ["OpenITB 9 from /b"]


def test_who_waits_sees_the_program_go(tmp_path: Path) -> None:
    """Nearly all of a set is one file."""
    seen: list[tuple[int, int]] = []
    with UnixBoard(unix_board.blank(tmp_path / "flash.bin")) as board:
        usb = UsbTransport(board.port)
        files = sets.this()
        flash.flash(usb, files, file_set.root_files(), lambda *told: seen.append(told))
    assert len({of for _, of in seen}) == 1
    done, of = zip(*seen, strict=True)
    assert sorted(done) == list(done)
    assert done[-1] == of[-1]
    assert len(set(done)) > len(files["program"]) // 2_048


def full_log(segments: int) -> dict[str, bytes]:
    first = range(1, 1 + segments * SEGMENT_RECORDS, SEGMENT_RECORDS)
    return {f"pump/log/{number:08x}": bytes(SEGMENT_BYTES) for number in first}


@pytest.mark.parametrize("slots", ["a", "ab"], ids=["beside one", "for one of two"])
@pytest.mark.parametrize("release", [False, True], ids=["bench", "release"])
def test_a_set_has_room_beside_a_set_and_a_full_log(
    release: bool, slots: str, tmp_path: Path
) -> None:
    here = dict(file_set.slot_files(release))
    records = {f"{folder[1:]}/{name}": bytes(250) for folder in FOLDERS for name in NAMES.values()}
    there = sets.on_board(dict.fromkeys(slots, here), "a")
    image = unix_board.holding(
        tmp_path / "flash.bin", {**there, **records, **full_log(SEGMENTS_MAX)}
    )
    assert flash_on(image, file_set.slot_of(all_new(release), release)).slot == "b"


def all_new(release: bool = False) -> dict[str, bytes]:
    """A program of which nothing can be copied on the board."""
    return {path: data + b"new" for path, data in file_set.modules(release).items()}


@pytest.mark.parametrize("newer", [file_set.modules, all_new], ids=["copied", "written"])
def test_a_board_without_room_for_a_second_set_keeps_the_first_and_what_was_free(
    newer: "Callable[[], dict[str, bytes]]", tmp_path: Path
) -> None:
    """Somebody's files have taken it."""
    files = {**sets.on_board({"a": sets.this()}, "a"), **full_log(SEGMENTS_MAX)}
    files["somebody's"] = bytes(95 * unix_board.BLOCK_BYTES)
    second = file_set.slot_of(newer(), version="9")
    image = unix_board.holding(tmp_path / "flash.bin", files)
    with pytest.raises(flash.FlashError, match="no room"):
        flash_on(image, second)
    assert unix_board.contents(image) == files
    assert unix_board.start(image)["said"] == [f"OpenITB {THIS.version} from /a"]
    del files["somebody's"]
    assert flash_on(unix_board.holding(image, files), second).slot == "b"


@pytest.mark.parametrize("free", range(4))
@pytest.mark.parametrize("root", [True, False], ids=["another root", "the same root"])
@pytest.mark.parametrize("has_it", [True, False], ids=["this set", "another set"])
def test_a_board_with_next_to_no_room_is_told_so_and_left_as_it_was(
    has_it: bool, root: bool, free: int, tmp_path: Path
) -> None:
    """free: blocks below the fullest that littlefs makes of it. Two are for a new root file."""
    files = sets.on_board({"a": sets.this() if has_it else sets.older()}, "a")
    if root:
        files["main.py"] += b"# of before\n"
    image = tmp_path / "flash.bin"
    counts = range(unix_board.BLOCKS)
    most = bisect_left(counts, True, key=lambda count: not can_hold(image, files, count)) - 1
    files["somebody's"] = bytes((most - free) * BLOCK_BYTES)
    unix_board.holding(image, files)
    if free > 1:
        files["main.py"] = file_set.root_files()["main.py"]  # comes first, and starts either set
    if has_it and (free > 1 or not root):
        flash_on(image)
    else:
        with pytest.raises(flash.FlashError, match="no room for"):
            flash_on(image)
    assert unix_board.contents(image) == files


def can_hold(image: Path, files: "dict[str, bytes]", count: int) -> bool:
    try:
        unix_board.holding(image, {**files, "somebody's": bytes(count * BLOCK_BYTES)})
    except LittleFSError:
        return False
    return True


def test_a_set_that_the_board_starts_is_not_touched_whatever_else_its_manifest_says(
    image: Path,
) -> None:
    """The board asks for files and version only, so it runs one that a later checkout made."""
    content = json.loads(sets.this()[manifest.NAME])
    later = {**sets.this(), manifest.NAME: json.dumps({**content, "later": 1}).encode()}
    unix_board.holding(image, sets.on_board({"a": later}, "a"))
    assert unix_board.start(image)["root"] == "/a"
    assert flash_on(image).slot == "b"


def test_going_back_to_a_set_that_is_still_there_changes_one_small_file(image: Path) -> None:
    flash_on(image, sets.older())
    done = flash_on(image)
    assert (done.slot, done.written, done.copied) == ("a", ("slot.new",), ())
    assert unix_board.start(image)["digest"] == THIS.digest.hex()


def test_what_does_not_belong_to_the_set_is_cleared_away(tmp_path: Path) -> None:
    files = sets.on_board({"a": sets.this(), "b": sets.older()}, "a")
    files["b/stray/deep/file.py"] = b"x = 1"
    files["b/firmware/loop.py"] = b"x = 1"
    image = unix_board.holding(tmp_path / "flash.bin", files)
    newer = sets.sealed(sets.this(), version="9")
    done = flash_on(image, newer)
    assert done.slot == "b"
    assert unix_board.contents(image) == sets.on_board({"a": sets.this(), "b": newer}, "b")
    with UnixBoard(image) as board:
        assert not [path for path in look(UsbTransport(board.port)).files if path.endswith("/")]


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("a/program", b"M\x06\x00\x1f other", "program is not the file"),
        ("a/program", None, "program is missing"),
        ("a/unpack.mpy", None, "unpack.mpy is missing"),
        ("a/firmware/loop.py", b"pass", "firmware/loop.py does not belong to the set"),
        ("a/manifest.json", b"{", "no manifest that can be read"),
        ("a/manifest.json", None, "no manifest that can be read"),
    ],
)
def test_an_unsound_set_is_not_started_and_it_says_why(
    path: str, content: "bytes | None", words: str, tmp_path: Path
) -> None:
    """The other one runs; and where there is none, the words go to USB and to the programmer."""
    both = sets.on_board({"a": sets.this(), "b": sets.older()}, "a")
    alone = sets.on_board({"a": sets.this()}, "a")
    for files in (both, alone):
        files.pop(path, None)
        if content is not None:
            files[path] = content
    started = unix_board.start(unix_board.holding(tmp_path / "both.bin", both))
    assert (started["root"], started["version"]) == ("/b", sets.OTHER_VERSION)
    assert words in started["said"][0]
    silent = unix_board.start(unix_board.holding(tmp_path / "alone.bin", alone))
    assert "root" not in silent
    assert words in silent["said"][0]
    assert silent["said"][1].startswith("uart: ")


def test_the_survey_agrees_with_the_root_about_what_is_sound(image: Path) -> None:
    """Two implementations of one rule: on the board and on the host."""
    files = sets.on_board({"a": sets.this(), "b": sets.older()}, "b")
    files["b/firmware/loop.py"] = b"pass"
    unix_board.holding(image, files)
    with UnixBoard(image) as board:
        found = look(UsbTransport(board.port))
    assert found.in_force == "b"
    assert found.starts is not None
    assert found.starts.name == "a"
    assert found.slots["b"].faults == ("firmware/loop.py does not belong to the set",)
    assert unix_board.start(image)["root"] == "/a"


def test_the_first_byte_that_reads_back_wrong_keeps_the_old_set_in_force(image: Path) -> None:
    """A worn flash: what is written is not what is read."""
    with UnixBoard(image) as board:
        usb = UsbTransport(board.port)
        usb.execute("flash.worn = True")
        with pytest.raises((flash.FlashError, BoardError)):
            flash.flash(usb, sets.older(), file_set.root_files())
    assert unix_board.start(image)["digest"] == THIS.digest.hex()


def test_a_release_comes_up_without_usb_and_holds_no_bench_file(tmp_path: Path) -> None:
    image = unix_board.holding(tmp_path / "flash.bin", file_set.build(release=True))
    started = unix_board.start(image)
    assert started["said"][0] == "usb: False"
    assert started["root"] == "/a"
    program = unix_board.contents(image)["a/program"]
    assert b'"/firmware/' in program
    assert b'"/emulator/' not in program


def test_a_release_with_a_bench_file_is_refused_by_builder_and_by_board(tmp_path: Path) -> None:
    bench = next(path for path in file_set.modules() if "bench_chip" in path)
    with pytest.raises(manifest.ManifestError, match="bench_chip"):
        sets.sealed(sets.this(), release=True)
    files = file_set.build(release=True)
    files[f"a/{bench}"] = file_set.modules()[bench]
    refused = unix_board.start(unix_board.holding(tmp_path / "flash.bin", files))
    assert "root" not in refused
    assert "bench_chip.mpy does not belong to the set" in refused["said"][-2]


def test_a_port_that_is_no_board_is_told_as_a_broken_link() -> None:
    with pytest.raises(BoardLinkError, match="/dev/no-such-port"):
        UsbTransport("/dev/no-such-port")
