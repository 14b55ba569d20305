"""The errors that have hurt people, a dose too large by 10, 24, 60 or 1,000, at the programmer's
desk: either the pump refuses it, or it stands in the comparison and has to be typed again.
"""

from pathlib import Path

import pytest

from protocol.wire import schema
from tests.wire.desk import OK, SIMPLE, Desk


@pytest.fixture
def desk() -> Desk:
    """A pump that holds 300 mcg/day."""
    desk = Desk()
    desk.program(SIMPLE)
    return desk


def written(tmp_path: Path, dose: str, limit: str = "1000 mcg/day") -> str:
    text = Path(SIMPLE).read_text().replace('"300 mcg/day"', f'"{dose}"')
    file = tmp_path / "dose.toml"
    file.write_text(text.replace('"1000 mcg/day"', f'"{limit}"'))
    return str(file)


@pytest.mark.parametrize("factor", [10, 24, 60])
def test_a_factor_below_the_limit_is_shown_and_has_to_be_typed(
    desk: Desk, tmp_path: Path, factor: int
) -> None:
    """A limit set far too high, so that only the person is left to see it."""
    desk.bed.programmer.hold_magnet()
    high = written(tmp_path, "300 mcg/day", "48000 mcg/day")
    assert desk.run("setup", high, "--yes").exit_code == OK
    assert desk.run("program", high, "--yes").exit_code == OK
    wrong = written(tmp_path, f"{300 * factor} mcg/day", "48000 mcg/day")
    done = desk.run("program", wrong, typed="y\n")
    assert f"+{factor - 1}00.0 %" in done.output
    assert f"{300 * factor} mcg/day" in done.output
    assert "UNUSUAL" in done.output
    assert done.exit_code != OK, "a yes alone is not enough"
    assert desk.ask("interrogate")["result"]["program"]["dose_ng_day"] == 300_000


@pytest.mark.parametrize("factor", [10, 24, 60, 1_000])
def test_a_factor_is_beyond_the_limit_of_a_usual_set_up(
    desk: Desk, tmp_path: Path, factor: int
) -> None:
    before = desk.ask("interrogate")["result"]["program"]
    done = desk.run("program", written(tmp_path, f"{300 * factor} mcg/day"), "--yes")
    assert done.exit_code != OK
    assert "Accepted" in done.output or "0.048 to 24 mL/day" in done.output
    assert desk.ask("interrogate")["result"]["program"] == before
    assert desk.bed.state == schema.STOPPED
