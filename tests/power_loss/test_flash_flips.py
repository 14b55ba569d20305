"""A flash that loses what it had: a bit of anything that lies there, or a block of it."""

from contextlib import suppress

import pytest

from firmware import records
from protocol.wire import schema
from tests.power_loss import bad_blocks, flash_flips
from tests.power_loss.bad_blocks import ALARMED, KEPT
from tests.power_loss.images import aged
from tests.power_loss.test_campaign import IS_LONG
from tests.power_loss.ward import Down, Image, Ward

# Written again and again; with a full log; begun with an older disk.
IMAGES = (0, 3, 12, 25) if IS_LONG else (0, 3)
EVERY = 3 if IS_LONG else 61
FEW = 3 if IS_LONG else 17
LIVES = 6 if IS_LONG else 2
LIFE_S = 30 * 3_600 + 60  # 6,000 records of the ledger; what they moved was just written down
LIVED = (0, 1, 2, 3) if IS_LONG else (0, 3)  # the first few blocks free, all, three, sixty
GOOD = {KEPT, ALARMED}
RESTARTS = 240  # each settles the folders of the records: they move with every hundredth


@pytest.mark.parametrize("image", IMAGES)
def test_a_flipped_bit_of_the_flash_loses_nothing_untold(image: int) -> None:
    count, wrong = flash_flips.campaign(image, EVERY)
    print(f"{count} bits flipped, {len(wrong)} wrong")
    assert not wrong
    assert count > 100


def without_each_block(content: Image, among: set[int] | None = None) -> dict[int, str]:
    """What comes of it, by block: each that holds something is as if erased. What is wrong may
    show only when it has been written to, so at the start after next.
    """
    outcomes = {}
    for block in flash_flips.blocks(content) if among is None else among:
        ward = Ward(content)
        ward.flash._blocks[block] = ward.flash._erased
        ward.boot()
        outcomes[block] = bad_blocks._outcome(ward)
        if outcomes[block] in GOOD:
            ward.run(s=20)
            ward.reboot()
            outcomes[block] = bad_blocks._outcome(ward)
    return outcomes


def off(ward: Ward) -> Image:
    """The power fails."""
    ward.world.power_cut()
    ward.flash.power_on()
    return ward.image()


@pytest.mark.parametrize("image", [0, 1, 3])
def test_a_block_that_is_gone_at_the_next_start_loses_nothing_untold(image: int) -> None:
    ward = Ward(aged(image))
    ward.boot()
    ward.prescribe((0, 900_000))
    ward.run(s=40)
    outcomes = without_each_block(off(ward))
    assert set(outcomes.values()) <= GOOD, outcomes
    assert len(outcomes) > 10


@pytest.mark.parametrize("image", LIVED)
def test_a_pump_whose_folders_have_moved_loses_nothing_with_a_block_or_a_bit(image: int) -> None:
    """littlefs moves a folder after a hundred compactions, those of the ledger within a day, and
    where they were is soon something else's: what knows where they are must not lead there.
    """
    content = aged(image)
    for _ in range(LIVES):
        ward = Ward(content)
        ward.boot()
        ward.run(s=LIFE_S)
        before = flash_flips.starting_with(content, b"ledger")
        content = off(ward)
        moved = flash_flips.starting_with(content, b"ledger") - before
        assert moved, "else this tests nothing"
        outcomes = without_each_block(content)
        assert set(outcomes.values()) <= GOOD, outcomes
    above = flash_flips.starting_with(content, b"kept", records.MADE.encode())
    assert above > flash_flips.starting_with(content, b"kept")
    count, wrong = flash_flips.flip_some(content, FEW, above)
    assert not wrong
    assert count > 100


@pytest.mark.parametrize("image", LIVED)
def test_a_pump_that_is_restarted_again_and_again_loses_nothing_with_a_block(image: int) -> None:
    ward = Ward(aged(image))
    ward.boot()
    outcomes = {}
    for number in range(RESTARTS):
        ward.run(s=320)
        ward.settled()
        ward.reboot()
        if number > RESTARTS // 4 and number % 8 == 0:
            ward.run(s=320)
            content = ward.image()
            above = flash_flips.starting_with(content, b"kept", records.MADE.encode())
            outcomes[number] = set(without_each_block(content, above).values())
    assert set().union(*outcomes.values()) <= GOOD, outcomes


@pytest.mark.parametrize("operation", range(2, 60, 1 if IS_LONG else 4))
def test_a_first_start_that_was_cut_leaves_folders_that_a_block_can_be_lost_of(
    operation: int,
) -> None:
    ward = Ward()
    ward.flash.cut(operation, "before", 0)
    with suppress(Down):
        ward.boot()
        ward.run(s=1)
    assert ward.flash.dead, "the start takes as many operations"
    ward.reboot()
    ward.bedside.commission()
    ward.may["treatment"] = [(ward.pump.setup, None)]
    ward.prescribe((0, 900_000))
    with ward.becoming(is_on=True):
        ward.ask(schema.START)
    ward.run(s=300)
    ward.settled()
    outcomes = without_each_block(off(ward))
    assert set(outcomes.values()) <= GOOD, outcomes
