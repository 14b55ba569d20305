"""`pump-board doctor`: what is connected, what is on it, and which parts of the pump answer."""

from pathlib import Path

import click

from emulator.bench import boards, identity
from emulator.bench import doctor as examination
from emulator.bench.cli_parts import (
    BoardApp,
    Target,
    image_option,
    kept_option,
    kind_option,
    line_option,
    port_option,
    target,
    virtual_option,
)
from emulator.bench.doctor import FAILED, NOT_SEEN, OK, Finding, Patient
from emulator.bench.survey import look
from emulator.bench.transport import UsbTransport
from emulator.cli_parts import json_option
from protocol.programmer.diagnosis import diagnose
from protocol.programmer.exchange import NoAnswer, VersionMismatch, WrongAnswer
from protocol.programmer.link import LinkError
from protocol.programmer.show import state as state_words
from protocol.programmer.show import table


@click.command()
@port_option
@virtual_option
@click.option("--bare", is_flag=True, help="With --virtual: no part of the pump is wired to it.")
@click.option("--step", "may_step", is_flag=True, help="Move the motor by one step (50 nL).")
@kind_option
@line_option
@image_option
@kept_option
@json_option
def doctor(
    port: str | None,
    is_virtual: bool,
    bare: bool,
    may_step: bool,
    kind: str | None,
    line: str | None,
    image_file: Path | None,
    kept: Path | None,
    as_json: bool,
) -> None:
    """Look a board over, part by part.

    Image, files, clock, line, and which parts of the pump answer. The board is stopped, motor off,
    and reset at the end. Exit code 1 if something has FAILED; what is absent, or cannot be seen
    from here, is told and is no failure.
    """
    app = BoardApp(as_json)
    with app.errors(), target(port, is_virtual, image_file, kept, line, not bare) as found:
        findings = _examine(app, found, kind, may_step)
    app.say(table(findings))
    well = not any(one.verdict == FAILED for one in findings)
    app.say("", "Nothing that was looked at has failed." if well else "Something has FAILED.")
    app.end({"well": well, "findings": [one._asdict() for one in findings]}, well)


def _examine(app: BoardApp, found: Target, kind: str | None, may_step: bool) -> list[Finding]:
    board = UsbTransport(found.port, app.wait)
    try:
        what = identity.ask(board)
        own = boards.known()[identity.kind_for(what, kind)]
        patient = Patient(board, what, own, found.is_virtual)
        findings = examination.of_board(patient)
        survey = look(board)
        findings += examination.of_set(survey, own.name)
        findings += examination.of_parts(patient, may_step)
        board.reset()
    finally:
        board.close()
    return [*findings, _hello(app, found, survey.starts is not None)]


def _hello(app: BoardApp, found: Target, starts: bool) -> Finding:
    """What the pump says on the programmer's line after the reset."""
    if not starts:
        return Finding("pump", FAILED, "nothing starts: `pump-board flash` puts this set there")
    if found.line is None:
        return Finding("pump", NOT_SEEN, "it speaks on UART0: give --programmer-port")
    try:
        hello = found.hello(app.wait)
    except (LinkError, NoAnswer, VersionMismatch, WrongAnswer) as error:
        return Finding("pump", FAILED, diagnose(error, found.line).what)
    seen = f"version {hello['firmware_version']} answers: {state_words(hello['state'])}"
    return Finding("pump", OK, seen)
