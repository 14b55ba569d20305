"""Commands about the pump's event log: log export, log verify."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from protocol.programmer import log_file
from protocol.programmer.app import App, Failed, pass_app
from protocol.programmer.event_log import Log, readable
from protocol.programmer.exchange import NoAnswer
from protocol.programmer.link import LinkError
from protocol.programmer.toml_file import FileError

_TRIES_MAX = 3  # without a single new event


@click.group()
def log() -> None:
    """The pump's event log: what happened, and when."""


@log.command()
@click.option(
    "--format", "form", type=click.Choice(["jsonl", "csv"]), default="jsonl", show_default=True
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Default: stdout.",
)
@pass_app
def export(app: App, form: str, out: Path | None) -> None:
    """Read the whole event log, check it, and write it.

    A line that is cut is opened again, and reading goes on where it was. Exit code 1 where events
    are missing or were altered.
    """
    if out is not None:
        with _written(out):  # before a long log is read
            out.parent.mkdir(parents=True, exist_ok=True)
    found = _read(app)
    serial = app.hello["serial"]
    text = log_file.to_jsonl(found, serial) if form == "jsonl" else log_file.to_csv(found)
    if out is not None:
        with _written(out):
            out.write_text(text, encoding="utf-8", newline="\n")
    elif not app.as_json:
        click.echo(text, nl=False)
    _tell(app, found, serial)


@log.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@pass_app
def verify(app: App, file: Path) -> None:
    """Check an exported log (jsonl). Exit code 1 where anything is missing or was altered.

    There is no key in it. Whoever takes events away at either end, or writes another serial number
    into its head, and makes head and sum fit, is found only by comparing: with the pump, with
    another export, or with the sum in the last line as it was kept elsewhere.
    """
    try:
        found, serial = log_file.read(file)
    except FileError as error:
        raise Failed(str(error)) from error
    _tell(app, found, serial)


@contextmanager
def _written(file: Path) -> Iterator[None]:
    """What the system says against writing it, for a person."""
    try:
        yield
    except OSError as error:
        why = f"cannot be written: {error.strerror or error}"
        raise FileError(str(file), why) from error


def _read(app: App) -> Log:
    found = Log()
    serial = None
    tries = 0
    while True:
        before = len(found.events)
        try:
            with app.client() as client:
                if serial not in (None, app.hello["serial"]):
                    raise Failed("Another pump answers than before the line was cut.")
                serial = app.hello["serial"]
                found.read_on(client)
            return found
        except (LinkError, NoAnswer):
            tries = 1 if len(found.events) > before else tries + 1
            if tries >= _TRIES_MAX or serial is None:
                raise


def _tell(app: App, found: Log, serial: str) -> None:
    faults = found.faults() if found.events else ["there is not a single event in it"]
    if not app.as_json:
        span = f", {found.oldest} to {found.newest}" if found.events else ""
        whose = serial or "without a serial number"
        click.echo(f"Pump {whose}: {len(found.events)} events{span}", err=True)
        for fault in faults or ["Nothing is missing, nothing was altered."]:
            click.echo(f"  {fault}", err=True)
    rows = [readable(one) for one in found.events]
    app.end({"serial": serial, "faults": faults, "events": rows}, alarm=bool(faults))


COMMANDS = (log,)
