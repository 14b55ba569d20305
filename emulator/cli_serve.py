"""`pump-emulator serve`: be a pump for any serial client."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import click

from emulator.cli_parts import (
    App,
    file_option,
    json_option,
    opened,
    seed_option,
    trace_option,
)
from emulator.rig import Rig
from emulator.serve import Port, Server
from emulator.story import recording
from emulator.story.ports import PtyPort, TcpPort
from protocol.programmer import quantity


@click.command()
@click.option("--pty", is_flag=True, help="Serve on a pseudo-terminal; prints its path.")
@click.option(
    "--tcp",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="Serve on a TCP port of 127.0.0.1 (0: a free one); prints its URL.",
)
@click.option(
    "--speed",
    default="1",
    show_default=True,
    metavar="N|max",
    help="Virtual seconds a second while no client talks.",
)
@click.option("--magnet", is_flag=True, help="Hold the magnet to the pump at power-on.")
@click.option("--content", metavar="AMOUNT", help='In the 20 mL reservoir, as "4.05 mL".')
@file_option("--record", "record", None, "Keep what comes in, for `replay`.")
@seed_option
@trace_option
@json_option
def serve(
    pty: bool,
    tcp: int | None,
    speed: str,
    magnet: bool,
    content: str | None,
    record: Path | None,
    seed: int,
    trace: Path | None,
    as_json: bool,
) -> None:
    """Be a pump for any serial client, until Ctrl-C.

    Prints the port. Then type what happens to the pump, as in a scenario: magnet, kink 97 %,
    release, refill 15 mL, and so on; help lists them all.
    """
    if pty == (tcp is not None):
        raise click.UsageError("give one of --pty and --tcp PORT")
    pace = _speed(speed)
    app = App(as_json)
    with app.errors(), app.traced(trace) as sinks, opened(record) as kept:
        plant = {} if content is None else {"volume_nl": float(quantity.volume_nl(content))}
        rig = Rig(seed, sinks, **plant)
        recorder = None if kept is None else recording.Recorder(kept, rig, plant)
        port: Port = PtyPort() if tcp is None else TcpPort(tcp)
        going = until_stopped()
        if magnet:
            rig.hold_magnet()
        click.echo(json.dumps({"port": port.name}) if as_json else port.name)
        Server(rig, port, pace, stdin(), app.screen.say).run(going)
        if recorder is not None:
            recorder.end()
        rig.watch.end()
        port.close()


def _speed(text: str) -> float | None:
    """Virtual seconds a second; None: as fast as it goes."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise click.BadParameter('write a number above 0, or "max"', param_hint="--speed")
    return speed


def stdin() -> int | None:
    """Where a person may type; None where there is no such place."""
    try:
        return sys.stdin.fileno()
    except (OSError, ValueError, AttributeError):
        return None


def until_stopped() -> Callable[[], bool]:
    """Answers no once Ctrl-C or a polite kill has come."""
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda signum, _frame: stopped.append(signum))
    return lambda: not stopped
