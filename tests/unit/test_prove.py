"""`make prove`: every figure once, and none that holds because nobody could measure it."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

from tools import prove
from tools.figures.figure import at_least, at_most

FOLDER = Path(prove.__file__).parent / "figures"
ALL = [
    figure
    for subject in (*prove.SUBJECTS, prove.BY_ITSELF)
    for figure in prove.figures_of(import_module(f"tools.figures.{subject}"))
]


def test_every_subject_is_measured() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")}
    assert {*prove.SUBJECTS, prove.BY_ITSELF} == files - {"__init__", "figure", "cases"}


def test_every_figure_has_a_name_of_its_own_and_a_target_within_its_gate() -> None:
    assert not [name for name, count in Counter(one.ident for one in ALL).items() if count > 1]
    for one in ALL:
        assert one.target >= one.gate if one.at_least else one.target <= one.gate, one.ident


@pytest.mark.parametrize("kind", [at_most, at_least])
def test_what_cannot_be_measured_does_not_hold(
    kind: type, capsys: pytest.CaptureFixture[str]
) -> None:
    @kind("X-01", "a promise", "cuts", 0)  # type: ignore[misc]
    def broken() -> int:
        raise AssertionError("nothing came")

    row = broken.row()
    assert (row["holds"], row["measured"]) == (False, None)
    assert "nothing came" in row["remark"]
    assert "nothing came" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "holds"), [(0, True), (3, True), (4, False), (None, False)])
def test_a_figure_holds_up_to_its_gate(value: "int | None", holds: bool) -> None:
    row = at_most("X-02", "a promise", "cuts", 3)(lambda: value).row()
    assert row["holds"] is holds
    assert ("holds" if holds else "FAILS") in prove.line(row)
