"""The event log writes the same bytes on every runtime: the chain of one is that of all."""

import pytest

from tests.parity.runtimes import on_cpython, on_unix, on_wasm


@pytest.mark.parametrize("runtime", [on_unix, on_wasm], ids=["unix", "wasm"])
def test_two_starts_of_a_log_give_the_same_files(runtime: object) -> None:
    assert callable(runtime)
    expected = on_cpython("log_battery.py")
    assert runtime("log_battery.py") == expected
    lines = expected.splitlines()
    assert len(lines) > 20, "many segments, and a page"
    assert not any(line.startswith("alarm") for line in lines)
