"""`reconcile`: what the command line says of a change whose answer was lost."""

import pytest

from emulator.emu_link import EmuLink
from emulator.world import World
from protocol.programmer.app import ALARM, LINK
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
