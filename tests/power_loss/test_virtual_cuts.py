"""The power of a virtual Pico fails at random instants, in writes too: nothing is lost.

A failure names the cuts; `python -m tests.power_loss.virtual_cuts ID` runs one of them again.
"""

import os
import zlib
from typing import Any

import pytest

from emulator.bench.nor import ERASE, PAGE
from emulator.bench.pico import VirtualPico
from firmware import keeper
from protocol.wire import schema
from tests.bench.copies import in_a_copy
from tests.power_loss.board_ward import BoardWard
from tests.power_loss.expected import Expected
from tests.power_loss.given import STEP_NL, Given
from tests.power_loss.virtual_cuts import (
    AFTER_IT,
    AT_ANY_TIME,
    IN_A_BOLUS,
    Left,
    cut_of,
    cuts,
    run,
)

pytestmark = pytest.mark.xdist_group("gated_pico")
COUNT = int(os.environ.get("VIRTUAL_CUTS", "20"))
PARTS = range(0, COUNT, 10)
A_BOLUS = Given(number=1, bolus_nl_day=4_800_000, basal_nl_day=500_000, begun=100, ended=153)
HIDDEN_MAX = 43


@pytest.fixture(scope="module")
def left(gated_pico: VirtualPico) -> list[Left]:
    return cuts(gated_pico, COUNT)


def test_the_cuts_are_as_many_as_promised_and_of_every_kind(left: list[Left]) -> None:
    """Before, in and after a bolus, too."""
    assert len({one.ident for one in left}) == len(left) == COUNT >= 20
    once = [one for one in left if one.cuts == 1]
    assert {one.within for one in once} == {AT_ANY_TIME, ERASE, PAGE}
    assert {one.doing for one in once} >= {"deliver", "stop_and_start", IN_A_BOLUS, AFTER_IT}
    assert {one.doing for one in once if one.within == PAGE} >= {"prescribe", IN_A_BOLUS, AFTER_IT}
    assert sum(one.cuts == 2 for one in left) == COUNT // 5


def test_what_a_cut_may_hide_is_what_was_reserved(left: list[Left]) -> None:
    """At up to 1.2 mL/day, and at 5.3 mL/day from the bolus on; once more after another cut."""
    for one in left:
        at_most = {10, 10 + 10} if one.given is None else {43, 43 + 10}
        assert one.hidden_max - 3 in at_most, one.ident
    assert [keeper.block_steps(rate) for rate in (1_200_000, 5_300_000)] == [10, 43]


@pytest.mark.parametrize("first", PARTS)
def test_a_cut_at_a_random_instant_loses_nothing(
    gated_pico: VirtualPico, left: list[Left], first: int
) -> None:
    found = {one.ident: run(gated_pico, one) for one in left[first : first + 10]}
    assert not {ident: wrong for ident, wrong in found.items() if wrong}


def test_an_id_stands_for_that_very_cut(gated_pico: VirtualPico, left: list[Left]) -> None:
    first = min((one for one in left if one.cuts == 1), key=lambda one: int(one.ident))
    assert cut_of(gated_pico, first.ident) == first._replace(within=AT_ANY_TIME)


def _of_another_pump(pico: VirtualPico, one: Left) -> list[list[str]]:
    """What is said of a pump that was to be another: by what was answered, and by its plant."""
    ward = BoardWard(pico, zlib.decompress(one.system), one.steps + one.hidden_max + 40)
    ward.may = one.may
    setup, fields = one.may["treatment"][-1]
    ward.may["treatment"] = [(setup, {**fields, "dose_ng_day": fields["dose_ng_day"] + 1})]
    ward.may["is_on"] = [False]
    ward.may["newest"] = [1 << 20]
    ward.may["boluses"] = [2]
    ward.given = one.given
    ward.bolus_over()
    ward.start()
    return [what.split()[0] for what in ward.wrong(one.hidden_max)]


def test_a_cut_that_loses_something_would_be_found(
    gated_pico: VirtualPico, left: list[Left]
) -> None:
    """The campaign's own guard: another prescription, stopped, another bolus, many steps more, in
    the bolus too, a longer log."""
    once = next(one for one in left if one.cuts == 1 and one.doing == IN_A_BOLUS)
    assert once.may["boluses"] == [1]
    said = in_a_copy(_of_another_pump, gated_pico, once)
    assert said == ["treatment", "is_on", "boluses", "bolus", "ledger", "log"]


def told(outcome: int, verified: int, possible: int) -> dict[str, Any]:
    row = {"verified_nl": verified * STEP_NL, "possible_nl": possible * STEP_NL}
    return {"count": 1, "boluses": [{**row, "outcome": outcome}]}


@pytest.mark.parametrize("outcome", [schema.CANCELLED, schema.ENDED_BY_RESET])
@pytest.mark.parametrize("bracket", [(48, 48), (5, 48), (48, 91), (49, 49), (45, 45)])
def test_a_bolus_that_ended_and_whose_bracket_holds_is_right(
    outcome: int, bracket: tuple[int, int]
) -> None:
    """Of 53 steps in all 48 are its own."""
    pump = Expected(None)
    pump.given = A_BOLUS
    pump.may["boluses"] = [0, 1]
    assert pump.wrong_boluses(told(outcome, *bracket), False, HIDDEN_MAX) == []
    assert pump.wrong_boluses({"count": 0, "boluses": []}, False, HIDDEN_MAX) == []


@pytest.mark.parametrize(
    ("outcome", "bracket", "goes_on", "says"),
    [
        (schema.UNDER_WAY, (48, 48), False, "goes on"),
        (schema.CANCELLED, (48, 48), True, "goes on"),
        (schema.WHOLE, (48, 48), False, "WHOLE"),
        (schema.ENDED_BY_RESET, (0, 44), False, "nL, plant"),
        (schema.ENDED_BY_RESET, (50, 60), False, "nL, plant"),
        (schema.ENDED_BY_RESET, (4, 48), False, "wide"),
    ],
)
def test_a_bolus_that_goes_on_or_whose_bracket_does_not_hold_would_be_found(
    outcome: int, bracket: tuple[int, int], goes_on: bool, says: str
) -> None:
    pump = Expected(None)
    pump.given = A_BOLUS
    pump.may["boluses"] = [1]
    wrong = pump.wrong_boluses(told(outcome, *bracket), goes_on, HIDDEN_MAX)
    assert wrong
    assert says in wrong[0]
