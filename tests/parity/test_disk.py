"""Files behave the same in memory, in littlefs on CPython, and in MicroPython's own VfsLfs2.

The reference is VfsLfs2 on the emulated flash. Operations and contents are compared, never images.
"""

import pytest

from tests.parity.runtimes import on_cpython, on_unix, on_wasm

SCRIPT = "disk_battery.py"


@pytest.fixture(scope="module")
def reference() -> list[str]:
    return on_unix(SCRIPT, "vfs").splitlines()


def test_the_battery_meets_errors_and_contents(reference: list[str]) -> None:
    text = "\n".join(reference)
    for errno in (2, 17, 20, 21, 39):  # ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY
        assert f"('OSError', {errno})" in text
    assert "b'second'" in text
    assert len(reference) > 100


def test_littlefs_on_cpython_does_as_vfs_lfs2(reference: list[str]) -> None:
    assert on_cpython(SCRIPT, "little").splitlines() == reference


def test_the_disk_in_memory_does_as_vfs_lfs2(reference: list[str]) -> None:
    assert on_cpython(SCRIPT, "ram").splitlines() == reference


@pytest.mark.parametrize("runtime", [on_unix, on_wasm], ids=["unix", "wasm"])
def test_the_disk_in_memory_is_the_same_on(runtime: object, reference: list[str]) -> None:
    assert callable(runtime)
    assert runtime(SCRIPT, "ram").splitlines() == reference
