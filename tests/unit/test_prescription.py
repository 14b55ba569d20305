"""Prescription files: what is accepted, and that a refusal names file, table and key."""

from pathlib import Path

import pytest

from protocol.programmer import prescription, setup_file
from protocol.programmer.prescription import Prescription
from protocol.programmer.program import Program, Segment
from protocol.programmer.toml_file import FileError
from protocol.wire import schema

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

WHOLE = """
[pump]
serial = "OITB-0001"
patient_label = "Bed 4"

[drug]
name = "baclofen"
concentration = "2000 mcg/mL"

[therapy]
mode = "schedule"
dose = "380 mcg/day"

[[therapy.segment]]
start = "06:00"
rate = "12 mcg/h"

[[therapy.segment]]
start = "14:00"
rate = "14 mcg/h"

[[therapy.segment]]
start = "20:00"
rate = "20 mcg/h"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    return path


def read(tmp_path: Path, text: str) -> Prescription:
    return prescription.read(written(tmp_path, text))


def continuous(line: str) -> str:
    return WHOLE[: WHOLE.index("[therapy]")] + f'[therapy]\nmode = "continuous"\n{line}\n'


def test_a_schedule_is_read_whole(tmp_path: Path) -> None:
    segments = (Segment(360, 144_000), Segment(840, 168_000), Segment(1_200, 240_000))
    program = Program(2_000, schema.SCHEDULE, segments)
    assert read(tmp_path, WHOLE) == Prescription("OITB-0001", "Bed 4", "baclofen", program)


@pytest.mark.parametrize(
    "line", ['dose = "300 mcg/day"', 'rate = "12.5 mcg/h"', 'rate = "0.15 mL/day"']
)
def test_a_continuous_dose_may_be_written_in_three_ways(tmp_path: Path, line: str) -> None:
    program = Program(2_000, schema.CONTINUOUS, (Segment(0, 150_000),))
    assert read(tmp_path, continuous(line)).program == program


def test_who_it_is_for_may_be_left_out(tmp_path: Path) -> None:
    text = WHOLE[WHOLE.index("[drug]") :]
    found = read(tmp_path, text)
    assert (found.serial, found.patient_label) == ("", "")


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.toml")))
def test_every_example_is_a_prescription_and_a_set_up(name: str) -> None:
    found = prescription.read(EXAMPLES / name)
    setup = setup_file.read(EXAMPLES / name, {})
    assert found.program.conc_mcg_ml == setup["conc_mcg_ml"]
    assert found.program.dose_ng_day <= setup["dose_ng_day_limit"]
    assert 300_000 <= found.program.dose_ng_day <= 800_000, "usual, spasticity of spinal origin"


def test_the_night_example_gives_more_by_night_than_by_day() -> None:
    program = prescription.read(EXAMPLES / "night.toml").program
    night_ng = program.dose_ng(1_200, 600)
    assert night_ng > program.dose_ng(360, 840) > 0
    assert program.rate_at(0) > max(program.rate_at(minute) for minute in range(360, 1_200))


REFUSED = [
    # what is put instead of what, the place that is named, what is said
    ('"2000 mcg/mL"', "2000", "p.toml, [drug], concentration", "bare number"),
    ('"2000 mcg/mL"', '"1500 mcg/mL"', "p.toml, [drug], concentration", "500 mcg/mL"),
    ('"12 mcg/h"', "12.5", "p.toml, [therapy.segment 1], rate", '"12.5 mcg/day"'),
    ('"14 mcg/h"', '"14 mcg"', "p.toml, [therapy.segment 2], rate", "units accepted"),
    ('"14 mcg/h"', '"14.00001 mcg/h"', "p.toml, [therapy.segment 2], rate", "nearest"),
    ('"20:00"', '"14:00"', "p.toml, [therapy.segment 3], start", "order of the day"),
    ('"20:00"', '"8 pm"', "p.toml, [therapy.segment 3], start", "06:30"),
    ('"20:00"', "20:00:00", "p.toml, [therapy.segment 3], start", '"22:00"'),
    ('"380 mcg/day"', '"308 mcg/day"', "p.toml, [therapy], dose", "add up to 380 mcg/day"),
    ('"380 mcg/day"', "380", "p.toml, [therapy], dose", '"380 mcg/day"'),
    ("dose =", "dosis =", "p.toml, [therapy], dosis", "known: mode, segment"),
    ('"schedule"', '"flex"', "p.toml, [therapy], mode", '"continuous" or "schedule"'),
    ("[drug]", "[drugs]", "p.toml, [drug]", "missing"),
    ("name =", "nome =", "p.toml, [drug], name", "missing"),
    ('"Bed 4"', '"Bed \u00e4"', "p.toml, [pump], patient_label", "ASCII"),
    ('"Bed 4"', '"' + "x" * 25 + '"', "p.toml, [pump], patient_label", "1 to 24"),
    ('"Bed 4"', "4", "p.toml, [pump], patient_label", 'in quotes: "4"'),
    ("[[therapy.segment]]", "[[therapy.segments]]", "p.toml, [therapy], segment", "1 to 24"),
    ('mode = "schedule"', 'mode "schedule"', "p.toml", "no TOML"),
    ("[therapy]\n", "[extra]\nx = 1\n[therapy]\n", "p.toml, extra", "not known"),
]


@pytest.mark.parametrize(("old", "new", "place", "said"), REFUSED)
def test_a_refusal_names_the_place_and_what_to_write(
    tmp_path: Path, old: str, new: str, place: str, said: str
) -> None:
    assert old in WHOLE
    with pytest.raises(FileError) as caught:
        read(tmp_path, WHOLE.replace(old, new))
    assert caught.value.place == place
    assert said in str(caught.value)


def test_dose_and_rate_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="say the same"):
        read(tmp_path, continuous('dose = "300 mcg/day"\nrate = "12.5 mcg/h"'))


def test_a_day_that_delivers_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="delivers nothing"):
        read(tmp_path, continuous('rate = "off"'))


def test_more_segments_than_the_pump_holds_are_refused(tmp_path: Path) -> None:
    rows = "".join(
        f'[[therapy.segment]]\nstart = "{n // 2:02d}:{n % 2 * 30:02d}"\nrate = "9 mcg/h"\n'
        for n in range(25)
    )
    text = WHOLE[: WHOLE.index("dose =")] + rows
    with pytest.raises(FileError, match="1 to 24 segments, not 25"):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="No such file"):
        prescription.read(tmp_path / "none.toml")
