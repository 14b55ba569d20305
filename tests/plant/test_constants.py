"""Every constant has a unit, a mark and a reason; sources named are sources listed."""

import re
from pathlib import Path

import pytest

from emulator.plant import constants

TEXT = Path(constants.__file__).read_text(encoding="utf-8")
LINES = [line for line in TEXT.splitlines() if re.match(r"[A-Z]\w+ = ", line)]
UNITS = (
    "_C", "_HZ", "_MM", "_NL", "_NL_DAY_KPA", "_PA", "_PA_S", "_RAD", "_UNM", "_US", "_PER_TURN",
    "_RATIO", "_SENSOR", "CODE", "POISSON", "TOLERANCE",
)  # fmt: skip
MARK = re.compile(r"# (published \[|derived: \w|unconfirmed: \w|assumed: \w)")


def test_all_constants_are_seen() -> None:
    public = [name for name in vars(constants) if name.isupper()]
    assert sorted(public) == sorted(line.split(" = ")[0] for line in LINES)


@pytest.mark.parametrize("line", LINES)
def test_constant_ends_with_its_unit_and_has_mark_and_reason(line: str) -> None:
    name = line.split(" = ")[0]
    assert name.removesuffix("_MIN").removesuffix("_MAX").endswith(UNITS)
    assert MARK.search(line), "no mark, or no reason"


def test_every_source_named_is_listed_and_every_source_listed_is_used() -> None:
    head, body = TEXT.split('"""', 2)[1:]
    listed = set(re.findall(r"^    (\w+)  +[A-Z]", head.split("Sources\n")[1], re.MULTILINE))
    assert set(re.findall(r"\[(\w+)\]", body.split("class SensorRow")[0])) == listed


def test_noise_fits_the_table_of_ones() -> None:
    for row in (constants.PRESSURE_SENSOR, constants.LEVEL_SENSOR):
        assert 0 < row.noise_bits <= 8


def test_a_step_is_over_before_the_rotor_must_have_settled() -> None:
    assert 4 * constants.ENCODER_QUARTER_US <= constants.SETTLE_US == 10_000
