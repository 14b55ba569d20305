"""Commands that make a pump the pump of one patient: setup,
calibrate, refilled. All need the magnet."""

from fractions import Fraction
from pathlib import Path
from typing import cast

import click

from protocol.programmer import amounts, compare, quantity, setup_file, show, verify
from protocol.programmer.answers import SetupFields
from protocol.programmer.app import App, Failed, pass_app
from protocol.programmer.interrogation import setup_or_none


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--serial", metavar="TEXT", help="Serial number of the pump.")
@click.option("--patient-label", metavar="TEXT", help="For whom the pump is.")
@click.option("--drug", metavar="TEXT", help="Name of the drug.")
@click.option("--concentration", "conc_mcg_ml", metavar="AMOUNT", help='As "2000 mcg/mL".')
@click.option("--reservoir", "reservoir_nl", metavar="AMOUNT", help='"20 mL" or "40 mL".')
@click.option("--catheter-length", "catheter_um", metavar="AMOUNT", help='As "89 cm".')
@click.option("--catheter-volume", "catheter_nl_cm", metavar="AMOUNT", help='As "2.2 uL/cm".')
@click.option("--dose-limit", "dose_ng_day_limit", metavar="AMOUNT", help='As "1000 mcg/day".')
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def setup(app: App, /, file: Path | None, yes: bool, **options: str | None) -> None:
    """Commission a pump, from a file or from options.

    FILE has the tables [pump], [drug] and [setup]. Drops the prescription in force. Needs the
    magnet: hold it to the pump for 3 seconds, then there are 5 minutes.
    """
    given = {field: text for field, text in options.items() if text is not None}
    new = cast(SetupFields, setup_file.read(file, given))
    with app.client() as client:
        old = setup_or_none(client)
        app.say(show.identity(app.hello))
        app.say(compare.setups(old, new))
        if old:
            app.say("The prescription in force is dropped: program the pump again.")
        app.confirm("Commission this pump?", yes)
        answer = client.setup(new)
        held = client.read_setup()
        faults = verify.field_faults(held, new)
    if faults:
        raise Failed("The pump does not hold what was sent: " + "; ".join(faults))
    app.say(f"Read back and equal. The pump is {show.state(answer['state'])}.")
    app.end({"old": old, "new": held, "state": answer["state"]})


@click.command()
@click.option("--steps", required=True, type=int, help="Steps made during the measurement.")
@click.option("--volume", required=True, metavar="AMOUNT", help='Weighed volume, as "25.1 uL".')
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def calibrate(app: App, steps: int, volume: str, yes: bool) -> None:
    """Set the volume of one step from a weighed volume.

    Bound to 10 % around 50 nL, refused while therapy runs. Needs the magnet: hold it to the pump
    for 3 seconds, then there are 5 minutes.
    """
    if steps < 1:
        raise click.BadParameter("at least one step", param_hint="--steps")
    volume_nl = quantity.volume_nl(volume)
    with app.client() as client:
        old_pl = client.read_setup()["step_pl"]
        new_pl = Fraction(volume_nl * 1_000, steps)
        app.say(show.identity(app.hello))
        app.say(compare.steps(old_pl, new_pl))
        app.confirm("Calibrate this pump?", yes)
        answer = client.calibrate(steps, volume_nl)
        held_pl = client.read_setup()["step_pl"]
    if held_pl != answer["step_pl"]:
        raise Failed(f"The pump took {answer['step_pl']} pL a step and holds {held_pl} pL.")
    app.say(f"Read back and equal: {amounts.of_field('step_pl', held_pl)} a step.")
    app.end(answer)


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_app
def refilled(app: App, yes: bool) -> None:
    """Tell the pump that its reservoir has just been refilled.

    The totals since the refill begin anew; compare what was delivered with what you aspirated.
    Needs the magnet: hold it to the pump for 3 seconds, then there are 5 minutes.
    """
    with app.client() as client:
        app.say(show.identity(app.hello))
        app.confirm("Has the reservoir just been refilled?", yes)
        answer = client.refilled()
    app.say(show.refilled(answer))
    app.end(answer)


COMMANDS = (setup, calibrate, refilled)
