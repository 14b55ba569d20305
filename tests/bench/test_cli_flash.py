"""pump-board flash and verify, against MicroPython unix with a littlefs of its own."""

import json
from pathlib import Path

import pytest

from emulator.bench import checkout, cli_parts, file_set, manifest, transport
from protocol.wire import schema
from tests.bench import sets, unix_board
from tests.bench.cli import FAILED, LINK, OK, USAGE, Done, Stranger, answering
from tests.bench.unix_board import UnixBoard

THIS = checkout.manifest_for()


@pytest.fixture
def blank(tmp_path: Path) -> Path:
    return unix_board.blank(tmp_path / "flash.bin")


@pytest.fixture
def flashed(tmp_path: Path) -> Path:
    return unix_board.holding(tmp_path / "flash.bin", file_set.build())


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not answer is given up at once."""
    monkeypatch.setattr(transport, "_QUIET_S", 0.2)
    monkeypatch.setattr(cli_parts, "HELLO_S", 0.0)


def on(image: Path, command: str, *options: str) -> Done:
    with UnixBoard(image) as board:
        return Done(command, "--port", board.port, "--board", "pico_w", *options)


def test_a_blank_board_is_flashed_and_says_what_it_got(blank: Path) -> None:
    done = on(blank, "flash")
    assert done.code == OK, done.text
    assert f"as the manifest says, {len(THIS.modules)} modules" in done.text
    assert f"slot a, version {THIS.version}, manifest {THIS.digest.hex()[:16]}" in done.text
    assert "The pump's hello was not looked for" in done.text
    assert "pump-programmer --port ADAPTER interrogate" in done.text
    assert unix_board.contents(blank) == file_set.build()


def test_the_release_is_flashed_on_demand(blank: Path) -> None:
    done = on(blank, "flash", "--release", "--json")
    assert done.plain["release"] is True
    assert unix_board.contents(blank) == file_set.build(release=True)


def test_what_is_there_already_is_not_written_again(flashed: Path) -> None:
    done = on(flashed, "flash", "--json")
    assert done.code == OK
    assert (done.plain["written"], done.plain["kept"]) == ([], len(sets.this()))
    assert "nothing was written" in on(flashed, "flash").text


def test_what_the_pump_keeps_beside_the_sets_is_left_alone(tmp_path: Path) -> None:
    files = {**sets.on_board({"a": sets.older()}, "a"), "pump/therapy.0": b"not to be lost"}
    image = unix_board.holding(tmp_path / "flash.bin", files)
    assert on(image, "flash").code == OK
    assert unix_board.contents(image)["pump/therapy.0"] == b"not to be lost"


def test_the_hello_of_the_pump_is_awaited_on_the_programmers_line(flashed: Path) -> None:
    with answering(THIS.digest) as line:
        done = on(flashed, "flash", "--programmer-port", line, "--json")
    assert done.code == OK, done.text
    assert done.plain["hello"]["manifest_hash"] == THIS.digest.hex()
    assert done.plain["hello"]["firmware_version"] == THIS.version
    assert "Waiting for the pump's hello, up to 10 s." not in done.text


def test_who_waits_for_the_hello_is_told_how_long(flashed: Path) -> None:
    with answering(THIS.digest) as line:
        done = on(flashed, "flash", "--programmer-port", line)
    assert "Waiting for the pump's hello, up to 10 s." in done.text


def test_a_pump_that_runs_another_set_than_the_flashed_one_is_a_failure(flashed: Path) -> None:
    with answering(bytes(32)) as line:
        done = on(flashed, "flash", "--programmer-port", line)
    assert done.code == FAILED
    assert "another one runs: manifest 0000000000000000 answers" in done.text


def test_a_pump_of_a_foreign_schema_is_told(
    flashed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The programmer's half is the other one: the pump runs in this process."""
    with answering(THIS.digest) as line:
        monkeypatch.setattr(cli_parts, "PortLink", _other_schema(monkeypatch))
        done = on(flashed, "flash", "--programmer-port", line)
    assert done.code == LINK
    assert f"this programmer speaks protocol {schema.PROTOCOL_VERSION}" in done.text
    assert "update the firmware" in done.text


def _other_schema(monkeypatch: pytest.MonkeyPatch) -> type:
    from protocol.programmer.crc import crc32
    from protocol.programmer.link import PortLink
    from protocol.wire import codec, frame
    from tests.wire.other_schema import OTHER_HASH, other_crc32

    class OtherSchema(PortLink):
        def write(self, data: bytes) -> None:
            for said in frame.Decoder(crc32).feed(data):
                values = codec.decode(schema.HELLO, said.payload)
                payload = codec.encode(schema.HELLO, {**values, "schema_hash": OTHER_HASH})
                super().write(frame.encode(other_crc32, said.counter, said.kind, payload))

    return OtherSchema


@pytest.mark.usefixtures("hasty")
def test_a_pump_that_does_not_answer_after_flashing_is_told(flashed: Path) -> None:
    with Stranger() as line:
        done = on(flashed, "flash", "--programmer-port", line.port)
    assert done.code == LINK
    assert "Read back: all" in done.text  # the flashing itself went well, and is told before
    assert "not one byte came back" in done.text


def test_a_board_that_is_not_known_is_asked_for_and_not_written(blank: Path) -> None:
    with UnixBoard(blank) as board:
        done = Done("flash", "--port", board.port)
    assert done.code == USAGE
    assert "no kind of board that is known" in done.text
    assert "pico, pico2, pico_w" in done.text
    assert unix_board.contents(blank) == {}


def test_the_power_that_fails_in_the_middle_is_a_link_error_and_the_old_set_runs(
    tmp_path: Path,
) -> None:
    old = sets.on_board({"a": sets.older()}, "a")
    image = unix_board.holding(tmp_path / "flash.bin", old)
    with UnixBoard(image, cut=40) as board:
        done = Done("flash", "--port", board.port, "--board", "pico_w")
    assert done.code == LINK
    assert unix_board.start(image)["version"] == sets.OTHER_VERSION
    assert on(image, "flash").code == OK
    assert unix_board.start(image)["digest"] == THIS.digest.hex()


def test_no_port_a_silent_one_and_one_that_talks_are_link_errors_in_words(hasty: None) -> None:
    for command in ("flash", "verify", "doctor"):
        done = Done(command, "--port", "/dev/no-such-port")
        assert done.code == LINK
        assert "There is no port /dev/no-such-port." in done.text
    with Stranger() as silent:
        done = Done("flash", "--port", silent.port)
    assert done.code == LINK
    assert "no MicroPython answers at it" in done.text
    assert "pump-board flash --uf2" in done.text
    with Stranger(b"login: \r\n" * 9) as talks:
        assert "no MicroPython answers at it" in Done("flash", "--port", talks.port).text


@pytest.mark.parametrize("command", ["flash", "verify", "doctor"])
def test_a_board_has_to_be_named_once(command: str) -> None:
    assert Done(command).code == USAGE
    assert Done(command, "--port", "/dev/ttyACM0", "--virtual").code == USAGE


def test_verify_finds_this_checkout(flashed: Path) -> None:
    done = on(flashed, "verify")
    assert done.code == OK, done.text
    assert f"manifest {THIS.digest.hex()[:16]}, sound, runs" in done.text
    assert "The board runs this checkout." in done.text


def test_verify_compares_a_release_with_a_release(tmp_path: Path) -> None:
    image = unix_board.holding(tmp_path / "flash.bin", file_set.build(release=True))
    assert on(image, "verify").code == OK


def test_verify_tells_each_difference_in_words(tmp_path: Path) -> None:
    files = sets.on_board({"a": sets.older()}, "a")
    files["main.py"] += b"# another\n"
    done = on(unix_board.holding(tmp_path / "flash.bin", files), "verify", "--json")
    assert done.code == FAILED
    assert done.plain["differences"] == [
        f"version: {sets.OTHER_VERSION} on the board, {THIS.version} here",
        f"{sets.CHANGED}: another content on the board",
        f"{sets.OLD_MODULE}: on the board only",
        "firmware/version.mpy: another content on the board",
        "/main.py: another content on the board, or none",
    ]


def test_verify_tells_a_program_that_is_another_one_under_the_same_list(tmp_path: Path) -> None:
    """The board looks at the digest of the whole; the list is for words."""
    files = {**sets.this(), "program": sets.older()["program"]}
    image = unix_board.holding(
        tmp_path / "flash.bin", sets.on_board({"a": sets.sealed(files)}, "a")
    )
    done = on(image, "verify", "--json")
    assert done.code == FAILED
    (words,) = done.plain["differences"]
    assert words.startswith("program: another content on the board")


def test_verify_tells_a_manifest_that_only_the_board_can_read(tmp_path: Path) -> None:
    content = json.loads(sets.this()[manifest.NAME])
    later = {**sets.this(), manifest.NAME: json.dumps({**content, "later": 1}).encode()}
    image = unix_board.holding(tmp_path / "flash.bin", sets.on_board({"a": later}, "a"))
    done = on(image, "verify")
    assert done.code == FAILED
    assert "slot a: a manifest in another form than pump-board writes it, runs" in done.text
    assert "slot a, which runs: a manifest in another form" in done.text


def test_verify_tells_an_unsound_set_and_which_one_runs_instead(tmp_path: Path) -> None:
    files = sets.on_board({"a": sets.older(), "b": sets.this()}, "b")
    files["b/program"] += b"!"
    done = on(unix_board.holding(tmp_path / "flash.bin", files), "verify")
    assert done.code == FAILED
    assert "NOT SOUND: program is not the file of the manifest" in done.text
    assert "slot b is in force and not sound: slot a runs" in done.text


def test_verify_of_a_blank_board_fails(blank: Path) -> None:
    done = on(blank, "verify")
    assert done.code == FAILED
    assert "no set on the board is sound: it starts nothing; use `pump-board flash`" in done.text


def test_verify_of_a_set_with_a_foreign_schema_says_so(tmp_path: Path) -> None:
    foreign = sets.sealed(sets.this(), schema_hash=0xDEADBEEF)
    image = unix_board.holding(tmp_path / "flash.bin", sets.on_board({"a": foreign}, "a"))
    done = on(image, "verify")
    assert done.code == FAILED
    assert f"schema_hash: DEADBEEF on the board, {schema.SCHEMA_HASH:08X} here" in done.text


def test_one_json_object_is_printed_and_nothing_else(flashed: Path) -> None:
    for command in ("flash", "verify"):
        with UnixBoard(flashed) as board:
            done = Done(command, "--port", board.port, "--board", "pico_w", "--json")
        assert json.loads(done.text)
    assert manifest.NAME not in done.text
    assert json.loads(Done("verify", "--port", "/dev/no-such-port", "--json").text)["error"]
