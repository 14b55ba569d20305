"""The power of a virtual Pico fails at random instants, in writes too: nothing is lost.

A failure names the cuts; `python -m tests.power_loss.virtual_cuts ID` runs one of them again.
"""

import os
import zlib

import pytest

from emulator.bench.nor import ERASE, PAGE
from emulator.bench.pico import VirtualPico
from tests.bench.copies import in_a_copy
from tests.power_loss.board_ward import BoardWard
from tests.power_loss.virtual_cuts import AT_ANY_TIME, Left, cuts, run

pytestmark = pytest.mark.xdist_group("gated_pico")
COUNT = int(os.environ.get("VIRTUAL_CUTS", "20"))
PARTS = range(0, COUNT, 10)
HIDDEN_MAX = 13


@pytest.fixture(scope="module")
def left(gated_pico: VirtualPico) -> list[Left]:
    return cuts(gated_pico, COUNT)


def test_the_cuts_are_as_many_as_promised_and_of_every_kind(left: list[Left]) -> None:
    assert len({one.ident for one in left}) == len(left) == COUNT >= 20
    assert {one.within for one in left if one.cuts == 1} == {AT_ANY_TIME, ERASE, PAGE}
    assert sum(one.cuts == 2 for one in left) == COUNT // 5


@pytest.mark.parametrize("first", PARTS)
def test_a_cut_at_a_random_instant_loses_nothing(
    gated_pico: VirtualPico, left: list[Left], first: int
) -> None:
    found = {one.ident: run(gated_pico, one) for one in left[first : first + 10]}
    assert not {ident: wrong for ident, wrong in found.items() if wrong}


def _of_another_pump(pico: VirtualPico, one: Left) -> list[list[str]]:
    """What is said of a pump that was to be another: by what was answered, and by its plant."""
    ward = BoardWard(pico, zlib.decompress(one.system), one.steps + 40)
    ward.may = one.may
    setup, fields = one.may["treatment"][-1]
    ward.may["treatment"] = [(setup, {**fields, "dose_ng_day": fields["dose_ng_day"] + 1})]
    ward.may["is_on"] = [False]
    ward.may["newest"] = [1 << 20]
    ward.start()
    return [what.split()[0] for what in ward.wrong(HIDDEN_MAX)]


def test_a_cut_that_loses_something_would_be_found(
    gated_pico: VirtualPico, left: list[Left]
) -> None:
    """The campaign's own guard: another prescription, stopped, 40 steps more, a longer log."""
    once = next(one for one in left if one.cuts == 1)
    said = in_a_copy(_of_another_pump, gated_pico, once)
    assert said == ["treatment", "is_on", "ledger", "log"]
