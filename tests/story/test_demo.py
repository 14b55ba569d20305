"""The demo: `make demo` in a test. It takes a few seconds of wall time for a day."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.cli import main
from emulator.report import NOTICE
from tests.story.served import DEMO, emulator
from tests.story.test_trace import Rebuilt

SMALL_DOSE = """
[pump]
serial = "ITB-0001"
patient_label = "Example A"
[drug]
name = "baclofen"
concentration = "2000 mcg/mL"
[setup]
reservoir = "20 mL"
catheter_length = "89 cm"
catheter_volume = "2.2 uL/cm"
dose_limit = "1000 mcg/day"
[therapy]
mode = "continuous"
dose = "100 mcg/day"
"""


class Page(HTMLParser):
    """Every place from which a page would fetch something."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.words = ""
        self._in_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._in_code = tag in ("script", "style")
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href", "data")]
        if tag in ("link", "iframe", "img"):
            self.fetched.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in_code = False

    def handle_data(self, data: str) -> None:
        if not self._in_code:
            self.words += data + " "


def test_the_demo_tells_its_story_and_every_check_holds(tmp_path: Path) -> None:
    report, trace = tmp_path / "demo.html", tmp_path / "demo.jsonl"
    done = emulator("demo", "--report", str(report), "--trace", str(trace))
    said = done.stdout
    assert done.returncode == 0, said + done.stderr
    for words in (
        "Source: more at night than by day: Medtronic",
        "$ pump-programmer --port /dev/",
        "14:00:00  the catheter kinks",
        "alarm OCCLUSION at 50.",
        "17:00:00  the kink opens: 11.7 uL",
        "17:01:00  the pump is RUNNING, by itself",
        "430.00 mcg     215.000 uL",
        "The story holds.",
        NOTICE,
    ):
        assert words in said
    assert "FAILED" not in said
    rebuilt = Rebuilt(trace.read_text().splitlines())
    raised = rebuilt.all("alarm_raised")
    assert [event["alarm"] for event in raised] == ["OCCLUSION"]


def test_the_report_is_one_file_that_fetches_nothing(tmp_path: Path) -> None:
    report = tmp_path / "demo.html"
    done = CliRunner().invoke(main, ["demo", "--report", str(report), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["holds"]
    page = Page()
    page.feed(report.read_text(encoding="utf-8"))
    assert page.fetched == []
    words = " ".join(page.words.split())
    assert words.count(NOTICE) == 2
    for name in ("prescribed", "commanded", "delivered", "missed", "let_go"):
        assert f"{told['account'][name + '_mcg']:.2f} mcg" in words
    for sentence in ("over a window of 15 minutes", "OCCLUSION acknowledged", "the kink opens"):
        assert sentence in words


def test_a_story_that_does_not_hold_is_exit_code_1(tmp_path: Path) -> None:
    """At 100 mcg/day the pressure does not reach the alarm before the kink opens again."""
    file = tmp_path / "small.toml"
    file.write_text(SMALL_DOSE)
    report = tmp_path / "small.html"
    done = CliRunner().invoke(main, ["demo", "--prescription", str(file), "--report", str(report)])
    assert done.exit_code == 1, done.output
    assert "FAILED   one OCCLUSION, between kink and release" in done.stdout
    assert "The story DOES NOT HOLD." in done.stdout
    assert "A check failed" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize("words", ["bare", "missing"])
def test_a_prescription_that_cannot_be_read_is_exit_code_2(words: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    if words == "bare":
        file.write_text(DEMO.read_text().replace('"15 mcg/h"', "15"))
    done = emulator("demo", "--prescription", str(file))
    assert done.returncode == 2
    assert "bad.toml" in done.stderr
