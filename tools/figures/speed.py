"""Figures of speed: ratios taken in one run by `pump-emulator bench`."""

from functools import cache
from typing import Any

from emulator.measure import measure
from tools.figures.figure import at_least, at_most


@cache
def _bench() -> dict[str, Any]:
    return measure()


@at_least("SPEED-01", "whole pump at 0.5 mL/day", "virtual s / CPU s", 100_000)
def at_500() -> float:
    """Plant live, one core."""
    return float(_bench()["virtual_s_per_s_500_ul_day"])


@at_least("SPEED-02", "whole pump at 1 mL/day", "virtual s / CPU s", 100_000)
def at_1000() -> float:
    """Plant live, one core."""
    return float(_bench()["virtual_s_per_s_1000_ul_day"])


@at_most("SPEED-03", "one verified step, in events of a bare heapq kernel", "events", 35)
def step() -> tuple[float, str]:
    """Both measured in one run."""
    counts = ", ".join(f"{count:,} {what}" for what, count in _bench()["of_a_step"].items())
    return float(_bench()["step_in_kernel_events"]), f"a step is {counts}"


@at_least("SPEED-04", "MicroPython unix against CPython on one trace", "ratio", 0.35)
def unix() -> float:
    """Two hours at 6 mL/day, played on both without a plant."""
    return float(_bench()["unix_over_cpython"])


@at_least("SPEED-05", "PyPy, 19 virtual days", "virtual s / CPU s", 1_000_000)
def pypy() -> tuple[float | None, str]:
    """Where it is installed."""
    found = _bench()["pypy_virtual_s_per_s"]
    return found, "" if found else "no pypy3 here: not measured"


@at_most("SPEED-06", "round trip over a pty against a raw echo of the same bytes", "ratio", 3)
def pty() -> float:
    """A STATUS request in a session, the answer computed ahead of the line's pace."""
    return float(_bench()["pty_over_echo"])
