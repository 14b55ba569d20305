"""The command `reconcile`: what became of a change whose answer was lost."""

import click

from protocol.programmer import show
from protocol.programmer.app import ALARM, App, pass_app
from protocol.programmer.reconciliation import judge

CANNOT_BE_TOLD = 4


@click.command()
@pass_app
def reconcile(app: App) -> None:
    """Say what became of a change that a cut line left open.

    It took effect, once, or not, or that cannot be told. Asks the pump, and crosses it out of the
    journal. Exit code 0 where it took effect, or nothing is open; 1 where it did not: send it
    again if it is still wanted; 3 where the line is still cut; 4 where it cannot be told, because
    the power failed or a fault came in the middle: look at the pump, as it says. In FAULT the
    change stays open: reset the pump, and reconcile again.
    """
    found = []
    with app.client() as client:
        app.say(show.identity(app.hello))
        for path, entry in app.journal.open_for(app.hello["serial"], app.port).items():
            verdict = judge(client, entry, app.now_s())
            app.say(verdict.text(entry))
            if verdict.is_final:
                app.journal.end(path)
            found.append({"command": entry.command, "command_name": entry.name, **vars(verdict)})
    if not found:
        app.say("No change to this pump is open.")
    times = [one["times"] for one in found]
    code = CANNOT_BE_TOLD if None in times else ALARM
    app.end(found, alarm=any(one != 1 for one in times), code=code)


COMMANDS = (reconcile,)
