"""Commands on a programmed pump: start, stop, clock, acknowledge."""

import datetime
import re

import click

from protocol.programmer import amounts, compare, show
from protocol.programmer.app import App, Failed, pass_app
from protocol.programmer.client import Client
from protocol.programmer.exchange import NoAnswer
from protocol.programmer.interrogation import program_or_none, setup_or_none
from protocol.programmer.program import Program
from protocol.wire import schema

_SET_SLACK_S = 5  # between the clock as it was set and as it is read back
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}(:[0-9]{2})?")


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def start(app: App, yes: bool) -> None:
    """Start therapy as prescribed. Exit code 1 where an alarm holds it."""
    with app.client() as client:
        held = program_or_none(client)
        app.say(show.identity(app.hello))
        if held:
            app.say(show.program(held))
            app.confirm("Start therapy?", yes)
        answer = client.start()
        rows = client.alarms() if answer["state"] != schema.RUNNING else []
        uptime_s = client.read_clock()["uptime_s"]
    app.say(f"The pump is {show.state(answer['state'])}.")
    if rows:
        app.say(show.alarms([row for row in rows if show.stands(row)], uptime_s))
    app.end(answer, alarm=answer["state"] != schema.RUNNING)


@click.command()
@pass_app
def stop(app: App) -> None:
    """Stop therapy, at once and without a question.

    The order goes out before anything else is said. A pump left stopped means withdrawal.
    """
    with app.client(greet=False) as client:
        try:
            answer = client.stop()
        except NoAnswer:
            client.hello()  # tells a pump of another schema from one that does not answer at all
            answer = client.stop()
    app.say(f"The pump is {show.state(answer['state'])}.")
    if answer["state"] == schema.STOPPED:
        app.say("Watch for withdrawal. After 48 hours the pump raises the alarm LEFT_STOPPED.")
    app.end(answer, alarm=answer["state"] in (schema.RUNNING, schema.HELD))


@click.command()
@click.option("--set", "to", metavar="TIME", help='"now", or as "2026-01-01 08:00".')
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def clock(app: App, to: str | None, yes: bool) -> None:
    """Show the pump's clock, or set it.

    What the jump does to the schedule is shown before.
    """
    wanted = None if to in (None, "now") else _moment(str(to))
    with app.client() as client:
        answer = client.read_clock()
        app.say(show.identity(app.hello))
        app.say(show.clock(answer, _here_s(app)))
        if to is None:
            app.end(answer)
            return
        held = program_or_none(client) if setup_or_none(client) else None
        old_s = answer["wall_s"] if answer["set"] else None
        app.say()
        app.say(compare.clocks(held, old_s, _here_s(app) if wanted is None else wanted))
        app.confirm("Set the clock?", yes)
        _set(app, client, held, _here_s(app) if wanted is None else wanted)


def _set(app: App, client: Client, held: Program | None, wall_s: int) -> None:
    answer = client.set_clock(wall_s)
    now_s = client.read_clock()["wall_s"]
    if not 0 <= now_s - wall_s <= _SET_SLACK_S:
        raise Failed(
            f"The clock was set to {amounts.wall(wall_s)} and shows {amounts.wall(now_s)}."
        )
    app.say(f"Set. The pump's clock shows {amounts.wall(now_s)}.")
    if held and answer["rate_nl_day"]:
        app.say(f"Rate now: {amounts.rate(answer['rate_nl_day'], held.conc_mcg_ml)}.")
    app.end(answer)


@click.command()
@click.argument("names", nargs=-1, metavar="[ALARM]...")
@pass_app
def acknowledge(app: App, names: tuple[str, ...]) -> None:
    """Acknowledge alarms: those named, or all that wait. Exit code 1 while one is still active."""
    ids = [_alarm_id(name) for name in names]
    with app.client() as client:
        if not names:
            waiting = client.status()["alarms_waiting"]
            ids = [at for at in range(len(schema.ALARM_TABLE)) if waiting >> at & 1]
        app.say(show.identity(app.hello))
        for alarm in ids:
            client.acknowledge(alarm)
            app.say(f"Acknowledged: {amounts.ALARM_NAMES[alarm]}.")
        status = client.status()
    if not ids:
        app.say("No alarm waits to be acknowledged.")
    app.say(f"The pump is {show.state(status['state'])}.")
    active = amounts.names_in(status["alarms_active"], amounts.ALARM_NAMES)
    if active:
        app.say("Still active: " + ", ".join(active) + ". See `pump-programmer alarms`.")
    acknowledged = [amounts.ALARM_NAMES[alarm] for alarm in ids]
    app.end({"acknowledged": acknowledged, **status}, alarm=show.has_alarm(status))


def _here_s(app: App) -> int:
    return amounts.wall_s_of(app.now())


def _moment(text: str) -> int:
    """A typed date and time as wall_s."""
    if not _MOMENT.fullmatch(text):
        raise click.BadParameter('write "now", or as "2026-01-01 08:00"', param_hint="--set")
    try:
        wall_s = amounts.wall_s_of(datetime.datetime.fromisoformat(text))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--set") from None
    if not 0 <= wall_s <= schema.WALL_S_MAX:
        raise click.BadParameter("the pump knows the years 2000 to 2100", param_hint="--set")
    return wall_s


def _alarm_id(name: str) -> int:
    if name.upper() in amounts.ALARM_NAMES:
        return amounts.ALARM_NAMES.index(name.upper())
    raise click.BadParameter(f"{name}: known are {', '.join(amounts.ALARM_NAMES)}")


COMMANDS = (start, stop, clock, acknowledge)
