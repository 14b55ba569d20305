"""A clinician's desk for tests: the command line, and one pump at hand."""

import datetime
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing

from emulator.emu_link import EmuLink
from emulator.world import World
from protocol import names
from protocol.programmer.app import Surroundings
from protocol.programmer.cli import main
from protocol.programmer.link import Link, LinkError
from tests.pumps import Bed

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
SIMPLE = str(EXAMPLES / "simple.toml")
NIGHT = str(EXAMPLES / "night.toml")
NOW = datetime.datetime(2026, 1, 1, 8, 0)
OK = 0


class Desk:
    """Runs commands.

    link_type: the kind of line. journal: the folder of open changes. broken: what the system says
    instead of a line, or None.
    """

    def __init__(self) -> None:
        self.bed = Bed()
        self.now = NOW
        self.broken: Exception | None = None
        self.link_type: Callable[[World, str], Link] = EmuLink
        self.journal = tempfile.TemporaryDirectory()

    def open_link(self, url: str) -> Link:
        if self.broken:
            raise LinkError(url, self.broken)
        return self.link_type(self.bed.world, url)

    def run(self, *args: str, typed: str = "") -> click.testing.Result:
        """One command; typed: what is answered to questions."""
        surroundings = Surroundings(self.open_link, lambda: self.now)
        env = {"PUMP_PORT": "/dev/pump", "PUMP_JOURNAL": self.journal.name}
        runner = click.testing.CliRunner(env=env)
        done = runner.invoke(main, args, input=typed, obj=surroundings)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def ask(self, *args: str) -> Any:
        """One command with --json."""
        return json.loads(self.run("--json", *args).stdout)

    def commission(self) -> None:
        self.bed.programmer.hold_magnet()
        assert self.run("setup", SIMPLE, "--yes").exit_code == OK
        assert self.run("clock", "--set", "now", "--yes").exit_code == OK

    def program(self, file: str) -> None:
        self.commission()
        assert self.run("program", file, "--yes").exit_code == OK

    def state_name(self) -> str:
        return names.STATES[self.bed.state]
