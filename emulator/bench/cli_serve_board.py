"""A pump on a board, served at a port: what `virtual` and `hil` share."""

import json
from collections.abc import Callable
from pathlib import Path

import click
from click.core import ParameterSource

from emulator.bench.cli_parts import BoardApp
from emulator.cli_parts import Option
from emulator.cli_serve import stdin, until_stopped
from emulator.rig import Rig
from emulator.serve import Port, Server
from emulator.story.ports import PtyPort, TcpPort

pty_option: Option = click.option(
    "--pty", is_flag=True, help="Offer the programmer's line as a pseudo-terminal."
)
tcp_option: Option = click.option(
    "--tcp",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="Offer it on a TCP port of 127.0.0.1 (0: a free one).",
)
magnet_option: Option = click.option(
    "--magnet", is_flag=True, help="Hold the magnet to the pump first."
)


def port_of(pty: bool, tcp: int | None) -> Port:
    """Where clients come. Raises UsageError, PortError."""
    if pty == (tcp is not None):
        raise click.UsageError("give one of --pty and --tcp PORT")
    return PtyPort() if tcp is None else TcpPort(tcp)


def check_mode(
    file: Path | None, report_file: Path | None, trace: Path | None, magnet: bool
) -> None:
    """Raises UsageError for an option that would do nothing. file: the scenario, or None."""
    if file is None and (report_file or trace):
        raise click.UsageError("--report and --trace go with a scenario")
    if file is not None and magnet:
        raise click.UsageError("in a scenario the magnet is one of its actions, not --magnet")
    is_given = (
        click.get_current_context().get_parameter_source("seed") is not ParameterSource.DEFAULT
    )
    if file is not None and is_given:
        raise click.UsageError("the seed of a scenario stands in its file")


def serve_board(
    app: BoardApp, make_rig: Callable[[int], Rig], seed: int, port: Port, magnet: bool
) -> None:
    """Serve until Ctrl-C. Prints the port; what is typed happens to the pump."""
    rig = make_rig(seed)
    going = until_stopped()
    if magnet:
        rig.hold_magnet()
    click.echo(json.dumps({"port": port.name}) if app.as_json else port.name)
    app.wait("Type what happens to the pump (help lists it); Ctrl-C ends.")
    Server(rig, port, 1.0, stdin(), app.screen.say).run(going)
    port.close()
