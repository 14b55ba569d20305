"""`pump-emulator`: virtual pumps. demo, run, serve, replay, bench.

Exit codes: 0 ok; 1 an alarm or a failed verdict; 2 usage, a faulty file among it; 3 link.
"""

from pathlib import Path

import click

from emulator import demo as story_of_a_day
from emulator import report
from emulator.cli_parts import App, file_option, json_option, seed_option, trace_option
from emulator.cli_replay import replay
from emulator.cli_run import run
from emulator.cli_serve import serve
from emulator.story.screen import account_table, alarm_table, check_table


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Run virtual intrathecal pumps: the real firmware on an emulated board.

    A development and research system: never for use on people or animals.

    Exit codes: 0 ok; 1 an alarm or a failed verdict; 2 usage; 3 link.
    """


@main.command()
@file_option("--report", "report_file", Path("build/demo.html"), "Where the page with plots goes.")
@file_option("--prescription", "file", story_of_a_day.PRESCRIPTION, "For whom and how much.")
@seed_option
@trace_option
@json_option
def demo(report_file: Path, file: Path, seed: int, trace: Path | None, as_json: bool) -> None:
    """A day of a pump, with a blocked catheter at 14:00.

    It is programmed, runs, raises the alarm, is acknowledged, and goes on. The real programmer
    programs it over a pseudo-terminal. Exit code 1 if the story does not hold.
    """
    app = App(as_json)
    with app.errors(), app.traced(trace) as sinks:
        day = story_of_a_day.play(file, seed, app.screen, sinks)
        subject = report.Subject(
            "A day of a pump: blocked at 14:00, opened at 17:00",
            f"24 hours from the start of therapy with {file.name}, seed {seed}; programmed over a "
            "serial line.",
            day.sources,
        )
        report.write(report_file, subject, day.chronicle, day.account, day.checks)
    app.say("", account_table(day.account), "", alarm_table(day.chronicle), "")
    app.say(check_table(day.checks), "")
    app.say(f"The story {'holds' if day.holds else 'DOES NOT HOLD'}. Report: {report_file}")
    app.say(report.NOTICE)
    app.end({**day.plain(), "report": str(report_file)}, day.holds)


GOALS = {
    "virtual_s_per_s_500_ul_day": (">=", 100_000),
    "virtual_s_per_s_1000_ul_day": (">=", 100_000),
    "step_in_kernel_events": ("<=", 35),
    "unix_over_cpython": (">=", 0.35),
    "pypy_virtual_s_per_s": (">=", 1_000_000),
    "pty_over_echo": ("<=", 3),
}


@main.command()
@json_option
def bench(as_json: bool) -> None:
    """How fast it is: ratios taken in one run, each with its goal. A few minutes."""
    from emulator import measure  # here: it knows Unix things that the other commands do without

    app = App(as_json)
    figures = measure.measure(lambda what: app.say(f"measuring {what} ..."))
    for name, (sign, goal) in GOALS.items():
        found = figures[name]
        shown = "not measured: the runtime is not installed" if found is None else f"{found:,.2f}"
        app.say(f"  {name:<28} {shown:>14}   goal {sign} {goal:,}")
    counts = ", ".join(f"{count:,} {what}" for what, count in figures["of_a_step"].items())
    app.say("", f"Where the time of the whole pump goes; one step is {counts}:")
    for name, share in figures["share_of_time"].items():
        app.say(f"  {name:<28} {share:>14.1%}")
    app.end(figures, True)


main.add_command(replay)
main.add_command(run)
main.add_command(serve)

if __name__ == "__main__":
    main()
