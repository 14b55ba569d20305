"""What the doctor makes of what it sees, and which boards are taken for which."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from emulator.bench import boards, doctor, identity, kept_board
from emulator.bench.doctor import ABSENT, FAILED, NOT_SEEN, OK, Patient
from emulator.bench.identity import Identity, StrangerError
from emulator.bench.transport import UsbTransport
from tests.bench import unix_board
from tests.bench.unix_board import UnixBoard

PICO_W = boards.known()["pico_w"]
A_PICO_W = Identity("Raspberry Pi Pico W with RP2040", "1.27.0", 6, 200_000, 868_352, 400_000)
WELL: "dict[str, Any]" = {
    "ENC_A": [0, 0],
    "ENC_B": [1, 1],
    "MAGNET": [0, 0],
    "EN": [1, 1],
    "PRESSURE": [438, 438],
    "LEVEL": [1_707, 1_706],
    "SERVICE": [1, 0],
    "LINE": ["55aa", "55aa"],
    "STEP": [2, 2],
}


class Board:
    """Answers the doctor's script with these readings; nothing else is asked of it."""

    name = "a board"

    def __init__(self, readings: "dict[str, Any]") -> None:
        self._readings = readings

    def execute(self, code: str) -> str:
        assert code.rstrip().splitlines()[-1].startswith("report({")
        return json.dumps(self._readings)


def findings(**readings: Any) -> "dict[str, str]":
    patient = Patient(Board({**WELL, **readings}), A_PICO_W, PICO_W, False)  # type: ignore[arg-type]
    return {one.part: one.verdict for one in doctor.of_parts(patient, True)}


def test_a_pump_that_answers_everywhere_is_well() -> None:
    found = findings()
    unseen = {part for part, verdict in found.items() if verdict == NOT_SEEN}
    assert unseen == {"supply cut-off", "buzzer, LED"}
    assert {verdict for part, verdict in found.items() if part not in unseen} == {OK}


@pytest.mark.parametrize(
    ("name", "reading", "part", "verdict"),
    [
        ("ENC_A", [1, 0], "encoder A", ABSENT),
        ("ENC_B", [0, 1], "encoder B", FAILED),
        ("MAGNET", [1, 0], "magnet switch", NOT_SEEN),
        ("EN", [1, 0], "motor driver", ABSENT),
        ("PRESSURE", [4_095, 0], "pressure sensor", ABSENT),
        ("PRESSURE", [0, 0], "pressure sensor", FAILED),
        ("LEVEL", [4_095, 4_095], "level sensor", FAILED),
        ("LINE", ["", "55aa"], "UART loop", NOT_SEEN),
        ("LINE", ["55ab", "55aa"], "UART loop", FAILED),
        ("STEP", None, "motor turns", NOT_SEEN),
        ("STEP", [2, 0], "motor turns", FAILED),
        ("STEP", [0, 0], "motor turns", FAILED),
    ],
)
def test_what_does_not_answer_is_not_called_well(
    name: str, reading: Any, part: str, verdict: str
) -> None:
    assert findings(**{name: reading})[part] == verdict


def test_the_clock_is_held_against_this_computers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MicroPython unix has this computer's clock. Then this computer's runs 2 % fast."""
    with UnixBoard(unix_board.blank(tmp_path / "flash.bin")) as board:
        usb = UsbTransport(board.port)
        patient = Patient(usb, identity.ask(usb), PICO_W, False)
        right = doctor.of_board(patient)[-1]
        real = time.monotonic
        monkeypatch.setattr(doctor, "_now_s", lambda: real() * 1.02)
        wrong = doctor.of_board(patient)[-1]
    assert (right.part, right.verdict) == ("clock", OK), right
    assert wrong.verdict == FAILED, wrong


def test_a_virtual_boards_clock_is_not_judged() -> None:
    patient = Patient(Board({}), A_PICO_W, PICO_W, True)  # type: ignore[arg-type]
    assert doctor.of_board(patient)[-1].verdict == NOT_SEEN


def test_a_board_is_known_by_what_it_calls_itself() -> None:
    assert identity.kind_for(A_PICO_W, None) == "pico_w"
    assert identity.kind_for(A_PICO_W, "pico_w") == "pico_w"
    with pytest.raises(StrangerError, match="This is a Raspberry Pi Pico W"):
        identity.kind_for(A_PICO_W, "pico2")


@pytest.mark.parametrize(("release", "mpy"), [("1.25.0", 6), ("1.27.0", 5), ("1.27.0", 7)])
def test_an_image_that_cannot_run_the_files_is_refused(release: str, mpy: int) -> None:
    identity.check_image(A_PICO_W, 6)
    identity.check_image(Identity("x", "1.26.0", 6, 0, 0, 0), 6)
    with pytest.raises(StrangerError, match=r"Put MicroPython 1\.26 or later"):
        identity.check_image(Identity("x", release, mpy, 0, 0, 0), 6)


def test_files_of_another_board_are_not_taken_for_the_virtual_ones(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_bytes(b"short")
    with (
        pytest.raises(OSError, match="does not hold the files of a Raspberry Pi Pico W"),
        kept_board.plugged_in(tmp_path / "no.uf2", kept, False),
    ):
        pass
    assert kept.read_bytes() == b"short"
