"""The set-up: from a file, from options, from both; typed units, limits of the wire."""

from pathlib import Path

import pytest

from protocol.programmer import setup_file
from protocol.programmer.toml_file import FileError
from protocol.wire import codec, schema

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "simple.toml"

OPTIONS = {
    "serial": "OITB-0002",
    "patient_label": "Example B",
    "drug": "baclofen",
    "conc_mcg_ml": "500 mcg/mL",
    "reservoir_nl": "40 mL",
    "catheter_um": "110 cm",
    "catheter_nl_cm": "2.6 uL/cm",
    "dose_ng_day_limit": "800 mcg/day",
}


def test_the_fields_are_those_of_the_wire_in_its_order() -> None:
    fields = [name for name, *_ in schema.MESSAGES[schema.SETUP]]
    assert [name for name, *_ in setup_file.FIELDS] == fields


def test_options_alone_will_do() -> None:
    values = setup_file.read(None, OPTIONS)
    assert values["catheter_um"] == 1_100_000
    assert values["dose_ng_day_limit"] == 800_000
    assert codec.decode(schema.SETUP, codec.encode(schema.SETUP, values)) == values


def test_an_option_holds_over_the_file() -> None:
    values = setup_file.read(EXAMPLE, {"reservoir_nl": "40 mL"})
    assert values["reservoir_nl"] == 40_000_000
    assert values["serial"] == "OITB-0001"


@pytest.mark.parametrize("field", sorted(OPTIONS))
def test_what_is_missing_is_named_with_its_option(field: str) -> None:
    given = {name: text for name, text in OPTIONS.items() if name != field}
    with pytest.raises(FileError) as caught:
        setup_file.read(None, given)
    assert caught.value.place == setup_file.option_of(field)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("reservoir_nl", "20", 'write "20 mL"'),
        ("reservoir_nl", "30 mL", '"20 mL" or "40 mL"'),
        ("catheter_um", "0.5 cm", "1 to 150 cm"),
        ("catheter_um", "89 in", "units accepted"),
        ("catheter_nl_cm", "22 uL/cm", "1 to 5 uL/cm"),
        ("dose_ng_day_limit", "50000 mcg/day", "1 to 48000 mcg/day"),
        ("dose_ng_day_limit", "40 mcg/h", '"mcg/day"'),
        ("serial", "OITB-0000000000001", "1 to 16"),
    ],
)
def test_a_faulty_option_is_refused(field: str, text: str, said: str) -> None:
    with pytest.raises(FileError) as caught:
        setup_file.read(None, {**OPTIONS, field: text})
    assert caught.value.place == setup_file.option_of(field)
    assert said in str(caught.value)


def test_a_misspelt_key_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(EXAMPLE.read_text().replace("dose_limit", "dose_limt"))
    with pytest.raises(FileError, match="dose_limt: is not known"):
        setup_file.read(path, {})
