"""`pump-board virtual`: the stock image of MicroPython with our files, wired to our plant."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import click

from emulator.bench import file_set, image
from emulator.bench.board_rig import BoardRig
from emulator.bench.cli_parts import BoardApp, image_option
from emulator.bench.cli_serve_board import (
    check_mode,
    magnet_option,
    port_of,
    pty_option,
    serve_board,
    tcp_option,
)
from emulator.bench.wiring import BoardWorld
from emulator.cli_parts import json_option, seed_option, trace_option
from emulator.cli_run import play, report_option
from protocol import names

_BOOTS = "The virtual Pico boots, instruction by instruction: that takes some 15 s."


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="[SCENARIO.toml]", required=False)
@click.option("--serve", is_flag=True, help="Be a pump for any serial client, until Ctrl-C.")
@pty_option
@tcp_option
@magnet_option
@click.option("--release", is_flag=True, help="The set of a release.")
@image_option
@report_option
@seed_option
@trace_option
@json_option
def virtual(
    file: Path | None,
    serve: bool,
    pty: bool,
    tcp: int | None,
    magnet: bool,
    release: bool,
    image_file: Path | None,
    report_file: Path | None,
    seed: int,
    trace: Path | None,
    as_json: bool,
) -> None:
    """Boot the firmware on a virtual Pico.

    It executes the stock MicroPython, instruction by instruction. With a scenario: run and judge
    it as `pump-emulator run` does; take one of minutes. With --serve: offer UART0 to a programmer,
    and take what happens to the pump from the keyboard. With neither: boot, and say hello.
    """
    if file is not None and serve:
        raise click.UsageError("a scenario, or --serve: not both")
    if not serve and (pty or tcp is not None or magnet):
        raise click.UsageError("--pty, --tcp and --magnet go with --serve")
    check_mode(file, report_file, trace, magnet)
    app = BoardApp(as_json)
    with app.errors():
        rig = partial(BoardRig, _board(image_file, release))
        if file is not None:
            verdict = play(app, file, report_file, trace, rig)
        elif serve:
            app.wait(_BOOTS)
            serve_board(app, rig, seed, port_of(pty, tcp), magnet)
        else:
            app.wait(_BOOTS)
            _boot(app, rig(seed))
    if file is not None:
        app.end(verdict.plain(), verdict.holds)


def _board(image_file: Path | None, release: bool) -> Callable[[int], BoardWorld]:
    from emulator.bench.pico import VirtualPico  # here: it needs rp2040py

    return lambda seed: BoardWorld(
        VirtualPico(image.find(image_file), file_set.build(release)), seed
    )


def _boot(app: BoardApp, rig: BoardRig) -> None:
    pump = rig.world.pump
    state = names.STATES[pump.state.state]
    app.say(f"The pump answers {rig.now_ms:,} ms after power-on (virtual time): {state}.")
    app.end({"answer_ms": rig.now_ms, "state": state}, True)
