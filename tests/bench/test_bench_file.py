"""The bench file on the board: a set that is a release refuses to be driven by it."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from emulator import inject

NAME = "emulator.bench.on_board.bench_chip"


class AwaitsHostError(Exception):
    """It has got as far as the USB port."""


@pytest.fixture
def bench_chip(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """As a board imports it: there is a chip, and nothing at its USB port."""
    inject.install()
    timer = SimpleNamespace(ONE_SHOT=0, PERIODIC=1)
    chip = SimpleNamespace(Timer=timer, WDT=None, WDT_RESET=3, PWRON_RESET=1)
    monkeypatch.setitem(sys.modules, "machine", chip)
    monkeypatch.setitem(
        sys.modules, "emulator.bench.on_board.bench_line", SimpleNamespace(Line=_line)
    )
    module = importlib.import_module(NAME)
    monkeypatch.delitem(sys.modules, NAME)
    keys: list[int] = []
    compiler = SimpleNamespace(
        alloc_emergency_exception_buf=lambda _size: None,
        kbd_intr=keys.append,
        interrupted_by=keys,
    )
    monkeypatch.setattr(module, "micropython", compiler)
    return module


def _line() -> None:
    raise AwaitsHostError


def with_manifest(folder: Path, *, release: bool) -> str:
    (folder / "manifest.json").write_text(json.dumps({"release": release}))
    return str(folder)


def test_a_release_refuses_the_bench_file(bench_chip: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a release has no bench"):
        bench_chip.run(with_manifest(tmp_path, release=True))


def test_another_set_waits_for_its_host(bench_chip: ModuleType, tmp_path: Path) -> None:
    """And no byte of the cable is a Ctrl-C any more."""
    with pytest.raises(AwaitsHostError):
        bench_chip.run(with_manifest(tmp_path, release=False))
    assert bench_chip.micropython.interrupted_by == [-1]
