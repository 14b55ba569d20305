"""Every block goes bad, in every way: the prescription stays, or a critical alarm tells."""

import pytest

from emulator.flash import BLOCKS, DEFECTS
from tests.power_loss import bad_blocks
from tests.power_loss.bad_blocks import ALARMED, KEPT
from tests.power_loss.test_campaign import IS_LONG

IMAGES = (0, 7, 12, 17, 25) if IS_LONG else (0, 12)  # 12: a full log, its ring as long as it gets


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_block_that_goes_bad_loses_nothing_untold(defect: str, image: int) -> None:
    """Errors of reading too, which the board's memory-mapped flash does not know: MicroPython
    formats a disk that cannot be mounted then, and the pump says that all is lost.
    """
    outcomes = {block: bad_blocks.run(image, block, defect) for block in range(BLOCKS)}
    assert set(outcomes.values()) <= {KEPT, ALARMED}, outcomes
