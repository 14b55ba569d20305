"""Kernel and emulated chip do the same on every runtime, beyond 31 bits and at a full queue."""

from collections.abc import Callable

import pytest

from tests.parity.runtimes import on_cpython, on_unix, on_wasm

SCRIPT = "kernel.py"
WORLDS = 3


@pytest.fixture(scope="module")
def reference() -> str:
    return on_cpython(SCRIPT)


def test_the_script_fills_the_queue_and_loses_three_callbacks(reference: str) -> None:
    lines = reference.splitlines()
    assert len(lines) == WORLDS + 2
    assert [line.split()[2] for line in lines[:WORLDS]] == ["3"] * WORLDS


@pytest.mark.parametrize("runtime", [on_unix, on_wasm], ids=["unix", "wasm"])
def test_the_kernel_does_the_same_on(runtime: Callable[[str], str], reference: str) -> None:
    assert runtime(SCRIPT) == reference
