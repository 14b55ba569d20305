"""`pump-emulator replay`: a served run, or an exported event log, played again."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from emulator.cli_parts import App, json_option, seed_option, trace_option
from emulator.story import log_replay, recording
from emulator.story.account import account
from emulator.story.chronicle import Chronicle
from emulator.story.log_replay import Checkpoint
from emulator.story.screen import account_table, alarm_table
from firmware.refusal import Refusal
from protocol.programmer import log_file
from protocol.programmer.event_log import Log
from protocol.programmer.show import table
from protocol.programmer.toml_file import FileError
from protocol.wire.codec import WireError


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.jsonl")
@seed_option
@trace_option
@json_option
def replay(file: Path, seed: int, trace: Path | None, as_json: bool) -> None:
    """Play again what was kept.

    A run of `serve --record`: the same trace, to the byte; the seed is in the file. Or the event
    log of a pump, as `pump-programmer log export` wrote it: the same rates from the same
    instants, through an emulated pump; exit code 1 where its ledger differs from the logged one,
    or where the log has no two checkpoints of one start, so that nothing is compared.
    """
    app = App(as_json)
    if _is_log(file):
        with app.errors():
            log, serial = log_file.read(file)
            checkpoints = _played(file, log, seed)
        faults = log.faults()
        app.say(_table(checkpoints), *faults)
        rows = [{**asdict(one), "agrees": one.agrees} for one in checkpoints]
        holds = bool(rows) and not faults and all(one.agrees for one in checkpoints)
        app.say(_verdict(holds, checkpoints))
        app.end({"serial": serial, "faults": faults, "checkpoints": rows}, holds)
        return
    chronicle = Chronicle()
    with app.errors(), app.traced(trace) as sinks:
        recording.replay(file, [chronicle, *sinks])
    found = account(chronicle)
    app.say(account_table(found), "", alarm_table(chronicle))
    app.end({"end_ms": chronicle.end_ms, "account": found.plain()}, True)


def _is_log(file: Path) -> bool:
    try:
        with file.open(encoding="utf-8") as lines:
            return "oldest_event" in json.loads(lines.readline())
    except (OSError, ValueError, TypeError):
        return False


def _played(file: Path, log: Log, seed: int) -> list[Checkpoint]:
    """Raises FileError for an event that the firmware would never have logged."""
    try:
        return log_replay.replay(log.events, seed)
    except (Refusal, WireError) as error:
        why = f"holds an event that no pump logs: {error.field} is out of range"
        raise FileError(str(file), why, "see `pump-programmer log verify`") from error


def _verdict(holds: bool, checkpoints: list[Checkpoint]) -> str:
    if not checkpoints:
        return "NOTHING WAS COMPARED: the log has no two checkpoints of the ledger in one start."
    return f"The ledgers {'agree' if holds else 'DO NOT AGREE'}."


def _table(checkpoints: list[Checkpoint]) -> str:
    """The last checkpoint of each start of the pump: steps as logged, and as played again."""
    last = {one.boot: one for one in checkpoints}
    rows = [("start", "verified", "unverified", "played: verified", "unverified", "")]
    for one in last.values():
        rows.append(
            (
                str(one.boot),
                f"{one.verified_steps:,}",
                f"{one.unverified_steps:,}",
                f"{one.played_verified_steps:,}",
                f"{one.played_unverified_steps:,}",
                "agrees" if one.agrees else "DIFFERS",
            )
        )
    return table(rows)
