"""`pump-emulator bench` measures what it says: pumps that deliver, and answers that come."""

import sys
from pathlib import Path

import pytest

from emulator import measure, play
from emulator.bedside import Bedside
from emulator.cli import GOALS


def played(tmp_path: Path) -> float:
    """CPU seconds of playing the stimulus on this CPython."""
    stimulus = tmp_path / "stimulus.bin"
    stimulus.write_bytes(measure._stimulus())
    command = [sys.executable, play.__file__, str(stimulus), "0"]
    return measure._one_cpu_s(command, measure._STIMULUS_MS, {"PYTHONPATH": str(measure.ROOT)})


def test_the_stimulus_of_the_comparison_makes_a_pump_deliver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert played(tmp_path) > 0
    monkeypatch.setattr(Bedside, "start", lambda _bedside: None)
    with pytest.raises(RuntimeError, match="did not deliver"):
        played(tmp_path)


def test_a_served_pump_takes_longer_than_an_echo() -> None:
    assert measure.pty_over_echo() > 1


def test_where_the_time_goes_is_told_by_file() -> None:
    shares = measure.share_of_time()
    assert "firmware/loop.py" in shares
    assert "emulator/world.py" in shares
    assert 0.5 < sum(shares.values()) <= 1


def test_each_goal_is_a_key_of_the_figures() -> None:
    assert set(GOALS) == {
        "virtual_s_per_s_500_ul_day",
        "virtual_s_per_s_1000_ul_day",
        "step_in_kernel_events",
        "unix_over_cpython",
        "pypy_virtual_s_per_s",
        "pty_over_echo",
    }
