"""A trace is enough: the account is rebuilt from its lines, by docs/trace.md and JSON alone.

And it is the same, byte for byte, whenever the same seed runs the same source.
"""

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from emulator import scenario
from emulator.story import scenario_file
from emulator.trace import KINDS, Trace
from tests.story.served import ROOT, emulator

SCENARIOS = ROOT / "docs" / "scenarios"
KINK = SCENARIOS / "kink_and_release.toml"
SHORT = SCENARIOS / "stall.toml"
DAY_MS = 86_400_000

Event = dict[str, Any]


class Rebuilt:
    """The account of a run, from its trace. Shares no code with the project."""

    def __init__(self, lines: list[str]) -> None:
        self.events: list[Event] = [json.loads(line) for line in lines]
        self.end_ms = self.events[-1]["t_ms"]

    def all(self, kind: str) -> list[Event]:
        return [event for event in self.events if event["kind"] == kind]

    def prescribed_nl(self) -> Fraction:
        """Summed in whole rate x ms, divided once at the end."""
        total = 0
        asked: dict[int, Event] = {}
        proposed: Event = {}
        day: list[Event] = []
        running = False
        midnight_ms = 0
        since_ms = 0
        for event in [*self.events, {"t_ms": self.end_ms, "kind": "answer", "message": "-"}]:
            if event["kind"] == "request":
                asked[event["counter"]] = event["fields"]
            if event["kind"] != "answer":
                continue
            if running:
                total += self.ordered(day, since_ms - midnight_ms, event["t_ms"] - midnight_ms)
            since_ms = event["t_ms"]
            fields = asked.get(event.get("counter", -1), {})
            if event["message"] == "PROPOSAL":
                proposed = fields
            elif event["message"] == "CONFIRM_ANSWER":
                day = proposed["segments"]
            elif event["message"] == "SET_CLOCK_ANSWER":
                midnight_ms = since_ms - fields["wall_s"] % 86_400 * 1_000
            elif event["message"] in ("START_ANSWER", "STOP_ANSWER"):
                running = event["message"] == "START_ANSWER"
        return Fraction(total, DAY_MS)

    @staticmethod
    def ordered(day: list[Event], from_ms: int, until_ms: int) -> int:
        """Rate x ms between two times since a midnight."""
        starts = [row["start_min"] * 60_000 for row in day]
        total = 0
        for number in range(from_ms // DAY_MS - 1, until_ms // DAY_MS + 1):
            ends = [*starts[1:], starts[0] + DAY_MS]
            for row, start, end in zip(day, starts, ends):
                low = max(from_ms, start + number * DAY_MS)
                high = min(until_ms, end + number * DAY_MS)
                total += row["rate_nl_day"] * max(0, high - low)
        return total

    def commanded_nl(self) -> Fraction:
        step_pl = self.all("step_volume")[-1]["step_pl"]
        return Fraction(self.all("steps")[-1]["commanded"] * step_pl, 1_000)


def traced(path: Path, folder: Path, name: str = "a.jsonl") -> tuple[bytes, scenario.Verdict]:
    file = folder / name
    with file.open("w", newline="\n") as out:
        verdict = scenario.run(scenario_file.read(path), [Trace(out)])
    return file.read_bytes(), verdict


@pytest.mark.parametrize("name", ["kink_and_release", "schedule_night", "stall"])
def test_the_account_is_rebuilt_from_the_trace_alone(name: str, tmp_path: Path) -> None:
    data, verdict = traced(SCENARIOS / f"{name}.toml", tmp_path)
    rebuilt = Rebuilt(data.decode().splitlines())
    ours = verdict.account
    plant = rebuilt.all("delivered_by_plant")[-1]
    assert rebuilt.prescribed_nl() == ours.prescribed
    assert rebuilt.commanded_nl() == ours.commanded
    assert rebuilt.all("steps")[-1]["verified"] == ours.verified_steps
    assert plant["tip_nl"] == pytest.approx(ours.delivered, abs=0.001)
    assert plant["released_nl"] == pytest.approx(ours.let_go, abs=0.001)
    assert plant["head_steps"] == ours.head_steps
    alarms = [(event["alarm"], event["t_ms"]) for event in rebuilt.all("alarm_raised")]
    assert alarms == [(alarm.name, alarm.raised_ms) for alarm in verdict.chronicle.alarms]


def test_every_request_of_a_trace_is_answered(tmp_path: Path) -> None:
    data, _ = traced(KINK, tmp_path)
    rebuilt = Rebuilt(data.decode().splitlines())
    asked = [event["counter"] for event in rebuilt.all("request")]
    assert [event["counter"] for event in rebuilt.all("answer")] == asked
    assert len(asked) > 20
    refused = [one["fields"] for one in rebuilt.all("answer") if one["message"] == "REFUSED"]
    assert "THERAPY_HELD" in {fields["name"] for fields in refused}


def test_events_are_in_the_order_of_time_and_of_the_list(tmp_path: Path) -> None:
    data, _ = traced(SHORT, tmp_path)
    events = Rebuilt(data.decode().splitlines()).events
    times = [event["t_ms"] for event in events]
    assert times == sorted(times)
    assert (events[0]["kind"], events[-1]["kind"]) == ("start", "end")
    for event in events:
        fields = [name for name, _ in KINDS[event["kind"]]]
        assert list(event) == ["t_ms", "kind", *fields]


def test_the_document_lists_every_kind_and_field() -> None:
    page = (ROOT / "docs" / "trace.md").read_text()
    table = page.split("## Events")[1].split("`delivered_by_plant` comes")[0]
    listed: dict[str, list[str]] = {}
    kind = ""
    for line in table.splitlines():
        if row := re.match(r"\| (?:`(\w+)`)? ?\| (?:`(\w+)`)? ?\|", line):
            kind = row[1] or kind
            listed.setdefault(kind, [])
            if row[2]:
                listed[kind].append(row[2])
    assert listed == {kind: [name for name, _ in fields] for kind, fields in KINDS.items()}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, _ = traced(SHORT, tmp_path)
    assert traced(SHORT, tmp_path)[0] == first


def test_another_seed_gives_other_noise(tmp_path: Path) -> None:
    text = SHORT.read_text().replace("../examples", str(ROOT / "docs/examples"))
    other = tmp_path / "other.toml"
    other.write_text(text.replace("duration", "seed = 2\nduration", 1))
    assert traced(other, tmp_path)[0] != traced(SHORT, tmp_path)[0]


@pytest.mark.parametrize("hash_seed", ["1", "4711"])
def test_another_process_and_hash_seed_give_the_same_bytes(hash_seed: str, tmp_path: Path) -> None:
    file = tmp_path / "other.jsonl"
    done = emulator("run", str(SHORT), "--trace", str(file), hash_seed=hash_seed)
    assert done.returncode == 0, done.stderr
    assert file.read_bytes() == traced(SHORT, tmp_path)[0]
