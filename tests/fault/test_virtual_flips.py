"""A bit of the guarded arrays flips in the RAM of a virtual Pico: found before the next step."""

import os

import pytest

from emulator.bench.pico import VirtualPico
from tests.fault.virtual_flips import CONTROL, INSTANTS, Flip, campaign

pytestmark = pytest.mark.xdist_group("gated_pico")
COUNT = int(os.environ.get("VIRTUAL_FLIPS", "20"))  # `make test-long` and `make prove`: 1,000

Found = list[tuple[Flip, str]]


@pytest.fixture(scope="module")
def found(gated_pico: VirtualPico) -> Found:
    return campaign(gated_pico, COUNT)


def test_flipped_bits_are_found_before_the_next_step(found: Found) -> None:
    flips = [(flip, wrong) for flip, wrong in found if flip.array != CONTROL]
    assert [(flip, wrong) for flip, wrong in flips if wrong] == []
    assert len({flip for flip, _ in flips}) == COUNT >= 20
    assert {flip.instant for flip, _ in flips} == set(INSTANTS)
    assert {flip.array for flip, _ in flips} >= {"step", "rest", "totals"}


def test_a_flip_that_nobody_finds_would_be_told(found: Found) -> None:
    said = [wrong for flip, wrong in found if flip.array == CONTROL]
    assert len(said) == len(INSTANTS)
    for wrong in said:
        assert wrong.startswith("not found: the motor supply is on, a step after the flip")
