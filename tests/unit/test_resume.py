"""A run that was broken off goes on behind what has passed; one of other sources begins anew."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import resume

CASES = """
import pytest

@pytest.mark.parametrize("number", range(4))
def test_one(number):
    assert number != {broken}

@pytest.mark.xdist_group("a")
def test_grouped():
    pass
"""


class Run:
    """What pytest says of the cases. broken: number of the one that fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = 0

    def __call__(self, broken: int = -1, *words: str, **settings: str) -> str:
        file = self.folder / "test_cases.py"
        file.write_text(CASES.format(broken=broken))
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "tests.resume"]
        command += ["--resume", str(self.folder / "passed"), "-c", "/dev/null", *words, str(file)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=resume.ROOT,
            env={"PATH": "", "PYTHONPATH": str(resume.ROOT), **settings},
        )  # fmt: skip
        self.code = done.returncode
        return done.stdout.splitlines()[-1]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_what_has_passed_is_left_out_and_what_failed_is_run_again(run: Run) -> None:
    assert "1 failed, 4 passed" in run(2)
    assert "1 failed, 4 deselected" in run(2)
    assert "1 passed, 4 deselected" in run()
    assert "5 deselected" in run()
    assert run.code == 0


def test_so_it_is_with_workers_and_groups(run: Run) -> None:
    workers = ("-n", "2", "--dist", "loadgroup")
    assert "1 failed, 4 passed" in run(2, *workers)
    assert "1 passed" in run(-1, *workers)


def test_with_another_setting_all_is_run(run: Run) -> None:
    assert "5 passed" in run()
    assert "5 passed" in run(-1, VIRTUAL_CUTS="200")


def test_another_source_is_another_fingerprint(tmp_path: Path) -> None:
    source = tmp_path / "firmware" / "a.py"
    source.parent.mkdir()
    source.write_text("A = 1\n")
    before = resume.fingerprint(tmp_path)
    assert resume.fingerprint(tmp_path) == before
    source.write_text("A = 2\n")
    assert resume.fingerprint(tmp_path) != before
    source.write_text("A = 1\n")
    assert resume.fingerprint(tmp_path) == before
    source.rename(source.with_name("b.py"))
    assert resume.fingerprint(tmp_path) != before
