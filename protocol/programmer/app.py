"""What all commands of the command line share: the pump, output, questions, exit code.

Exit codes: 0 ok; 1 an alarm, a refusal or a failed check; 2 usage, a faulty file among it; 3 link;
4 (`reconcile` only) it cannot be told.
Text goes to stdout; with --json one object does, and nothing is asked.
"""

import datetime
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

from protocol import names
from protocol.programmer import amounts, link
from protocol.programmer.answers import HelloAnswer
from protocol.programmer.client import Client
from protocol.programmer.diagnosis import diagnose
from protocol.programmer.exchange import NoAnswer, Refused, VersionMismatch, WrongAnswer
from protocol.programmer.interrogation import plain
from protocol.programmer.journal import Journal, JournalError, Recorder
from protocol.programmer.link import Link, LinkError
from protocol.programmer.quantity import QuantityError
from protocol.programmer.refusal_texts import refusal_help
from protocol.programmer.toml_file import FileError
from protocol.wire.codec import WireError

ALARM = 1
USAGE = 2
LINK = 3


class Failed(Exception):
    """A check did not hold, or a person said no. The message says what that means for the pump."""


@dataclass(frozen=True)
class Surroundings:
    """What the command line takes from outside; a test passes its own."""

    open_link: Callable[[str], Link] = link.open_link
    now: Callable[[], datetime.datetime] = datetime.datetime.now


class App:
    """One call of the command line.

    port: the URL, "" where none was given. hello: who the pump is, once it was greeted.
    """

    hello: HelloAnswer

    def __init__(
        self, port: str, as_json: bool, surroundings: Surroundings, journal: Journal
    ) -> None:
        self.port = port
        self.as_json = as_json
        self.journal = journal
        self._surroundings = surroundings

    @contextmanager
    def client(self, greet: bool = True) -> Iterator[Client]:
        """A pump, for a `with`. greet: open a session; without one only STATUS and STOP go."""
        if not self.port:
            raise click.UsageError(
                "Which pump? Give --port URL or set PUMP_PORT. `pump-programmer ports` lists them."
            )
        try:
            opened = self._surroundings.open_link(self.port)
        except ValueError as error:
            raise LinkError(self.port, error) from error
        recorder = Recorder(self.journal, self.port, self.now_s)
        with Client(opened, recorder) as client:
            if greet:
                self.hello = client.hello()
            yield client

    def now(self) -> datetime.datetime:
        """Local date and time of this computer."""
        return self._surroundings.now()

    def now_s(self) -> int:
        """The same in seconds since 2000-01-01 00:00:00."""
        return amounts.wall_s_of(self.now())

    def say(self, text: str = "") -> None:
        """Text for a person."""
        if not self.as_json:
            click.echo(text)

    def end(self, result: Any, alarm: bool = False, code: int = ALARM) -> None:
        """The command is through. result: for --json. alarm: the pump needs somebody; with this
        exit code.
        """
        if self.as_json:
            click.echo(json.dumps({"ok": not alarm, "result": plain(result)}, indent=2))
        if alarm:
            click.get_current_context().exit(code)

    def confirm(self, question: str, yes: bool) -> None:
        """Ask; go on only after a yes. yes: it was given as an option."""
        if yes:
            return
        if self.as_json:
            raise click.UsageError("--json asks nothing: add --yes")
        if not click.confirm(question, err=True):
            raise Failed("Nothing was changed.")

    def type_in(self, question: str) -> str:
        """Have something typed."""
        if self.as_json:
            raise click.UsageError(f"--json asks nothing. {question}")
        return str(click.prompt(question, err=True)).strip()

    def report(self, error: Exception) -> int:
        """Say what went wrong. Returns the exit code; raises what is no error of the outside."""
        code, kind, what, action = explain(error, self.port)
        if code == LINK and self._has_open_changes():
            action += (
                " A change was under way: before you send it again, `pump-programmer reconcile` "
                "tells whether it took effect."
            )
        if self.as_json:
            said = {"kind": kind, "what": what, "action": action}
            click.echo(json.dumps({"ok": False, "error": said}, indent=2))
        else:
            click.echo(f"{what}\n{action}".rstrip(), err=True)
        return code

    def _has_open_changes(self) -> bool:
        serial = self.hello["serial"] if hasattr(self, "hello") else ""
        return bool(self.journal.open_for(serial, self.port))


def explain(error: Exception, port: str) -> tuple[int, str, str, str]:
    """(exit code, kind for scripts, what happened, what to do). Raises `error` if it is a bug."""
    if isinstance(error, Refused):
        what, action = refusal_help(error.code, error.field, error.low, error.high)
        command = names.MESSAGES[error.command]
        return ALARM, error.name, f"The pump refused {command} ({error.name}). {what}", action
    if isinstance(error, WireError):
        what, action = refusal_help(error.code, error.field, error.low, error.high)
        return USAGE, "VALUE", what, action
    if isinstance(error, (Failed, JournalError)):
        return ALARM, "FAILED", str(error), ""
    if isinstance(error, click.ClickException):
        return USAGE, "USAGE", error.format_message(), ""
    if isinstance(error, FileError):
        return USAGE, "FILE", f"{error.place}: {error.what}", error.suggestion
    if isinstance(error, QuantityError):
        return USAGE, "VALUE", error.what, error.suggestion
    if isinstance(error, (LinkError, NoAnswer, VersionMismatch, WrongAnswer)):
        finding = diagnose(error, port)
        return LINK, finding.code, finding.what, finding.action
    raise error


class Commands(click.Group):
    """A group that turns errors of pump, link and file into words and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """See click.Group."""
        try:
            return super().invoke(ctx)
        except (click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            app = ctx.obj
            if not isinstance(app, App):
                raise
            if isinstance(error, click.ClickException) and not app.as_json:
                raise  # click shows the usage beside it
            ctx.exit(app.report(error))


pass_app = click.make_pass_decorator(App)
