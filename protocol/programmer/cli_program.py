"""The command `program`: a prescription file into a pump, with a person in between.

Identity, then the pump's own reading of the proposal, then old beside new, then a yes; the pump
takes it whole or not at all, and what it holds afterwards is compared with what was confirmed.
"""

from pathlib import Path

import click

from protocol.programmer import amounts, compare, quantity, show, verify
from protocol.programmer import prescription as prescription_file
from protocol.programmer.answers import HelloAnswer, ReadSetupAnswer
from protocol.programmer.app import App, Failed, pass_app
from protocol.programmer.client import Client
from protocol.programmer.interrogation import program_or_none
from protocol.programmer.prescription import Prescription
from protocol.programmer.program import Program
from protocol.wire import schema


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--serial", metavar="TEXT", help="Typed serial number, where the file's differs.")
@click.option("--patient-label", metavar="TEXT", help="Typed label, where the file's differs.")
@click.option("--yes", is_flag=True, help="Do not ask for a confirmation.")
@pass_app
def program(
    app: App, file: Path, serial: str | None, patient_label: str | None, yes: bool
) -> None:
    """Program the prescription in FILE, compared and read back.

    Where serial number or patient label of the pump differ from the file, they have to be typed
    (or given as options); --yes does not stand in for that.
    """
    prescription = prescription_file.read(file)
    new = prescription.program
    with app.client() as client:
        app.say(show.identity(app.hello))
        setup = client.read_setup()
        _check_identity(app, prescription, serial, patient_label)
        _check_drug(setup, prescription)
        old = program_or_none(client)
        proposal = client.propose(new.to_wire())
        faults = verify.proposal_faults(proposal, app.hello["serial"], new, old)
        if faults:
            raise Failed("Pump and programmer disagree; nothing was changed. " + "; ".join(faults))
        app.say(compare.programs(old, new))
        _confirm(app, old, new, yes)
        answer = client.confirm(proposal["digest"])
        _check_read_back(client, app.hello, new)
    app.say("In force, read back and equal.")
    if answer["state"] == schema.STOPPED:
        app.say("The pump is STOPPED: `pump-programmer start` starts therapy.")
    else:
        rate = amounts.rate(answer["rate_nl_day"], new.conc_mcg_ml)
        app.say(f"The pump is {show.state(answer['state'])}. Rate now: {rate}.")
    app.end({"old": old, "new": new, "proposal": proposal, **answer})


def _check_identity(
    app: App, prescription: Prescription, serial: str | None, patient_label: str | None
) -> None:
    """Is it the pump that the file means? Each difference has to be typed away by itself."""
    rows = (
        ("serial number", prescription.serial, app.hello["serial"], serial, "--serial"),
        (
            "patient label",
            prescription.patient_label,
            app.hello["patient_label"],
            patient_label,
            "--patient-label",
        ),
    )
    for what, in_file, in_pump, given, option in rows:
        if in_file == in_pump and given in (None, in_pump):
            continue
        app.say(f'The {what} differs: the file has "{in_file}", the pump "{in_pump}".')
        typed = given
        if typed is None:
            typed = app.type_in(f"Type the {what} of the pump that you mean ({option})")
        if typed != in_pump:
            raise Failed(f'"{typed}" is not the {what} of this pump. Nothing was changed.')


def _check_drug(setup: ReadSetupAnswer, prescription: Prescription) -> None:
    """The pump compares the concentration itself; the name of the drug only we can."""
    if setup["drug"].casefold() != prescription.drug.casefold():
        raise Failed(
            f"The pump was set up for {setup['drug']}, the file prescribes {prescription.drug}. "
            "Nothing was changed."
        )


def _confirm(app: App, old: Program | None, new: Program, yes: bool) -> None:
    """A yes; and where the dose changes by more than is usual, the new dose typed before it."""
    if compare.is_unusual(old, new):
        change = amounts.change(old.dose_ng_day if old else 0, new.dose_ng_day)
        app.say(f"UNUSUAL: the 24 h dose changes by {change}.")
        if not yes:
            typed = app.type_in(f'Type the new 24 h dose, such as "{_EXAMPLE}"')
            if quantity.dose_ng_day(typed) != new.dose_ng_day:
                raise Failed(f'"{typed}" is not the new 24 h dose. Nothing was changed.')
    if app.hello["state"] in (schema.RUNNING, schema.HELD):
        app.say("Therapy is on: the new program holds at once.")
    app.confirm("Program this pump?", yes)


_EXAMPLE = "300 mcg/day"


def _check_read_back(client: Client, hello: HelloAnswer, new: Program) -> None:
    faults = verify.read_back_faults(client.read_back(), hello["serial"], new)
    if faults:
        raise Failed(
            "THE PUMP HOLDS SOMETHING ELSE THAN WAS CONFIRMED. Stop it: `pump-programmer stop`. "
            + "; ".join(faults)
        )


COMMANDS = (program,)
