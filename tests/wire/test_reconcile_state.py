"""`reconcile` where the log does not reach: the power failed, or a fault came in the middle.

What the pump holds is compared with what it held before. No verdict is wrong: where two stories
end alike, it cannot be told.
"""

from pathlib import Path
from typing import Any

import pytest

from emulator.emu_link import EmuLink
from protocol import names
from protocol.programmer.exchange import Undecided
from protocol.programmer.reconciliation import Verdict
from protocol.wire import events, schema
from tests.wire.changes import Case
from tests.wire.faulty_line import PORT, Line

BY_STATE = 1, False
BY_LOG = 0, True
DAY_S = 86_400


@pytest.fixture(params=schema.CHANGING, ids=lambda kind: names.MESSAGES[kind])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return Case(request.param, tmp_path / "journal")


def lost_there(case: Case) -> None:
    """The change never arrives."""
    link = Line(case.bed.world, case.command)
    link.to_pump = 3
    assert not case.attempt(link)
    assert case.effects() == 0


def lost_back(case: Case) -> None:
    """The change is carried out, its answer is lost."""
    link = Line(case.bed.world, case.command)
    link.from_pump = 1
    assert not case.attempt(link)
    assert case.effects() == 1


def power_fails(case: Case, off_s: int = 5) -> None:
    case.bed.world.power_cut()
    case.bed.run(s=off_s)
    case.bed.world.power_on()
    case.bed.run(s=5)


def said(case: Case) -> tuple[int | None, bool]:
    verdict = case.reconciled()
    return verdict.times, verdict.from_log


# What is told though the change never arrived and the log was lost: nothing since can hide it.
TOLD_UNDONE = (schema.REFILLED, schema.START_BOLUS)


def test_what_never_arrived_is_not_told_done_after_a_power_failure(case: Case) -> None:
    case.bed.run(s=30)
    case.prepare()
    lost_there(case)
    case.bed.run(ms=100)
    power_fails(case)
    assert said(case) == (0 if case.command in TOLD_UNDONE else None, False)


def test_what_was_done_and_stored_is_told_done_after_a_power_failure(case: Case) -> None:
    case.bed.run(s=30)
    case.prepare()
    lost_back(case)
    case.bed.run(ms=100)
    power_fails(case)
    assert said(case) == BY_STATE


def test_a_power_failure_later_than_a_session_lasts_leaves_it_to_the_log(case: Case) -> None:
    """The log goes on past the request, and would hold it; a STOP may come at any time."""
    case.prepare()
    lost_there(case)
    case.bed.run(minutes=6)
    case.bed.pump.log.note(events.SELF_TEST)
    case.bed.run(s=60)
    power_fails(case)
    assert said(case) == (BY_LOG if case.command != schema.STOP else (None, False))


def test_a_power_failure_after_somebody_elses_change_leaves_it_to_the_log(case: Case) -> None:
    """A change needs a hello, which has ended the session of the request."""
    case.prepare()
    lost_there(case)
    case.bed.run(s=11)
    case.bed.ask(schema.SET_CLOCK, wall_s=case.now_s())
    case.bed.run(s=12)
    power_fails(case)
    assert said(case) == (BY_LOG if case.command != schema.STOP else (None, False))


def test_a_stop_by_somebody_else_leaves_the_session_open(tmp_path: Path) -> None:
    case = Case(schema.START, tmp_path)
    case.prepare()
    lost_there(case)
    case.bed.run(s=11)
    case.bed.programmer.counter = 9
    case.bed.programmer.ask(schema.STOP)
    case.bed.run(s=12)
    power_fails(case)
    assert said(case) == (None, False)


def test_a_refill_that_never_arrived_is_not_told_done_hours_later(tmp_path: Path) -> None:
    case = Case(schema.REFILLED, tmp_path)
    case.bed.run(hours=24)
    case.prepare()
    lost_there(case)
    power_fails(case)
    case.bed.run(hours=3)
    assert said(case) == (0, False)


@pytest.mark.parametrize("lose", [lost_there, lost_back])
def test_a_refill_of_a_pump_that_has_given_nothing_since_the_last_cannot_be_told(
    tmp_path: Path, lose: Any
) -> None:
    case = Case(schema.REFILLED, tmp_path)
    case.bed.ask(schema.STOP)
    case.bed.programmer.hold_magnet()
    case.bed.ask(schema.REFILLED)
    case.bed.run(s=30)
    case.prepare()
    lose(case)
    power_fails(case)
    assert said(case) == (None, False)


@pytest.mark.parametrize("off_s", [-200, -30, -5, 0, 30, 3_000])
@pytest.mark.parametrize("lose", [lost_there, lost_back])
def test_a_clock_set_by_less_than_an_outage_may_be_cannot_be_told(
    tmp_path: Path, off_s: int, lose: Any
) -> None:
    case = Case(schema.SET_CLOCK, tmp_path)
    case.bed.run(s=30)
    case.prepare()
    wall_s = case.bed.status()["wall_s"] + off_s
    case.send = lambda client: client.set_clock(wall_s)  # type: ignore[method-assign]
    lose(case)
    power_fails(case, 60)
    assert said(case) == (None, False)


@pytest.mark.parametrize("off_s", [-DAY_S, DAY_S])
def test_a_clock_set_to_another_day_is_told_hours_later(tmp_path: Path, off_s: int) -> None:
    case = Case(schema.SET_CLOCK, tmp_path)
    case.bed.ask(schema.SET_CLOCK, wall_s=case.now_s())
    case.prepare()
    wall_s = case.bed.status()["wall_s"] + off_s
    case.send = lambda client: client.set_clock(wall_s)  # type: ignore[method-assign]
    lost_back(case)
    power_fails(case)
    case.bed.run(hours=5)
    assert said(case) == BY_STATE


UNDOING = {schema.START: schema.STOP, schema.STOP: schema.START}


@pytest.mark.parametrize("kind", UNDOING, ids=lambda kind: names.MESSAGES[kind])
def test_what_was_done_and_undone_is_not_told_undone(kind: int, tmp_path: Path) -> None:
    case = Case(kind, tmp_path)
    case.bed.run(s=30)
    case.prepare()
    lost_back(case)
    case.bed.ask(UNDOING[kind])
    power_fails(case)
    assert said(case) == (None, False)


def cancelled_cut_at_once(case: Case) -> None:
    """The bolus is cancelled; the power fails before that is written."""
    stop, world = case.bed.pump.boluses.stop, case.bed.world

    def stop_and_fail(outcome: int, now_ms: int) -> None:
        stop(outcome, now_ms)
        case.bed.pump.session._write = lambda _data: world.power_cut()

    case.bed.pump.boluses.stop = stop_and_fail
    assert not case.attempt(Line(world, case.command))
    assert case.effects() == 1
    case.bed.world.power_on()
    case.bed.run(s=5)


def test_a_bolus_that_was_cancelled_and_cut_at_once_is_not_told_uncancelled(
    tmp_path: Path,
) -> None:
    case = Case(schema.CANCEL_BOLUS, tmp_path)
    case.prepare()
    cancelled_cut_at_once(case)
    assert said(case) == (None, False)


def test_a_bolus_that_was_given_whole_was_not_cancelled(tmp_path: Path) -> None:
    case = Case(schema.CANCEL_BOLUS, tmp_path)
    case.prepare()
    log = case.bed.pump.log
    lost_there(case)
    for _ in range(300):
        log.note(events.SELF_TEST)  # a gap: the log says nothing
    case.bed.run(minutes=10)
    assert said(case) == (0, False)


@pytest.mark.parametrize("alarm", [schema.STORE_FAILED, schema.RESTORE_FAILED])
def test_a_pump_whose_records_failed_decides_nothing(alarm: int, tmp_path: Path) -> None:
    case = Case(schema.REFILLED, tmp_path)
    case.bed.run(s=30)
    case.prepare()
    lost_there(case)
    power_fails(case)
    case.bed.pump.alarms.raise_alarm(alarm, 1)
    assert said(case) == (None, False)


def faulted(case: Case, owner: Any, name: str) -> None:
    """Memory runs out in the middle of the change, after it was stored."""

    def out_of_memory(*_: Any) -> None:
        raise MemoryError

    setattr(owner, name, out_of_memory)
    with pytest.raises(Undecided):
        case.say(EmuLink(case.bed.world))


@pytest.mark.parametrize("kind", [schema.CONFIRM, schema.START], ids=["CONFIRM", "START"])
def test_in_a_fault_it_is_told_after_the_reset_that_leads_out(kind: int, tmp_path: Path) -> None:
    case = Case(kind, tmp_path)
    case.prepare()
    pump = case.bed.pump
    if kind == schema.CONFIRM:
        faulted(case, pump.therapy, "load")
    else:
        faulted(case, pump.ledger, "deliver_as")
    assert case.bed.state == schema.FAULT
    assert case.judged() == Verdict(None, False, is_final=False)
    case.bed.run(s=12)
    power_fails(case)
    assert said(case) == BY_STATE


def test_a_stop_that_was_sent_without_a_greeting_is_found_in_the_log(tmp_path: Path) -> None:
    case = Case(schema.STOP, tmp_path)
    case.prepare()
    link = Line(case.bed.world, case.command)
    link.from_pump = 1
    assert not case.attempt(link, greet=False)
    ((_, entry),) = case.journal.open_for("A-0", PORT).items()
    assert (entry.newest_event, entry.before) == (-1, {})
    assert said(case) == (1, True)
