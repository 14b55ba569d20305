"""Every flash that a release has left is booted by this firmware, with all that it held."""

import gzip
import json
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from emulator.flash import Flash
from emulator.little_disk import LittleDisk
from firmware import records
from firmware.version import VERSION
from protocol.wire import schema
from tests.kept import NAMES, paths_of
from tests.upgrade.make_image import IMAGES, a_life, bed_on, told

SHEETS = sorted(IMAGES.glob("*.json"))
BLOCK_STEPS = 8  # that one record of the ledger reserves at these rates
HEADER_BYTES = 8

Told = dict[str, dict[str, Any]]


def image_of(sheet: Path) -> bytes:
    return gzip.decompress(sheet.with_name(f"{sheet.stem}.bin.gz").read_bytes())


def holding(image: bytes) -> Flash:
    flash = Flash(blocks=len(image) // Flash().block_bytes)
    page = flash.page_bytes
    for at in range(0, len(image), page):
        data = image[at : at + page]
        if data.strip(b"\xff"):
            flash.program(at // flash.block_bytes, at % flash.block_bytes, data)
    return flash


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.stem)
def test_an_older_flash_is_booted_with_prescription_and_totals_intact(sheet: Path) -> None:
    bed = bed_on(holding(image_of(sheet)))
    bed.run(s=2)
    assert bed.state == schema.RUNNING
    assert not bed.status()["alarms_active"] & ~(1 << schema.CLOCK_LOST)
    before = json.loads(sheet.read_text())
    now = told(bed)
    assert now["setup"] == before["setup"]
    assert now["prescription"] == before["prescription"]
    reserved = now["totals"].pop("unverified_steps") - before["totals"].pop("unverified_steps")
    assert 0 <= reserved <= BLOCK_STEPS, "steps that may have been made since the last record"
    for name, value in before["totals"].items():
        if name.startswith("verified") or name.endswith("_verified_nl"):
            assert 0 <= value - now["totals"][name] <= reserved * 52 * 2_000
        if name.startswith("possible") or name.endswith("_possible_nl"):
            assert now["totals"][name] >= value
    for was, is_now in zip(before.get("boluses", {"given": []})["given"], now["boluses"]["given"]):
        assert was.pop("age_s") - is_now.pop("age_s") < 120, "the ledger's last record is as old"
        assert is_now == was
    assert len(now["boluses"]["given"]) == len(before.get("boluses", {"given": []})["given"])
    bed.run(hours=2)
    cut = told(bed)
    bed.world.power_cut()
    bed.world.power_on()
    bed.run(s=2)
    assert bed.state == schema.RUNNING, "and written in today's form it is read again"
    check_again(before, cut, told(bed), int(bed.plant.snapshot()["forward_steps"]))


def check_again(before: Told, cut: Told, again: Told, steps: int) -> None:
    """Nothing was lost. before: of the image. cut: when the power failed a second time. again:
    after that. steps: that the motor has made since the image.
    """
    assert steps > 1_000
    assert again["setup"] == before["setup"]
    assert again["prescription"] == before["prescription"]
    totals = again["totals"]
    step_nl = totals["step_pl"] / 1_000
    assert totals["boots"] == before["totals"]["boots"] + 2
    for name, value in cut["totals"].items():
        if name == "verified_steps":
            assert 0 <= value - totals[name] <= BLOCK_STEPS
        if name.startswith("verified") or name.endswith("_verified_nl"):
            assert 0 <= value - totals[name] <= BLOCK_STEPS * step_nl * 2_000
        if name.startswith("possible") or name.endswith("_possible_nl"):
            assert totals[name] >= value
    made = before["totals"]["commanded_steps"] + steps
    possible = totals["verified_steps"] + totals["unverified_steps"]
    assert totals["verified_steps"] <= made <= possible <= made + 2 * BLOCK_STEPS
    made_nl = before["totals"]["verified_nl"] + steps * step_nl
    assert totals["verified_nl"] <= made_nl + 1
    assert made_nl <= totals["possible_nl"] <= made_nl + 2 * BLOCK_STEPS * step_nl + 1
    given = [cut["boluses"]["given"], again["boluses"]["given"]]
    ages = [[row.pop("age_s") for row in rows] for rows in given]
    assert given[0] == given[1] == before.get("boluses", {"given": []})["given"]
    assert all(-3 <= old_s - new_s < 120 for old_s, new_s in zip(*ages))


def formats_in(image: bytes) -> dict[int, set[int]]:
    """By kind of record: the formats of those that are whole, by their headers."""
    disk = LittleDisk(holding(image))
    disk.mount()
    found: dict[int, set[int]] = {}
    for kind, name in NAMES.items():
        for path in (*paths_of(kind), f"/pump/{name}/0", f"/pump/{name}/1"):
            try:
                with disk.open(path, "rb") as file:
                    data = file.read()
            except OSError:
                continue
            if len(data) > HEADER_BYTES + 4 and data[-4:] == crc32(data[:-4]).to_bytes(
                4, "little"
            ):
                magic, of_kind, form, length = data[:4]
                assert (magic, of_kind, length) == (0xB1, kind, len(data) - HEADER_BYTES - 4)
                found.setdefault(kind, set()).add(form)
    return found


def test_each_format_of_each_record_is_in_an_image() -> None:
    """One that is in none could not be proved to be read."""
    kept: dict[int, set[int]] = {}
    for sheet in SHEETS:
        for kind, forms in formats_in(image_of(sheet)).items():
            kept.setdefault(kind, set()).update(forms)
    expected = {kind: len(forms) for kind, forms in enumerate(records.FORMATS) if forms}
    assert kept == {kind: set(range(1, newest + 1)) for kind, newest in expected.items()}
    assert formats_in(image_of(IMAGES / f"{VERSION}.json")) == {
        kind: {newest} for kind, newest in expected.items()
    }, "the image of this release has the newest of each"


def test_there_is_an_image_of_this_release() -> None:
    assert VERSION in [sheet.stem for sheet in SHEETS]


def test_an_image_is_made_as_the_kept_ones_were() -> None:
    flash = Flash()
    bed = a_life(flash)
    assert told(bed)["totals"]["verified_steps"] > 5_000
    assert bed.state == schema.RUNNING
