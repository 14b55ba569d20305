"""What every test gets: virtual time only, and a seed that is printed when it fails."""

import os
import sys
import time
from typing import Any

import pytest
from hypothesis import settings

from tests.on_target.option import pytest_addoption, pytest_terminal_summary

__all__ = ["pytest_addoption", "pytest_terminal_summary"]  # pytest finds them here

settings.register_profile("default", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("default")

_really_sleep = time.sleep


def _no_sleep(seconds: float) -> None:
    if sys._getframe(1).f_globals["__name__"] == "subprocess":
        _really_sleep(seconds)  # how the standard library waits for a child to end
        return
    raise AssertionError("tests run on virtual time: they wait on a condition, never on the clock")


@pytest.fixture(autouse=True, scope="session")
def journal_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Programmers that tests start write no journal of this user's."""
    os.environ["PUMP_JOURNAL"] = str(tmp_path_factory.mktemp("journal"))


@pytest.fixture(autouse=True, scope="session")
def no_wall_clock_waits() -> None:
    """time.sleep is an error in every test."""
    time.sleep = _no_sleep


@pytest.fixture(scope="session")
def gated_pico() -> Any:
    """See tests/bench/gated_pico.py; to be used in copies of the process only.

    Who wants it is in the xdist group of its name: loading the firmware takes ten seconds.
    """
    from tests.bench.gated_pico import at_the_gate  # here: few want it, and it needs rp2040py

    return at_the_gate()
