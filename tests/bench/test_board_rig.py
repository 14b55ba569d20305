"""A rig whose pump is on a board."""

import pytest

from emulator.bench.board_rig import BoardRig
from emulator.rig import Rig
from emulator.world import World


def test_the_power_of_a_board_is_not_cut_and_that_is_a_refusal() -> None:
    """A scenario tells it as an action that cannot be done, a console as words."""
    rig = BoardRig(World)  # type: ignore[arg-type]  # any world stands for a board here
    with pytest.raises(ValueError, match=r"not ours to cut.*pump-emulator"):
        rig.happen("power", 0.0)
    Rig().happen("power", 0.0)  # an emulated pump's does
