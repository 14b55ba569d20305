"""What every test gets: virtual time only, and a seed that is printed when it fails."""

import time

import pytest
from hypothesis import settings

settings.register_profile("default", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("default")


def _no_sleep(_seconds: float) -> None:
    raise AssertionError("tests run on virtual time: they wait on a condition, never on the clock")


@pytest.fixture(autouse=True)
def no_wall_clock_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """time.sleep is an error in every test."""
    monkeypatch.setattr(time, "sleep", _no_sleep)
