"""What the commands of `pump-emulator` share: options, output, errors, exit codes."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import click

from emulator.story.ports import PortError
from emulator.story.recording import RecordingError
from emulator.story.screen import Screen
from emulator.trace import Sink, Trace
from protocol.programmer.quantity import QuantityError
from protocol.programmer.toml_file import FileError

FAILED = 1
USAGE = 2
LINK = 3

Option = Callable[[Callable[..., Any]], Callable[..., Any]]

json_option: Option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object."
)
seed_option: Option = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Of all noise; a scenario has its own.",
)


def file_option(flag: str, name: str, default: Path | None, what: str) -> Option:
    """An option that takes a file."""
    kind = click.Path(dir_okay=False, path_type=Path)
    shown: bool | str = default is not None
    if default and default.is_absolute():  # in which folder the project lies says nothing
        shown = f"the project's {default.name}"
    return click.option(flag, name, type=kind, default=default, show_default=shown, help=what)


trace_option = file_option("--trace", "trace", None, "Write every event: docs/trace.md.")


class App:
    """One call of the command line."""

    def __init__(self, as_json: bool) -> None:
        self.screen = Screen(quiet=as_json)
        self.as_json = as_json

    def say(self, *texts: str) -> None:
        """Text for a person, a line each."""
        for text in texts:
            self.screen.say(text)

    def end(self, result: dict[str, Any], holds: bool) -> None:
        """The command is through. result: for --json. holds: whether all is well."""
        if self.as_json:
            click.echo(json.dumps(result, indent=2))
        if not holds:
            sys.exit(FAILED)

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What a person can mend ends in words and an exit code, not in a traceback."""
        try:
            yield
        except (FileError, QuantityError, RecordingError) as error:
            self._give_up(str(error), USAGE)
        except ModuleNotFoundError as error:
            self._give_up(f"{error}. A report needs plotly: pip install plotly", USAGE)
        except OSError as error:  # a file that cannot be written
            self._give_up(str(error), USAGE)
        except PortError as error:
            self._give_up(str(error), LINK)

    @contextmanager
    def traced(self, path: Path | None) -> Iterator[list[Sink]]:
        """The sinks of a run: its trace, if one is wanted."""
        with opened(path) as file:
            yield [] if file is None else [Trace(file)]

    def _give_up(self, why: str, code: int) -> None:
        self.screen.end_progress()
        if self.as_json:
            click.echo(json.dumps({"error": why}, indent=2))
        else:
            click.echo(why, err=True)
        sys.exit(code)


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO | None]:
    """A file to write lines to; None where none is wanted. Its folder is made."""
    if path is None:
        yield None
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        yield file
