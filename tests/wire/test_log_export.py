"""`log export`: every event, what is missing or altered, and on over a line that was cut."""

import csv
import json
from pathlib import Path
from typing import Any, ClassVar

from emulator.emu_link import EmuLink
from emulator.world import World
from firmware import log_ring
from protocol.programmer.app import ALARM, LINK
from protocol.programmer.link import LinkError
from protocol.wire import events, schema
from tests.wire.altered_logs import change
from tests.wire.desk import OK, SIMPLE, Desk


def test_export_writes_every_event_and_says_that_all_is_there(used: Desk, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "log.jsonl"
    done = used.run("log", "export", "--out", str(out))
    assert done.exit_code == OK
    assert "Nothing is missing, nothing was altered." in done.output
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert rows[0]["serial"] == "OITB-0001"
    kinds = [row["event"] for row in rows if "event" in row]
    assert kinds[0] == "BOOT"
    assert kinds.count("LEDGER") == 25
    confirmed = next(row for row in rows if row.get("command") == schema.CONFIRM)
    assert (confirmed["command_name"], confirmed["wall"][:10]) == ("CONFIRM", "2026-01-01")
    assert used.run("log", "verify", str(out)).exit_code == OK
    shown = used.run("log", "export")
    assert out.read_text().splitlines()[1:-1] == shown.stdout.splitlines()[1:-1][: len(rows) - 2]
    result = used.ask("log", "export")["result"]
    assert (result["faults"], result["events"][0]["event"]) == ([], "BOOT")


def test_export_as_csv_has_a_row_for_each_event(used: Desk, tmp_path: Path) -> None:
    out = tmp_path / "log.csv"
    assert used.run("log", "export", "--format", "csv", "--out", str(out)).exit_code == OK
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["sequence"]) for row in rows] == list(range(1, len(rows) + 1))
    rate = next(row for row in rows if row["event"] == "RATE")
    assert (rate["a"], rate["a_value"], rate["b"]) == ("rate_nl_day", "144000", "segment")
    assert all(len(row["record"]) == 2 * events.RECORD_BYTES for row in rows)


def test_a_byte_that_the_flash_has_changed_is_told_with_exit_code_1(used: Desk) -> None:
    change(used.bed.world, "00000001", 8 + 2 * events.RECORD_BYTES + 20)
    done = used.run("log", "export")
    assert done.exit_code == ALARM
    assert "event 3 was altered" in done.stderr
    assert used.ask("log", "export")["result"]["faults"] == ["event 3 was altered"]


def test_a_segment_that_is_gone_is_told_with_its_numbers(used: Desk) -> None:
    used.bed.run(hours=24 * 5)
    assert used.run("log", "export").exit_code == OK
    path = f"{log_ring.FOLDER}/00000001"
    used.bed.world.disk.remove(path)
    done = used.run("log", "export")
    assert done.exit_code == ALARM
    assert f"events 1 to {log_ring.SEGMENT_RECORDS} are missing" in done.stderr


def test_what_the_pump_itself_could_not_keep_is_told(used: Desk) -> None:
    for _ in range(200):
        used.bed.pump.log.note(events.REFUSAL, schema.START, schema.THERAPY_RUNNING)
    done = used.run("log", "export")
    assert done.exit_code == ALARM
    assert "the pump itself has lost" in done.stderr


class CutLink(EmuLink):
    """A line that breaks after so many readings; each new one as well.

    uses: readings that each of the following lines allows.
    """

    uses: ClassVar[list[int]] = []

    def __init__(self, world: World, name: str) -> None:
        super().__init__(world, name)
        self._left = self.uses.pop(0) if self.uses else 1 << 30

    def read(self, timeout_ms: int) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise LinkError(self.name, OSError("cut"))
        return super().read(timeout_ms)


def test_export_goes_on_where_the_line_was_cut(used: Desk, monkeypatch: Any) -> None:
    whole = used.ask("log", "export")["result"]["events"]
    monkeypatch.setattr(used, "link_type", CutLink)
    for cuts in ([3, 2, 4, 9], [2] * 7, [5, 1, 4, 1, 30]):
        monkeypatch.setattr(CutLink, "uses", list(cuts))
        result = used.ask("log", "export")["result"]
        assert CutLink.uses == []
        assert result["events"] == whole
        assert result["faults"] == []


def test_a_line_that_stays_cut_ends_with_exit_code_3(used: Desk, monkeypatch: Any) -> None:
    monkeypatch.setattr(used, "link_type", CutLink)
    for cuts in ([0], [5, 0, 0, 0], [1, 1, 1]):
        monkeypatch.setattr(CutLink, "uses", list(cuts))
        assert used.run("log", "export").exit_code == LINK


def test_another_pump_after_the_cut_is_not_read_on(used: Desk) -> None:
    other = Desk()
    other.commission()
    other.bed.programmer.hold_magnet()
    assert other.run("setup", SIMPLE, "--serial", "OITB-0666", "--yes").exit_code == OK
    cut = CutLink(used.bed.world, "first")
    cut._left = 3
    links: list[EmuLink] = [cut, EmuLink(other.bed.world)]
    used.link_type = lambda _world, _url: links.pop(0)
    done = used.run("log", "export")
    assert done.exit_code == ALARM
    assert "Another pump answers" in done.stderr
