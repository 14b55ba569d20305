"""A flash that takes no write any more: the pump goes on, or is heard; never is it silent."""

import pytest

from emulator.flash import BLOCKS, DEFECTS, ERASE_US_MAX, PAGE_US_MAX
from emulator.kinds import PWM_DUTY
from firmware import records
from firmware.pins import BUZZER
from protocol.wire import schema
from tests.fault.test_restore import waiting, with_broken
from tests.kept import NAMES
from tests.power_loss.images import FREE_BLOCKS, aged
from tests.power_loss.ward import Ward

IMAGE = 0
START_MS = 700  # a reset of the emulated chip, and the self-test
WRITE_DEFECTS = [defect for defect in DEFECTS if not defect.startswith("read")]


def _with_a_dead_flash(defect: str) -> Ward:
    """A pump whose therapy is on."""
    ward = Ward(aged(IMAGE))
    ward.boot()
    ward.flash.defects.update(dict.fromkeys(range(BLOCKS), defect))
    return ward


@pytest.mark.parametrize("defect", WRITE_DEFECTS)
def test_a_start_on_a_flash_that_takes_no_write_ends_in_delivery_and_an_alarm(defect: str) -> None:
    """littlefs tries every free block before it gives up: no folder may cost that twice."""
    assert FREE_BLOCKS[IMAGE] == 8
    ward = _with_a_dead_flash(defect)
    ward.reboot()
    ward.run(s=10)
    steps = ward.steps
    ward.run(s=30)
    assert ward.steps > steps
    assert ward.pump.state.state == schema.RUNNING
    if defect != "erase lost":  # a flash may have erased blocks left that take what is written
        assert ward.pump.alarms.is_active(schema.STORE_FAILED)
    assert [cause for _, cause in ward.world.resets if cause == ward.world.chip.WDT_RESET] == []


@pytest.mark.parametrize("defect", ["program error", "erase error"])
def test_a_start_that_takes_too_long_again_and_again_is_heard(defect: str) -> None:
    """The watchdog resets it each time; from the first such reset on there is a tone."""
    ward = _with_a_dead_flash(defect)
    ward.flash.erase_us, ward.flash.page_us = ERASE_US_MAX, PAGE_US_MAX
    world = ward.world
    world.power_cut()
    loud: list[tuple[int, bool]] = []  # from when on
    world.chip.outside.record(
        lambda kind, gpio, value: (
            loud.append((world.now_us, value > 0)) if (kind, gpio) == (PWM_DUTY, BUZZER) else None
        )
    )
    world.power_on()
    world.run_for_ms(60_000)
    resets = [t_us for t_us, cause in world.resets if cause == world.chip.WDT_RESET]
    assert len(resets) >= 4  # else this tests nothing
    silences_us = []
    silent_from_us: int | None = resets[0]
    for t_us, is_loud in sorted(loud + [(t_us, False) for t_us in resets[1:]]):
        if t_us < resets[0]:
            continue
        if is_loud and silent_from_us is not None:
            silences_us.append(t_us - silent_from_us)
            silent_from_us = None
        elif not is_loud and silent_from_us is None:
            silent_from_us = t_us
    assert len(silences_us) >= len(resets) - 1
    assert max(silences_us) <= START_MS * 1_000


@pytest.mark.parametrize(
    ("part", "is_mended"),
    [
        (NAMES[records.LEDGER], True),
        (NAMES[records.LEDGER], False),
        ("/", False),
    ],
)
def test_an_account_that_could_not_be_written_is_told_after_a_power_failure(
    part: str, is_mended: bool
) -> None:
    """By the alarm that was stored, or by the flash that fails again."""
    bed, disk = with_broken(part)
    bed.running((0, 1_000_000))
    bed.run(minutes=1)
    disk.fails = True
    bed.run(hours=1)
    bed.world.power_cut()
    disk.fails = not is_mended
    bed.world.power_on()
    bed.run(s=20)
    assert bed.state == schema.RUNNING
    assert "STORE_FAILED" in waiting(bed)
