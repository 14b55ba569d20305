"""The command `bolus`: a dose over a time, on top of the prescription; its end; and the history.

As `program`: the pump's own reading of the proposal, what it makes of the day, then a yes.
"""

import click

from protocol.programmer import amounts, quantity, show, show_bolus
from protocol.programmer import bolus as boluses
from protocol.programmer.app import App, Failed, pass_app
from protocol.programmer.client import Client


@click.command()
@click.argument("dose", required=False)
@click.option("--over", metavar="TIME", help='How long it takes, such as "10 min".')
@click.option("--cancel", is_flag=True, help="End the bolus under way, at once.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def bolus(app: App, dose: str | None, over: str | None, cancel: bool, yes: bool) -> None:
    """Give a bolus, cancel it, or show the last ones.

    DOSE, as "50 mcg", comes on top of the prescription, while therapy runs and no alarm stands.
    Without DOSE: the last ones.
    """
    if cancel and (dose or over):
        raise click.UsageError("--cancel stands alone")
    if bool(dose) != bool(over):
        raise click.UsageError('write dose and time: bolus "50 mcg" --over "10 min"')
    dose_ng = quantity.dose_ng(dose) if dose else 0
    duration_s = quantity.duration_s(over) if over else 0
    with app.client() as client:
        app.say(show.identity(app.hello))
        if cancel:
            _cancel(app, client)
        elif dose_ng:
            _give(app, client, dose_ng, duration_s, yes)
        else:
            answer = client.boluses()
            app.say(show_bolus.history(answer))
            app.end(answer)


def _give(app: App, client: Client, dose_ng: int, duration_s: int, yes: bool) -> None:
    setup = client.read_setup()
    asked = boluses.of_dose(dose_ng, duration_s, setup["conc_mcg_ml"])
    before = client.boluses()
    proposal = client.propose_bolus(asked.to_wire())
    faults = boluses.faults(proposal, app.hello["serial"], before["count"], asked)
    if faults:
        raise Failed("Pump and programmer disagree; nothing was changed. " + "; ".join(faults))
    app.say(show_bolus.proposal(asked, proposal, setup["dose_ng_day_limit"]))
    app.confirm("Give this bolus?", yes)
    answer = client.start_bolus(proposal["digest"])
    if not answer["duration_ms"]:
        app.say("An alarm ended it before its first step: see `pump-programmer alarms`.")
    else:
        app.say(f"Under way for {amounts.of_field('duration_ms', answer['duration_ms'])}.")
        app.say("`pump-programmer bolus` shows how far it is, `bolus --cancel` ends it.")
    app.end({"proposal": proposal, **answer}, alarm=not answer["duration_ms"])


def _cancel(app: App, client: Client) -> None:
    answer = client.cancel_bolus()
    low, high = answer["verified_nl"], answer["possible_nl"]
    gave = (
        amounts.volume(low) if low == high else f"{amounts.volume(low)} to {amounts.volume(high)}"
    )
    app.say(
        f"Cancelled. Of {amounts.volume(answer['volume_nl'])} it gave {gave}. "
        f"Delivery goes on as prescribed, {amounts.volume_rate(answer['rate_nl_day'])} now."
    )
    app.end(answer)


COMMANDS = (bolus,)
