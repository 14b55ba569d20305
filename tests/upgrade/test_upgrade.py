"""Every flash that a release has left is booted by this firmware, with all that it held."""

import gzip
import json
from pathlib import Path

import pytest

from emulator.flash import Flash
from firmware import records
from firmware.version import VERSION
from protocol.wire import schema
from tests.upgrade.make_image import IMAGES, a_life, bed_on, told

SHEETS = sorted(IMAGES.glob("*.json"))


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
    image = gzip.decompress((IMAGES / f"{sheet.stem}.bin.gz").read_bytes())
    flash = holding(image)
    bed = bed_on(flash)
    bed.run(s=2)
    assert bed.state == schema.RUNNING
    assert not bed.status()["alarms_active"] & ~(1 << schema.CLOCK_LOST)
    before = json.loads(sheet.read_text())
    now = told(bed)
    assert now["setup"] == before["setup"]
    assert now["prescription"] == before["prescription"]
    reserved = now["totals"].pop("unverified_steps") - before["totals"].pop("unverified_steps")
    assert 0 <= reserved <= 8, "steps that may have been made since the last record"
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
    bed.world.power_cut()
    bed.world.power_on()
    bed.run(s=2)
    assert bed.state == schema.RUNNING, "and written in today's form it is read again"


def test_each_format_of_each_record_is_in_an_image_or_is_todays() -> None:
    """An old format without an image could not be proved to be read."""
    formats = sum(len(formats) for formats in records.FORMATS)
    assert len(SHEETS) >= formats - len(records.FORMATS) + 2


def test_there_is_an_image_of_this_release() -> None:
    assert VERSION in [sheet.stem for sheet in SHEETS]


def test_an_image_is_made_as_the_kept_ones_were() -> None:
    flash = Flash()
    bed = a_life(flash)
    assert told(bed)["totals"]["verified_steps"] > 5_000
    assert bed.state == schema.RUNNING
