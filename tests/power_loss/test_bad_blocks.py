"""Every block goes bad, in every way: the prescription stays, or a critical alarm tells."""

import pytest

from emulator.flash import BLOCKS, DEFECTS
from tests.power_loss import bad_blocks
from tests.power_loss.bad_blocks import ALARMED, BLANK, KEPT, NO_DISK
from tests.power_loss.test_campaign import IS_LONG

FOLDERS_THERE = 12  # root, /pump, two for each generation, the log in up to two parts
IMAGES = (0, 7, 12, 17, 25) if IS_LONG else (0, 12)  # 12: a full log, its ring as long as it gets


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("defect", [defect for defect in DEFECTS if not defect.startswith("read")])
def test_a_block_that_cannot_be_written_loses_nothing(defect: str, image: int) -> None:
    outcomes = {block: bad_blocks.run(image, block, defect) for block in range(BLOCKS)}
    assert set(outcomes.values()) <= {KEPT, ALARMED}, outcomes


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("defect", ["read error", "read lost"])
def test_a_block_that_cannot_be_read_is_survived_or_leaves_no_disk(
    defect: str, image: int
) -> None:
    """The board's flash is part of its memory and knows no such error. If it did, MicroPython
    would format a disk that cannot be mounted: the pump is blank then, and delivers nothing.
    """
    outcomes = [bad_blocks.run(image, block, defect) for block in range(BLOCKS)]
    assert set(outcomes) <= {KEPT, ALARMED, BLANK, NO_DISK}
    assert sum(outcome in (BLANK, NO_DISK) for outcome in outcomes) <= 2 * FOLDERS_THERE
