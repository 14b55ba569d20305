"""`pump-emulator run`: play a scenario and judge it."""

from collections.abc import Callable
from pathlib import Path

import click

from emulator import report, scenario
from emulator.cli_parts import App, file_option, json_option, trace_option
from emulator.rig import Rig
from emulator.scenario import Verdict
from emulator.story import scenario_file
from emulator.story.screen import account_table, alarm_table, check_table

report_option = file_option("--report", "report_file", None, "Write a page with plots.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="SCENARIO.toml")
@report_option
@trace_option
@json_option
def run(file: Path, report_file: Path | None, trace: Path | None, as_json: bool) -> None:
    """Run a scenario in virtual time and judge it.

    How to write one: docs/scenarios/README.md. Exit code 1 if something that was expected did not
    come, or something else did.
    """
    app = App(as_json)
    with app.errors():
        verdict = play(app, file, report_file, trace)
    app.end(verdict.plain(), verdict.holds)


def play(
    app: App,
    file: Path,
    report_file: Path | None,
    trace: Path | None,
    make_rig: Callable[..., Rig] = Rig,
) -> Verdict:
    """Play the scenario of a file, and say what came of it. make_rig: see scenario.run."""
    with app.traced(trace) as sinks:
        told = scenario_file.read(file)
        verdict = scenario.run(told, sinks, app.screen.progress, make_rig)
    app.screen.end_progress()
    if report_file is not None:
        subject = report.Subject(told.title, f"Scenario {file.name}, seed {told.seed}.")
        report.write(report_file, subject, verdict.chronicle, verdict.account, verdict.checks)
    app.say(told.title, "", account_table(verdict.account), "", alarm_table(verdict.chronicle), "")
    app.say(check_table(verdict.checks), "")
    app.say(f"The scenario {'holds' if verdict.holds else 'FAILED'}.")
    return verdict
