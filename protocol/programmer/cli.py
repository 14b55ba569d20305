"""`pump-programmer`: the clinician's end of the line, command by command.

Commands that read: cli_read.py, cli_log.py. Commands that change a pump: cli_setup.py,
cli_program.py, cli_bolus.py, cli_run.py. All of them are thin: what they show is made in
show.py, show_bolus.py and compare.py.
"""

from pathlib import Path

import click

from protocol.programmer import (
    cli_bolus,
    cli_log,
    cli_program,
    cli_read,
    cli_reconcile,
    cli_run,
    cli_setup,
)
from protocol.programmer.app import App, Commands, Surroundings
from protocol.programmer.journal import Journal


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--port",
    default="",
    envvar="PUMP_PORT",
    metavar="URL",
    help="Device, socket://HOST:PORT, any pyserial URL, or emu://?seed=1. Default: $PUMP_PORT.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; ask nothing.")
@click.option(
    "--journal",
    type=click.Path(path_type=Path),
    default=lambda: Path(click.get_app_dir("pump-programmer")) / "journal",
    envvar="PUMP_JOURNAL",
    metavar="FOLDER",
    help="Where a change is written down until it is answered. Default: $PUMP_JOURNAL, or yours.",
)
@click.pass_context
def main(ctx: click.Context, port: str, as_json: bool, journal: Path) -> None:
    """Program an intrathecal pump over a serial line.

    A development and research system: never for use on people or animals.

    Exit codes: 0 ok; 1 an alarm, a refusal or a failed check; 2 usage; 3 link, or an answer
    that was lost; 4 `reconcile` cannot tell.
    """
    surroundings = ctx.obj if isinstance(ctx.obj, Surroundings) else Surroundings()
    ctx.obj = App(port, as_json, surroundings, Journal(journal))


for module in (cli_read, cli_setup, cli_program, cli_bolus, cli_run, cli_reconcile, cli_log):
    for command in module.COMMANDS:
        main.add_command(command)


if __name__ == "__main__":
    main()
