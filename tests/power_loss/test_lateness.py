"""Writing the flash makes no step late: it waits until there is time before the next one."""

import pytest

from emulator.flash import ERASE_US, ERASE_US_MAX, PAGE_US, PAGE_US_MAX
from firmware import event_log, keeper
from tests.power_loss.lateness import late_steps, longest_ms


@pytest.mark.parametrize("rate_nl_day", [200_000, 1_000_000, 3_000_000])
def test_no_step_is_late_with_the_slowest_erasures(rate_nl_day: int) -> None:
    late, steps = late_steps(rate_nl_day, ERASE_US_MAX, PAGE_US_MAX)
    assert steps > rate_nl_day // 50 // 24 - 10
    assert late == 0


@pytest.mark.parametrize("rate_nl_day", [1_000_000, 6_000_000, 24_000_000])
def test_no_step_is_late_at_any_rate_with_usual_erasures(rate_nl_day: int) -> None:
    late, steps = late_steps(rate_nl_day, ERASE_US, PAGE_US)
    assert steps > rate_nl_day // 50 // 24 - 10
    assert late == 0


def test_a_flash_that_takes_longer_than_is_waited_for_would_be_noticed() -> None:
    late, _ = late_steps(12_000_000, 4 * ERASE_US_MAX, PAGE_US_MAX, rounds=2)
    assert late


@pytest.mark.parametrize("image", [1, 2, 7])
def test_records_and_log_wait_for_as_long_as_the_slowest_flash_takes(image: int) -> None:
    """Aged flashes on which a write erases up to three blocks."""
    longest = longest_ms(image)
    assert 400 < longest["log"] <= event_log.WRITE_MS
    assert longest["keeper"] <= keeper.COMMIT_MS
    assert longest["start"] <= 3_600
