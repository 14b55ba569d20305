"""`reconcile`: what the command line says of a change whose answer was lost."""

from typing import Any

import pytest

from emulator.emu_link import EmuLink
from emulator.world import World
from protocol.programmer import held, reconciliation
from protocol.programmer.app import ALARM, LINK
from protocol.programmer.cli import main
from protocol.programmer.cli_reconcile import CANNOT_BE_TOLD
from protocol.wire import schema
from tests.pumps import Bed
from tests.wire.changes import Observer
from tests.wire.desk import OK, Desk
from tests.wire.faulty_line import Line


@pytest.fixture
def cut(ready: Desk) -> Desk:
    """A desk whose START was cut on the way back: it took effect."""
    ready.link_type = lambda world, _url: link_of(world)

    def link_of(world: World) -> Line:
        link = Line(world, schema.START)
        link.from_pump = 2
        return link

    done = ready.run("start", "--yes")
    assert done.exit_code == LINK
    assert "`pump-programmer reconcile`" in done.stderr
    return ready


def test_the_command_says_what_became_of_it(cut: Desk) -> None:
    cut.link_type = EmuLink
    done = cut.run("reconcile")
    assert done.exit_code == OK
    assert "START, sent at 2026-01-01 08:00:00, took effect, once" in done.output
    assert cut.state_name() == "RUNNING"
    again = cut.run("reconcile")
    assert again.exit_code == OK
    assert "No change to this pump is open." in again.output


def test_one_that_did_not_take_effect_gives_exit_code_1(ready: Desk) -> None:
    def link_of(world: World, _url: str) -> Line:
        link = Line(world, schema.START)
        link.to_pump = 4
        return link

    ready.link_type = link_of
    assert ready.run("start", "--yes").exit_code == LINK
    ready.link_type = EmuLink
    answer = ready.ask("reconcile")
    assert not answer["ok"]
    assert [(one["command_name"], one["times"]) for one in answer["result"]] == [("START", 0)]
    assert ready.state_name() == "STOPPED"
    assert ready.run("start", "--yes").exit_code == OK


def test_one_that_cannot_be_told_gives_exit_code_4_and_says_where_to_look(cut: Desk) -> None:
    """It was done, and undone by a STOP; the power fails before either is in the log."""
    cut.link_type = EmuLink
    assert cut.run("stop").exit_code == OK
    power_fails(cut)
    done = cut.run("reconcile")
    assert done.exit_code == CANNOT_BE_TOLD == 4
    assert "START, sent at 2026-01-01 08:00:00: it cannot be told" in done.output
    assert "See with `pump-programmer status` whether therapy runs" in done.output
    assert "No change to this pump is open." in cut.run("reconcile").output


def test_one_that_cannot_be_told_says_so_to_a_script(cut: Desk) -> None:
    cut.link_type = EmuLink
    assert cut.run("stop").exit_code == OK
    power_fails(cut)
    answer = cut.ask("reconcile")
    assert not answer["ok"]
    (one,) = answer["result"]
    assert (one["times"], one["from_log"], one["is_final"]) == (None, False, True)


def test_in_a_fault_a_change_stays_open_until_the_reset(ready: Desk) -> None:
    def out_of_memory(*_: Any) -> None:
        raise MemoryError

    ready.bed.pump.ledger.deliver_as = out_of_memory
    assert ready.run("start", "--yes").exit_code == LINK
    done = ready.run("reconcile")
    assert done.exit_code == CANNOT_BE_TOLD
    assert "while the pump is in FAULT. Only a reset leads out" in done.output
    ready.bed.run(s=12)
    power_fails(ready)
    after = ready.run("reconcile")
    assert after.exit_code == OK
    assert "took effect, once (by what the pump holds now)" in after.output


def power_fails(desk: Desk) -> None:
    desk.bed.world.power_cut()
    desk.bed.run(s=5)
    desk.bed.world.power_on()
    desk.bed.run(s=5)


def test_every_change_says_where_to_look() -> None:
    assert set(reconciliation._LOOK) == set(schema.CHANGING)
    assert set(held._JUDGES) == set(schema.CHANGING)
    for look in reconciliation._LOOK.values():
        assert look.split("`")[0] in main.commands, look


def test_while_the_line_stays_cut_the_change_stays_open(cut: Desk) -> None:
    cut.broken = OSError("no such port")
    assert cut.run("reconcile").exit_code == LINK
    cut.broken = None
    cut.link_type = EmuLink
    assert cut.ask("reconcile")["result"][0]["times"] == 1


def test_before_it_is_reconciled_nothing_is_changed_but_stop(cut: Desk) -> None:
    cut.link_type = EmuLink
    observer = Observer(cut.bed)
    refused = cut.run("clock", "--set", "now", "--yes")
    assert refused.exit_code == ALARM
    assert "reconcile" in refused.stderr
    assert sum(observer.done.values()) == 0
    assert cut.run("stop").exit_code == OK
    assert cut.state_name() == "STOPPED"
    assert cut.ask("reconcile")["result"][0]["times"] == 1
    assert cut.run("clock", "--set", "now", "--yes").exit_code == OK


def test_another_pump_is_not_held_up(cut: Desk) -> None:
    cut.link_type = EmuLink
    cut.bed = Bed()
    cut.bed.programmer.hold_magnet()
    assert "No change to this pump is open." in cut.run("reconcile").output
    assert cut.run("setup", "--yes", *OTHER_SETUP).exit_code == OK


OTHER_SETUP = (
    "--serial", "OITB-0777", "--patient-label", "another", "--drug", "baclofen",
    "--concentration", "2000 mcg/mL", "--reservoir", "20 mL", "--catheter-length", "89 cm",
    "--catheter-volume", "2.2 uL/cm", "--dose-limit", "1000 mcg/day",
)  # fmt: skip
