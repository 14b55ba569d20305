"""Commands that only read: ports, interrogate, status, totals, alarms."""

import click
from serial.tools import list_ports

from protocol.programmer import amounts, known_firmware, show, show_all
from protocol.programmer.app import App, pass_app
from protocol.programmer.interrogation import interrogate as ask_everything
from protocol.programmer.interrogation import setup_or_none


@click.command()
@pass_app
def ports(app: App) -> None:
    """List the serial ports of this computer."""
    found = [(port.device, port.description, port.hwid) for port in list_ports.comports()]
    if found:
        app.say(show.table(found))
    else:
        app.say("No serial port. Without a pump: --port emu://?seed=1, or a served emulator.")
    keys = ("device", "description", "hwid")
    app.end([dict(zip(keys, port)) for port in sorted(found)])


@click.command()
@pass_app
def status(app: App) -> None:
    """How the pump is now. Exit code 1 while an alarm stands."""
    with app.client() as client:
        setup = setup_or_none(client)
        answer = client.status()
    app.say(show.identity(app.hello))
    app.say(show.status(answer, setup["conc_mcg_ml"] if setup else 0))
    app.end({**app.hello, **answer}, alarm=show.has_alarm(answer))


@click.command()
@pass_app
def interrogate(app: App) -> None:
    """Everything the pump can say about itself. Exit code 1 while an alarm stands."""
    with app.client() as client:
        found = ask_everything(client, app.hello)
    here_s = amounts.wall_s_of(app.now())
    app.say(show_all.interrogation(found, here_s, known_firmware.known()))
    app.end(dict(vars(found)), alarm=show.has_alarm(found.status))


@click.command()
@pass_app
def totals(app: App) -> None:
    """What was delivered in the pump's life, from its step ledger."""
    with app.client() as client:
        answer = client.totals()
    app.say(show.identity(app.hello))
    app.say(show.totals(answer))
    app.end(answer)


@click.command()
@pass_app
def alarms(app: App) -> None:
    """The alarms since the last reset, and what to do. Exit code 1 while one stands."""
    with app.client() as client:
        rows = client.alarms()
        uptime_s = client.read_clock()["uptime_s"]
    app.say(show.identity(app.hello))
    app.say(show.alarms(rows, uptime_s))
    app.end(rows, alarm=any(show.stands(row) for row in rows))


COMMANDS = (ports, interrogate, status, totals, alarms)
