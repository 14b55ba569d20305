"""pump-board on the virtual Pico: the file for a blank board boots, the doctor sees what is wired
and what is not, a scenario is judged, a programmer is served, a board is driven in hil."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator.bench import (
    checkout,
    cli_parts,
    cli_virtual,
    file_set,
    file_system,
    hil,
    hil_bridge,
)
from emulator.bench.board_rig import BoardRig
from emulator.bench.pico import VirtualPico
from emulator.bench.virtual_cable import VirtualCable
from emulator.bench.wiring import BoardWorld
from emulator.rig import RigLink
from protocol.programmer.client import Client, connect
from protocol.programmer.setup_file import read as read_setup
from protocol.wire import schema
from tests.bench import pico_bed, sets
from tests.bench.cli import FAILED, OK, USAGE, Done
from tests.bench.emulated_board import EmulatedBoard

PATIENCE_S = 120.0  # a board that does not reset fails the test
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "bench" / "full_rate.toml"
SHORT = """
title = "A pump that nobody sets up"
duration = "2 s"
actions = []
expect = [ { state = "%s", at = "2 s" } ]
"""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "short.toml"
    path.write_text(SHORT % "UNCOMMISSIONED")
    return path


def slots_only() -> "dict[str, bytes]":
    """The files of a board whose root starts nothing: it is at its prompt sooner."""
    return {path: data for path, data in file_set.build().items() if not path.endswith(".py")}


def verdicts(done: Done) -> "dict[str, str]":
    return {one["part"]: one["verdict"] for one in done.plain["findings"]}


def kept(path: Path, files: "dict[str, bytes]") -> str:
    """The files of a virtual board that somebody has flashed before."""
    path.write_bytes(file_system.build(files, 212))
    return str(path)


def test_the_file_for_a_blank_board_boots_and_the_pump_says_hello(tmp_path: Path) -> None:
    out = tmp_path / "pump.uf2"
    assert Done("flash", "--uf2", str(out)).code == OK
    rig = BoardRig(lambda seed: BoardWorld(VirtualPico(out), seed))
    client = Client(RigLink(rig))
    assert client.hello()["manifest_hash"] == checkout.manifest_for().digest


def test_the_doctor_sees_a_pump_that_is_wired_up(tmp_path: Path) -> None:
    files = kept(tmp_path / "kept", pico_bed.unchecked())
    done = Done("doctor", "--virtual", "--kept", files, "--step", "--json")
    assert done.code == OK, done.text
    found = verdicts(done)
    for part in ("encoder A", "encoder B", "motor driver", "pressure sensor", "level sensor"):
        assert found[part] == "ok", part
    assert found["motor turns"] == "ok"
    assert found["pump"] == "ok"
    assert found["this checkout"] == "differs"  # its main.py is the tests' own
    seen = {one["part"]: one["seen"] for one in done.plain["findings"]}
    assert "20.0" in seen["level sensor"]  # mL: the reservoir of the plant, full
    assert seen["motor turns"] == "2 edges of A and 2 of B in one step"


def test_the_doctor_calls_nothing_well_that_it_did_not_see(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bare Pico with a set that is not sound: nothing is started, and that is told."""
    monkeypatch.setattr(cli_parts, "HELLO_VIRTUAL_S", 0.0)  # nobody will answer
    files = sets.on_board({"a": sets.this()}, "a")
    files["a/program"] = b"other"
    done = Done(
        "doctor", "--virtual", "--bare", "--kept", kept(tmp_path / "kept", files), "--json"
    )
    assert done.code == FAILED
    found = verdicts(done)
    for part in ("encoder A", "encoder B", "motor driver", "pressure sensor", "level sensor"):
        assert found[part] == "absent", part
    for part in ("magnet switch", "motor turns", "UART loop", "supply cut-off", "clock"):
        assert found[part] == "not seen", part
    assert (found["slot a"], found["what starts"], found["pump"]) == ("FAILED",) * 3


def test_a_scenario_is_judged_and_the_exit_code_says_how(
    scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The verdict of one on the virtual Pico itself: test_virtual_session.py."""

    def board(*_: object) -> Any:
        made: Any = EmulatedBoard()
        return lambda seed: BoardWorld(made, seed)

    monkeypatch.setattr(cli_virtual, "_board", board)
    done = Done("virtual", str(scenario), "--json")
    assert (done.code, done.plain["holds"]) == (OK, True), done.text
    scenario.write_text(SHORT % "RUNNING")
    done = Done("virtual", str(scenario))
    assert done.code == FAILED
    assert "The scenario FAILED." in done.text


@contextmanager
def served() -> "Iterator[Any]":
    with subprocess.Popen(
        [sys.executable, "-m", "emulator.bench.cli", "virtual", "--serve", "--pty", "--magnet"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_programmer_is_served_at_the_virtual_picos_line() -> None:
    with served() as process:
        port = process.stdout.readline().strip()
        with connect(port) as pump:
            assert pump.hello()["manifest_hash"] == checkout.manifest_for().digest
            assert pump.setup(read_setup(EXAMPLE, {}))["state"] == schema.STOPPED
        process.stdin.write("kink 97 %\n")
        process.stdin.flush()
        assert process.stdout.readline() == "done: kink 97 %\n"
        process.terminate()
        assert process.wait() == 0


class BadCable:
    """A real port whose every DROP-th frame is lost, in both directions, and whose frames to the
    board come one read late."""

    DROP = 7

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.name, self.now_s, self.close = stream.name, stream.now_s, stream.close
        self._piece = b""
        self._late: list[bytes] = []
        self._seen = self._sent = 0
        self.lost_from_board = self.lost_to_board = 0

    def read(self) -> bytes:
        """Whole frames, but for those that are lost."""
        for frame in self._late:
            self._stream.write(frame)
        self._late.clear()
        *frames, self._piece = (self._piece + self._stream.read()).split(b"\0")
        kept = b""
        for frame in filter(None, frames):
            self._seen += 1
            if self._seen % self.DROP:
                kept += b"\0" + frame + b"\0"
            else:
                self.lost_from_board += 1
        return kept

    def write(self, frame: bytes) -> None:
        """One frame a call: hil_bridge.Bridge."""
        self._sent += 1
        if self._sent % self.DROP:
            self._late.append(frame)
        else:
            self.lost_to_board += 1


def test_a_board_at_a_port_that_loses_and_delays_is_driven_judged_and_left_as_it_was(
    scenario: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hil_bridge, "SILENT_S", 60.0)  # it is ten times slower than a real one
    monkeypatch.setattr(hil_bridge, "START_S", 120.0)
    cables: list[BadCable] = []
    start = hil.start

    def bad(usb: Any) -> Any:
        cables.append(BadCable(start(usb)))
        return cables[0]

    monkeypatch.setattr(hil, "start", bad)
    pico = VirtualPico(pico_bed.stock_image(), slots_only())
    left = threading.Event()
    pico.on_reset = left.set
    with VirtualCable(pico) as cable:
        done = Done("hil", str(scenario), "--port", cable.port, "--json")
        assert left.wait(PATIENCE_S), cable.fault
    assert done.code == OK, done.text
    assert done.plain["holds"]
    way, bad_cable = done.plain["way"], cables[0]
    assert way["messages_from_board"] > 2_000 / 50  # one every 50 ms
    assert way["round_trip_us_median"] > 0
    assert bad_cable.lost_from_board > 5
    assert abs(way["lost_from_board"] - bad_cable.lost_from_board) <= 2  # the last are not missed
    assert 0 < way["lost_to_board"] <= bad_cable.lost_to_board
    assert way["damaged"] == 0


def test_a_release_is_not_driven(scenario: Path) -> None:
    pico = VirtualPico(pico_bed.stock_image(), file_set.build(release=True))
    pico.drive(22, 0)  # the service pin at ground: USB comes up
    with VirtualCable(pico) as cable:
        done = Done("hil", str(scenario), "--port", cable.port)
    assert done.code == FAILED
    assert "A release is flashed: it has no bench chip." in done.text


def test_a_virtual_board_with_a_release_can_be_reached_again(tmp_path: Path) -> None:
    """Its service pin is at ground; there is no other way in."""
    files = file_set.build(release=True)
    done = Done("verify", "--virtual", "--kept", kept(tmp_path / "kept", files))
    assert done.code == OK, done.text
    assert "a release, sound, runs" in done.text


def test_options_that_make_no_sense_are_usage_errors() -> None:
    for args in (
        ("virtual", "x.toml", "--serve", "--pty"),
        ("virtual", "--pty"),
        ("virtual", "--serve"),
        ("virtual", "--serve", "--pty", "--tcp", "0"),
        ("hil", "--port", "/dev/no-such-port"),
    ):
        assert Done(*args).code == USAGE, args


def test_the_seed_of_a_scenario_is_not_an_option(scenario: Path) -> None:
    for args in (("hil", str(scenario), "--port", "/dev/no"), ("virtual", str(scenario))):
        done = Done(*args, "--seed", "1")
        assert done.code == USAGE
        assert "the seed of a scenario stands in its file" in done.text


def test_a_scenario_that_is_not_there_is_a_usage_error() -> None:
    done = Done("virtual", "no-such.toml")
    assert done.code == USAGE
    assert "no-such.toml" in done.text
    assert json.loads(Done("virtual", "no-such.toml", "--json").text)["error"]
