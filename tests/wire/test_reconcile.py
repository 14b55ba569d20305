"""Did it deliver? Whatever the line does to a change, it takes effect once or not at all, and the
programmer finds out which. Judged by an observer inside the pump, who counts what was done."""

from itertools import count
from pathlib import Path

import pytest

from emulator.emu_link import EmuLink
from protocol import names
from protocol.programmer.bolus import Bolus
from protocol.programmer.exchange import REPEATS_MAX
from protocol.programmer.link import LinkError
from protocol.programmer.program import Program, Segment
from protocol.wire import events, schema
from tests.pumps import Bed, bytes_of_state
from tests.wire.changes import Case
from tests.wire.faulty_line import Line

HELLO = {
    "protocol_version": schema.PROTOCOL_VERSION,
    "schema_hash": schema.SCHEMA_HASH,
    "client": "cut",
}


@pytest.fixture(params=schema.CHANGING, ids=lambda kind: names.MESSAGES[kind])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    return Case(request.param, tmp_path / "journal")


def cut_everywhere(case: Case) -> tuple[int, int]:
    """Cut after every byte there, then back: (cuts, how many of them took effect)."""
    cuts = done = 0
    for way in ("to_pump", "from_pump"):
        for passed in count():
            link = Line(case.bed.world, case.command)
            setattr(link, way, passed)
            if case.check(link):
                break
            cuts += 1
            done += case.effects()
    return cuts, done


def test_a_line_cut_after_any_byte_of_any_change_leaves_no_doubt(case: Case) -> None:
    cuts, done = cut_everywhere(case)
    assert cuts >= 30
    assert 10 < done < cuts - 10, "some cuts came before the effect, some after it"


PROPOSED = Program(2_000, schema.CONTINUOUS, (Segment(0, 500_000),)).to_wire()
A_BOLUS = Bolus(2_000, 2_000, 1_000_000).to_wire()
OTHERS = [kind for kind in schema.STATE_X_COMMAND if kind not in schema.CHANGING]


@pytest.mark.parametrize("kind", OTHERS, ids=lambda kind: names.MESSAGES[kind])
def test_a_line_cut_after_any_byte_of_any_other_request_changes_nothing(
    kind: int, tmp_path: Path
) -> None:
    case = Case(kind, tmp_path)
    values = {"first_event": 0, **PROPOSED, **HELLO}
    if kind == schema.PROPOSE_BOLUS:
        values.update(A_BOLUS)
    for way in ("to_pump", "from_pump"):
        for passed in count():
            link = Line(case.bed.world, kind)
            client = case.client(EmuLink(case.bed.world))
            client.exchange._link = link
            setattr(link, way, passed)
            try:
                client.exchange.ask(kind, values)
                break
            except LinkError:
                assert sum(case.observer.done.values()) == 0
    assert case.bed.pump.therapy.prescription.fields["segments"] == [
        {"start_min": 0, "rate_nl_day": 400_000}
    ]


FAULTS = ("lost there", "lost back", "doubled there", "doubled back", "late there", "late back")


def faulty(case: Case, fault: str, times: int) -> Line:
    """A line on which the first `times` frames, of the change or of its answer, have a fault."""
    link = Line(case.bed.world, case.command)

    def change(number: int, data: bytes) -> bytes:
        if number > times:
            held, link.held = link.held, b""
            return held + data
        if fault.startswith("late"):
            return link.hold(data)
        return b"" if fault.startswith("lost") else data * 2

    if fault.endswith("there"):
        link.change = change
    else:
        link.back = change
    return link


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_doubled_or_late_frame_is_done_once_or_told(case: Case, fault: str) -> None:
    for times in range(1, REPEATS_MAX + 2):
        answered = case.check(faulty(case, fault, times))
        assert answered == (times <= REPEATS_MAX or fault.startswith("doubled")), times


def test_a_request_that_arrives_after_all_was_reconciled_is_refused(case: Case) -> None:
    """But for STOP, which is taken at any time: standing still is what was asked for."""
    link = Line(case.bed.world, case.command)
    link.change = lambda _number, data: link.hold(data)
    case.prepare()
    assert not case.attempt(link)
    assert case.reconciled().times == 0
    link.let_go()
    case.bed.run(s=3)
    assert (case.effects() > 0) == (case.command == schema.STOP)


def test_a_change_by_somebody_else_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    case = Case(schema.START, tmp_path)
    link = Line(case.bed.world, case.command)
    link.to_pump = 5
    case.prepare()
    assert not case.attempt(link)
    case.bed.ask(schema.START)
    verdict = case.reconciled()
    assert (verdict.times, verdict.from_log) == (0, True)


def test_a_change_that_stands_before_a_gap_is_found(tmp_path: Path) -> None:
    case = Case(schema.STOP, tmp_path)
    link = Line(case.bed.world, case.command)
    link.from_pump = 1
    case.prepare()
    assert not case.attempt(link)
    log = case.bed.pump.log
    for _ in range(300):
        log.note(events.SELF_TEST)
    verdict = case.reconciled()
    assert (verdict.times, verdict.from_log) == (1, True)


def test_behind_a_gap_in_the_log_the_pumps_state_decides(tmp_path: Path) -> None:
    case = Case(schema.START, tmp_path)
    link = Line(case.bed.world, case.command)
    log = case.bed.pump.log

    def crowded(_number: int, data: bytes) -> bytes:
        for _ in range(300):
            log.note(events.SELF_TEST)
        return data

    link.change = crowded
    link.from_pump = 1
    case.prepare()
    assert not case.attempt(link)
    verdict = case.reconciled()
    assert (verdict.times, verdict.from_log) == (1, False)


def test_no_request_but_the_changing_ones_changes_anything() -> None:
    bed = Bed()
    bed.running()
    bed.programmer.hello()
    others = {kind for kind in schema.STATE_X_COMMAND if kind not in schema.CHANGING}
    before = bytes_of_state(bed.pump)
    for kind in others - {schema.HELLO, schema.GOODBYE, schema.PROPOSE, schema.PROPOSE_BOLUS}:
        bed.programmer.ask(kind, {"first_event": 0})
    assert bytes_of_state(bed.pump) == before
