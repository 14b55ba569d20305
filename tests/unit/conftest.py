"""An event log for whoever asks."""

import pytest

from tests.unit.log_life import Life


@pytest.fixture
def life() -> Life:
    """A log on an empty flash, at its first boot."""
    return Life()
