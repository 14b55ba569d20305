"""A long run can be broken off: what has passed is not run again, as long as nothing has changed.

    pytest -p tests.resume --resume FILE ...

FILE keeps the names of the tests that have passed, below a hash of all sources and of the settings
that the environment makes. Where that hash is another one, all begins anew.
"""

import hashlib
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = ("firmware", "protocol", "emulator", "tests")
SETTINGS = ("POWER_LOSS_IMAGES", "VIRTUAL_CUTS", "VIRTUAL_FLIPS")


def fingerprint(root: Path = ROOT) -> str:
    """Of all that a result may depend on."""
    digest = hashlib.sha256()
    for name in SETTINGS:
        digest.update(f"{name}={os.environ.get(name)}\n".encode())
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


class Resume:
    """Leaves out what has passed, and adds what passes. file: see above."""

    def __init__(self, file: Path, is_worker: bool) -> None:
        self._file = file
        self._writes = not is_worker
        mark = fingerprint()
        lines = file.read_text().splitlines() if file.is_file() else []
        self._passed = set(lines[1:]) if lines[:1] == [mark] else set()
        if self._writes and not self._passed:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(mark + "\n")

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Those that have passed are told as deselected."""
        old = [item for item in items if _plain(item.nodeid) in self._passed]
        if old:
            config.hook.pytest_deselected(items=old)
            items[:] = [item for item in items if _plain(item.nodeid) not in self._passed]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """In the process that the workers report to."""
        if self._writes and report.when == "call" and report.passed:
            with self._file.open("a") as out:
                out.write(_plain(report.nodeid) + "\n")

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Nothing left to run is no error."""
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self._passed:
            session.exitstatus = pytest.ExitCode.OK


def _plain(nodeid: str) -> str:
    """Without the group that pytest-xdist puts behind it."""
    return nodeid.partition("@")[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    """See above."""
    parser.addoption("--resume", type=Path, metavar="FILE", help="go on with a run broken off")


def pytest_configure(config: pytest.Config) -> None:
    """In the process that was started, and in its workers."""
    file = config.getoption("--resume")
    if file is not None:
        config.pluginmanager.register(Resume(file, hasattr(config, "workerinput")))
