"""Figures that are counts of tests: a promise whose cases are all tried by the suite already."""

import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BAD = ("failures", "errors", "skipped")


def failed(*tests: str) -> tuple[int, str]:
    """(cases of these tests that did not pass, in words how many there were). tests: as pytest
    takes them. One that is skipped has not passed. Raises RuntimeError where there were none.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        options = ("-q", "-p", "no:cacheprovider", f"--junitxml={report}")
        done = subprocess.run(
            (sys.executable, "-m", "pytest", *options, *tests), cwd=ROOT, capture_output=True
        )
        if not report.exists():
            raise RuntimeError(done.stdout.decode() + done.stderr.decode())
        suite = ElementTree.parse(report).getroot()[0]
    count = int(suite.attrib["tests"])
    if not count:
        raise RuntimeError(f"no such test: {', '.join(tests)}")
    bad = sum(int(suite.attrib[which]) for which in _BAD)
    return bad, f"{count} cases, {len(tests)} tests or files"
