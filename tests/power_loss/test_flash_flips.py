"""A flash that loses what it had: a bit of anything that lies there, or a block of it."""

import pytest

from tests.power_loss import bad_blocks, flash_flips
from tests.power_loss.bad_blocks import ALARMED, KEPT
from tests.power_loss.images import aged
from tests.power_loss.test_campaign import IS_LONG
from tests.power_loss.ward import Ward

# One that has moved its folders, one with a full log, one that began with an older disk.
IMAGES = (0, 3, 12, 25) if IS_LONG else (0, 3)
EVERY = 3 if IS_LONG else 31


@pytest.mark.parametrize("image", IMAGES)
def test_a_flipped_bit_of_the_flash_loses_nothing_untold(image: int) -> None:
    count, wrong = flash_flips.campaign(image, EVERY)
    print(f"{count} bits flipped, {len(wrong)} wrong")
    assert not wrong
    assert count > 100


@pytest.mark.parametrize("image", [0, 1, 3])
def test_a_block_that_is_gone_at_the_next_start_loses_nothing_untold(image: int) -> None:
    """Each block that holds something: as if erased, or as if it could not be read."""
    ward = Ward(aged(image))
    ward.boot()
    ward.prescribe((0, 900_000))
    ward.run(s=40)
    ward.world.power_cut()
    ward.flash.power_on()
    content = ward.image()
    outcomes = {}
    for block, data in enumerate(content.content[0]):
        if (
            block >= flash_flips.ROOT_BLOCKS
            and data.strip(b"\xff")
            and data.count(0) < len(data) * 9 // 10
        ):
            again = Ward(content)
            again.flash._blocks[block] = again.flash._erased
            again.boot()
            outcomes[block] = bad_blocks._outcome(again)
    assert set(outcomes.values()) <= {KEPT, ALARMED}, outcomes
    assert len(outcomes) > 10
