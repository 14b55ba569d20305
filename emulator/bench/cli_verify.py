"""`pump-board verify`: is the set of this checkout on the board?"""

from pathlib import Path

import click

from emulator.bench import checkout, identity
from emulator.bench.cli_parts import (
    BoardApp,
    image_option,
    kept_option,
    kind_option,
    port_option,
    target,
    virtual_option,
)
from emulator.bench.survey import Slot, Survey, look
from emulator.bench.transport import UsbTransport
from emulator.cli_parts import json_option


@click.command()
@port_option
@virtual_option
@kind_option
@image_option
@kept_option
@json_option
def verify(
    port: str | None,
    is_virtual: bool,
    kind: str | None,
    image_file: Path | None,
    kept: Path | None,
    as_json: bool,
) -> None:
    """Compare what is on a board with this checkout, module by module.

    The board is stopped, motor off, has its flash read, and is reset. Exit code 1 if it does not
    run this very set.
    """
    app = BoardApp(as_json)
    with app.errors(), target(port, is_virtual, image_file, kept) as found:
        board = UsbTransport(found.port, app.wait)
        try:
            what = identity.ask(board)
            survey = look(board)
            board.reset()
        finally:
            board.close()
        app.say(f"{what}, at {found.port}")
        differ = checkout.differences(survey, identity.kind_for(what, kind))
    app.say(*(slot_words(survey, slot) for slot in survey.slots.values()))
    app.say(*(f"  {one}" for one in differ))
    app.say("The board runs this checkout." if not differ else "NOT this checkout.")
    runs = survey.starts
    result = {
        "starts": runs and runs.name,
        "manifest_hash": runs and runs.manifest and runs.manifest.digest.hex(),
        "faults": {slot.name: slot.faults for slot in survey.slots.values()},
        "differences": differ,
    }
    app.end(result, not differ)


def slot_words(survey: Survey, slot: Slot) -> str:
    """One slot on one line."""
    runs = survey.starts is slot
    if slot.manifest is None:
        words = "; ".join(filter(None, [*slot.faults, slot.unread]))
        return f"slot {slot.name}: {words}{', runs' if runs else ''}"
    what = slot.manifest
    sound = f"NOT SOUND: {'; '.join(slot.faults)}" if slot.faults else "sound"
    return (
        f"slot {slot.name}: version {what.version}, manifest {what.digest.hex()[:16]}"
        f"{', a release' if what.release else ''}, {sound}{', runs' if runs else ''}"
    )
