"""Records and log wait for as long as the slowest flash takes."""

import pytest

from firmware import event_log, keeper
from tests.power_loss.busy import longest_ms


@pytest.mark.parametrize("image", [1, 2, 7])
def test_no_write_takes_longer_than_it_waits_for(image: int) -> None:
    """Aged flashes on which a write erases up to three blocks."""
    longest = longest_ms(image)
    assert 400 < longest["log"] <= event_log.WRITE_MS
    assert longest["keeper"] <= keeper.COMMIT_MS
    assert 400 < longest["upkeep"] <= event_log.WRITE_MS
    assert 400 < longest["rest"] <= event_log.WRITE_MS
    assert longest["start"] <= 3_000
