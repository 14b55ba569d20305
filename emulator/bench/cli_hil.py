"""`pump-board hil`: a real board on a USB cable, its pump driven by our plant."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click

from emulator.bench import hil as bench
from emulator.bench.board_rig import BoardRig
from emulator.bench.cli_parts import BoardApp, port_option
from emulator.bench.cli_serve_board import (
    check_mode,
    magnet_option,
    port_of,
    pty_option,
    serve_board,
)
from emulator.bench.hil_board import HilBoard
from emulator.bench.line_tap import LineTap
from emulator.bench.wiring import BoardWorld
from emulator.cli_parts import json_option, seed_option, trace_option
from emulator.cli_run import play, report_option
from emulator.story import scenario_file
from protocol.programmer.show import table


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="[SCENARIO.toml]", required=False)
@port_option
@pty_option
@magnet_option
@report_option
@seed_option
@trace_option
@json_option
def hil(
    file: Path | None,
    port: str | None,
    pty: bool,
    magnet: bool,
    report_file: Path | None,
    seed: int,
    trace: Path | None,
    as_json: bool,
) -> None:
    """Run a real board whose motor and sensors are our plant.

    Nothing but its USB cable is connected to the board. With a scenario: run it in step with the
    board's clock and judge it. With --pty: offer the programmer's line; without a scenario until
    Ctrl-C, with what happens to the pump from the keyboard. At the end the board is reset. If this
    computer falls silent, the board switches the motor off.
    """
    if port is None:
        raise click.UsageError(
            "Which board? Give --port; `pump-programmer ports` lists the ports. Without a board: "
            "`pump-board virtual`."
        )
    if file is None and not pty:
        raise click.UsageError("give a scenario, or --pty, or both")
    check_mode(file, report_file, trace, magnet)
    app = BoardApp(as_json)
    with app.errors():
        if file is not None:
            scenario_file.read(file)  # what is wrong with it is told before a board is touched
    with app.errors(), bench.on_the_bench(port, app.wait) as board:
        if file is None:
            make_rig = partial(BoardRig, lambda seed: BoardWorld(board, seed))
            serve_board(app, make_rig, seed, port_of(pty, None), magnet)
            result, holds = {}, True
        else:
            verdict = play(app, file, report_file, trace, _rig_maker(app, board, pty))
            result, holds = verdict.plain(), verdict.holds
    way = board.bridge.measured.plain()
    app.say("", "The way to the board:", table([(_LABELS[key], f"{way[key]:,}") for key in way]))
    app.end({**result, "way": way}, holds)


def _rig_maker(app: BoardApp, board: HilBoard, pty: bool) -> Callable[..., BoardRig]:
    """Makes the rig of a scenario; with a pseudo-terminal on the programmer's line, if wanted."""

    def make_rig(*args: Any, **plant: Any) -> BoardRig:
        rig = BoardRig(lambda seed: BoardWorld(board, seed), *args, **plant)
        if pty:
            port = port_of(pty, None)
            LineTap(rig, board.bridge, port)
            app.say(f"The programmer's line: {port.name}", "")
        return rig

    return make_rig


_LABELS = {
    "messages_from_board": "messages from the board",
    "lost_from_board": "of them lost",
    "lost_to_board": "messages to the board that were lost",
    "damaged": "pieces that were no message",
    "round_trip_us_median": "round trip, median, us",
    "round_trip_us_p99": "round trip, 99 of 100, us",
    "round_trip_us_max": "round trip, longest, us",
    "edge_late_us_max": "encoder edge told late by at most, us",
    "silence_us_max": "longest silence of the board, us",
}
