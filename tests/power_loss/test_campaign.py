"""The power fails at every operation of the flash, in every way: nothing is lost, halved or mixed.

A failure names the cuts; `python -m tests.power_loss.campaign ID` runs one of them again.
"""

import os

import pytest

from emulator.flash_damage import CUTS
from tests.power_loss import campaign
from tests.power_loss.campaign import VARIANTS, Cut, case_id, cuts_of, pairs_of
from tests.power_loss.images import COUNT, aged
from tests.power_loss.ward import BOOT_MS, LOG_FOLDER, Ward
from tests.power_loss.workloads import SETTLE_S, WORKLOADS

IMAGES = int(os.environ.get("POWER_LOSS_IMAGES", COUNT))
IS_LONG = IMAGES > COUNT
# Of their cuts one in so many, so that each operation has one; over the images all of them.
SAMPLE = {"boot": 7, "upkeep": 7, "bolus": 3, "refill": 3, "log": 3}
OTHER_SAMPLE = 2
PAIRS = 61 if IS_LONG else 401  # one pair in so many is run; a prime, so that no kind is missed
PAIR_IMAGES = range(0, IMAGES, 4)

# All cuts on each image, at least; a workload that writes less than it did would weaken the
# campaign.
CUTS_MIN = {
    "boot": 335,
    "deliver": 97,
    "prescribe": 32,
    "stop_and_start": 89,
    "set_up_anew": 162,
    "alarm": 138,
    "set_the_clock": 48,
    "bolus": 206,
    "refill": 97,
    "log": 215,
    "upkeep": 309,
}


def one_in(workload: str) -> int:
    """How many of the cuts are run: one in so many."""
    return 1 if IS_LONG else SAMPLE.get(workload, OTHER_SAMPLE)


def chosen(workload: str, image: int) -> list[Cut]:
    every = one_in(workload)
    # Not by `image` itself: what is done to an image goes by its remainders.
    return list(cuts_of(workload, image))[image // 4 % every :: every]


def test_the_campaign_is_as_large_as_promised() -> None:
    assert set(CUTS_MIN) == set(WORKLOADS)
    count = sum(least // one_in(workload) for workload, least in CUTS_MIN.items())
    assert count * IMAGES >= (30_000 if IS_LONG else 10_000)
    assert {kind for kind, _ in VARIANTS} == set(CUTS)
    assert IMAGES >= 20


@pytest.mark.parametrize(("image", "is_full"), [(7, False), (12, True)])
def test_a_segment_of_the_log_ends_while_the_power_is_cut(image: int, is_full: bool) -> None:
    """The next one is begun; where the ring is full the oldest goes first."""
    ward = Ward(aged(image))
    ward.boot()
    before = log_segments(ward)
    WORKLOADS["log"](ward)
    ward.run(s=SETTLE_S)
    after = log_segments(ward)
    assert len(after - before) == 1
    assert (len(before - after) > 0) == is_full


def log_segments(ward: Ward) -> set[str]:
    return set(ward.disk.listdir(LOG_FOLDER)) - {"settle"}


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("image", range(IMAGES))
def test_a_cut_at_every_operation_loses_nothing(image: int, workload: str) -> None:
    cuts = chosen(workload, image)
    wrong = {}
    for cut in cuts:
        found = campaign.run(workload, image, (cut,))
        if found:
            wrong[case_id(workload, image, (cut,))] = found
    assert not wrong
    assert len(cuts) >= CUTS_MIN[workload] // one_in(workload)


@pytest.mark.parametrize("image", PAIR_IMAGES)
def test_a_second_cut_in_the_start_after_a_commit_loses_nothing(image: int) -> None:
    wrong = {}
    count = 0
    for number, pair in enumerate(pairs_of("prescribe", image)):
        if number % PAIRS == image:
            count += 1
            found = campaign.run("prescribe", image, pair)
            if found:
                wrong[case_id("prescribe", image, pair)] = found
    assert not wrong
    assert count >= 10


def test_what_a_start_takes_for_sound_outlives_the_block_before_it() -> None:
    """Weak bits in the new block of a folder, read well; then the old one's erasure is cut."""
    for image, *cuts in (
        (14, Cut(53, "weak", 1), Cut(24, "torn", 90)),
        (14, Cut(51, "weak", 1), Cut(34, "torn", 90)),
    ):
        assert campaign.run("prescribe", image, tuple(cuts)) == []


def test_an_id_stands_for_those_very_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    cuts = (Cut(31, "out of order", 2), Cut(0, "weak", 1))
    ran: list[object] = []
    monkeypatch.setattr(campaign, "run", lambda *what: ran.append(what) or ["wrong"])
    assert campaign.main(case_id("set_the_clock", 17, cuts)) == 1
    assert ran == [("set_the_clock", 17, cuts)]


def test_a_cut_that_hides_a_committed_prescription_would_be_found() -> None:
    """The campaign's own guard: a flash that forgets what was answered for."""
    ward = Ward(aged(0))
    ward.boot()
    before = ward.flash.snapshot()
    ward.prescribe((0, 900_000))
    ward.world.power_cut()
    ward.flash.restore(before)
    ward.world.power_on()
    ward.world.run_for_ms(BOOT_MS)
    assert [what.split()[0] for what in ward.wrong_therapy(alarmed=False)] == ["treatment"]


def test_a_count_that_was_forgotten_would_be_found() -> None:
    """Of starts, and of how often each alarm was raised."""
    image = aged(0)
    ward = Ward(image._replace(counts=tuple(count + 9 for count in image.counts)))
    ward.boot()
    starts, *alarms = ward.wrong_counts()
    assert starts == f"start {image.counts[0] + 1} after start {image.counts[0] + 9}"
    assert len(alarms) == len(image.counts) - 1
