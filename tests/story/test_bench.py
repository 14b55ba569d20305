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


def test_where_the_time_goes_is_told_by_file_and_by_what_a_step_is() -> None:
    """A step is 4.32 s: as many slices of 250 ms, and two wakes of its own. Its timer and the two
    edges of the encoder are events, a heartbeat in 2 s, and the watchdog about as rarely as 4 s.
    """
    found = measure.where_time_goes()
    shares, counts = found["share_of_time"], found["of_a_step"]
    assert 4.32 / 0.25 <= counts["sleeps"] <= 4.32 / 0.25 + 2
    assert 3 + 4.32 / 2 <= counts["events"] <= 3 + 4.32 / 2 + 4.32 / 3
    assert counts["calls"] > counts["sleeps"] + counts["events"]
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
