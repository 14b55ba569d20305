"""An exported event log: JSON lines, or CSV for a spreadsheet.

JSON lines hold everything: a head, for each part of the log a line with its first number and the
chain before it, its events, and at the end the SHA-256 of all lines before. So an export can be
checked anew, and replayed. CSV holds the events alone.
"""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

from protocol.programmer.event_log import Event, Log, Part, event, readable
from protocol.programmer.toml_file import FileError

FORMAT = 1
_ARGUMENTS = 2


def to_jsonl(log: Log, serial: str) -> str:
    """The log of the pump with this serial number."""
    head = {
        "format": FORMAT,
        "serial": serial,
        "oldest_event": log.oldest,
        "newest_event": log.newest,
    }
    lines = [_line(head)]
    for part in log.parts:
        lines.append(_line({"first_event": part.first, "before": part.before.hex()}))
        lines += [_line(readable(one)) for one in part.events]
    return _closed("".join(lines))


def to_csv(log: Log) -> str:
    """One row for each event: number, times, kind, its arguments with their names, the record."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    names = ["sequence", "boot", "uptime_ms", "wall", "event"]
    writer.writerow([*names, "a", "a_value", "a_name", "b", "b_value", "b_name", "record"])
    for one in log.events:
        row = readable(one)
        writer.writerow([*(row[name] for name in names), *_columns(one, row), row["record"]])
    return out.getvalue()


def read(path: Path) -> tuple[Log, str]:
    """(log, serial number) of an exported file. Raises FileError as `parse` does ValueError."""
    try:
        return parse(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FileError(str(path), f"no exported log: {error}") from error


def parse(data: bytes) -> tuple[Log, str]:
    """(log, serial number) of the bytes of `to_jsonl`.

    Raises ValueError where not every byte is as it was exported, or the lines are not those of an
    export. Whether the log in it is whole, and every line says what its record does: Log.faults.
    """
    text = data.decode()
    if text != _closed(text[: text.rstrip("\n").rfind("\n") + 1]):
        raise ValueError("it was altered after the export, or is no export")
    first, *lines, _ = text.removesuffix("\n").split("\n")
    head = _fields(first, {"format": int, "serial": str, "oldest_event": int, "newest_event": int})
    if head["format"] != FORMAT:
        raise ValueError(f"format {head['format']} is not known")
    log = Log()
    log.oldest, log.newest = head["oldest_event"], head["newest_event"]
    for line in lines:
        if '"record"' in line:
            _take_event(log, line)
        else:
            part = _fields(line, {"first_event": int, "before": str})
            log.parts.append(Part(part["first_event"], bytes.fromhex(part["before"]), []))
    return log, head["serial"]


def _take_event(log: Log, line: str) -> None:
    """A line of an event joins the log; its record counts, and what the line says beside it must
    be what an export would say of that record.
    """
    if not log.parts:
        raise ValueError("an event stands before the line that begins its part")
    found = event(bytes.fromhex(_fields(line, {"record": str})["record"]))
    log.parts[-1].events.append(found)
    if line + "\n" != _line(readable(found)):
        log.misread.append(found.sequence)


def _fields(line: str, kinds: dict[str, type]) -> dict[str, Any]:
    """A line as its fields. Raises ValueError where one is not there, or of another kind."""
    try:
        row = json.loads(line)
    except RecursionError:
        row = None
    if not isinstance(row, dict) or any(type(row.get(name)) is not kinds[name] for name in kinds):
        raise ValueError(f"a line without {', '.join(kinds)}: {line[:40]}")
    return row


def _columns(one: Event, row: dict[str, Any]) -> list[Any]:
    columns: list[Any] = []
    for name in one.arguments:
        columns += [name, row[name], row.get(f"{name}_name", "")]
    return columns + [""] * (3 * _ARGUMENTS - len(columns))


def _closed(lines: str) -> str:
    """The lines, and after them their hash."""
    return lines + _line({"sha256": hashlib.sha256(lines.encode()).hexdigest()})


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":")) + "\n"
