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

    Raises ValueError where not every byte is as it was exported. Whether the log in it is whole:
    Log.faults.
    """
    text = data.decode()
    if text != _closed(text[: text.rstrip("\n").rfind("\n") + 1]):
        raise ValueError("it was altered after the export, or is no export")
    head, *rows, _ = [json.loads(line) for line in text.splitlines()]
    log = Log()
    log.oldest, log.newest = head["oldest_event"], head["newest_event"]
    for row in rows:
        if "record" in row:
            log.parts[-1].events.append(event(bytes.fromhex(row["record"])))
        else:
            log.parts.append(Part(row["first_event"], bytes.fromhex(row["before"]), []))
    return log, head["serial"]


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
