"""The kinds of board, and docs/boards.md: tables that agree with the code."""

import re
from pathlib import Path

import pytest

from emulator.bench import boards, file_set, transport
from emulator.bench.boards.kind import SERVICE_GPIO, BoardKind
from emulator.plant import constants
from firmware import pins

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "boards.md").read_text()
WIRING = re.compile(r"^\| ([A-Z_]+) \| (\d+) \| (\d+) \| (in|out|analogue) \|", re.MULTILINE)
KINDS = sorted(boards.known().values(), key=lambda kind: kind.name)
# Raspberry Pi Pico datasheet, figure 2; and of MicroPython, ports/rp2/boards.
CONTACTS = {0: 1, 1: 2, 2: 4, 3: 5, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12, 10: 14, 22: 29,
            26: 31, 27: 32}  # fmt: skip
FS_KB = {"pico": 1_408, "pico_w": 848, "pico2": 3_072}


def test_the_wiring_table_is_that_of_the_firmware() -> None:
    table = {name: int(gpio) for name, gpio, _, _ in WIRING.findall(TEXT)}
    assert table.pop("SERVICE") == SERVICE_GPIO
    assert table == {name: gpio for name, gpio in vars(pins).items() if name.isupper()}


def test_the_contacts_in_the_table_are_those_of_the_datasheet() -> None:
    found = {int(gpio): int(contact) for _, gpio, contact, _ in WIRING.findall(TEXT)}
    assert found == CONTACTS


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_has_every_pin_once_and_a_contact_for_each(kind: BoardKind) -> None:
    assert kind.pins.keys() == file_set.reference_pins().keys()
    used = [*kind.pins.values(), SERVICE_GPIO]
    assert len(set(used)) == len(used)
    assert all(kind.contacts[gpio] == CONTACTS[gpio] for gpio in used)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_document_names_each_kind_with_its_flash(kind: BoardKind) -> None:
    assert kind.fs_bytes == FS_KB[kind.name] * 1024
    row = f"| `{kind.name}` | {kind.title} | {kind.machine.rpartition(' ')[2]} | "
    assert f"{row}{kind.flash_bytes // 1024:,} kB, {kind.fs_bytes // 1024:,} kB |" in TEXT


def test_the_service_pin_is_the_one_that_the_board_looks_at() -> None:
    boot = (file_set.ON_BOARD / "boot.py").read_text()
    assert f"\nSERVICE = {SERVICE_GPIO}" in boot


def test_a_board_that_complains_is_silent_for_long_enough_to_be_taken_over() -> None:
    """mpremote never looks at its watch while a pty has something to say."""
    root = (file_set.ON_BOARD / "main.py").read_text()
    found = re.search(r"^COMPLAINT_MS = ([\d_]+)", root, re.MULTILINE)
    assert found is not None
    assert int(found[1]) > 1_000 * transport._QUIET_S


def test_the_scales_in_the_document_are_those_of_the_sensors() -> None:
    """Of the firmware's, which test_plant holds to these: 3.3 V are 4,096 codes."""
    pressure, level = constants.PRESSURE_SENSOR, constants.LEVEL_SENSOR
    span_kpa, zero_kpa = pressure.code * 4096 / 1e3, -pressure.zero / 1e3
    assert f"volts = 3.3 x (pressure + {zero_kpa:g} kPa) / {span_kpa:g} kPa" in TEXT
    assert f"volts = 3.3 x content / {level.code * 4096 / 1e6:.1f} mL" in TEXT
    # the amplifier behind an MPX5100GP: 0.2 V + 45 mV/kPa (its datasheet, equation of the output)
    gain = 3.3 / span_kpa / 0.045
    assert f"gain {gain:.3f} with {3.3 * zero_kpa / span_kpa - gain * 0.2:.3f} V added" in TEXT


def test_another_wiring_goes_into_the_set_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new board is one file: its pins come with its set."""
    kind = boards.known()["pico2"]
    moved = {**kind.pins, "LED": 15}
    other = type(kind)(**{**vars(kind), "name": "other", "pins": moved})
    monkeypatch.setattr(boards, "known", lambda: {"other": other})
    files = file_set.slot_files(kind="other")
    assert b'"wiring": "other"' in files["manifest.json"]
    assert file_set.pins_source(moved).count("LED = 15\n") == 1
