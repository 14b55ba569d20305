"""A proposal belongs to the pump as it was: what changes the pump drops it."""

import pytest

from emulator.bedside import prescription
from protocol.wire import schema
from tests.pumps import Bed


def confirmed(bed: Bed, digest: bytes) -> str:
    """OK, or the name of the refusal."""
    bed.programmer.counter += 1
    answer, got = bed.programmer.exchange(schema.CONFIRM, digest, bed.programmer.counter)
    return str(got["name"]) if answer == schema.REFUSED else "OK"


def proposed(bed: Bed) -> bytes:
    fields = prescription([(0, 400_000)], 2_000)
    return bytes(bed.programmer.ask(schema.PROPOSE, fields)["digest"])


def test_a_proposal_is_confirmed_where_nothing_came_in_between() -> None:
    bed = Bed()
    bed.ready()
    assert confirmed(bed, proposed(bed)) == "OK"


@pytest.mark.parametrize("kind", [schema.SETUP, schema.CALIBRATE])
def test_a_set_up_or_a_calibration_drops_the_proposal(kind: int) -> None:
    """Else a dose for 2,000 mcg/mL could be confirmed in a pump that now holds 500."""
    bed = Bed()
    bed.ready()
    digest = proposed(bed)
    if kind == schema.SETUP:
        bed.programmer.ask(kind, {**bed.pump.setup, "conc_mcg_ml": 500})
    else:
        bed.programmer.ask(kind, {"steps": 1_000, "volume_nl": 51_000})
    assert confirmed(bed, digest) == "NO_PROPOSAL"
    assert bed.status()["therapy"] == schema.NONE


def test_a_clock_that_is_set_does_not_start_a_stopped_pump() -> None:
    bed = Bed()
    bed.ready((0, 400_000), (720, 600_000))
    answer = bed.programmer.ask(schema.SET_CLOCK, {"wall_s": 13 * 3_600})
    assert answer["rate_nl_day"] == 0
    status = bed.status()
    assert (status["rate_nl_day"], status["segment"], status["next_change_s"]) == (0, 0, 0)
    bed.run(hours=1)
    assert bed.steps == []


def test_a_memory_that_is_full_refuses_the_request_and_the_pump_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bed = Bed()
    bed.running()

    def full(*_: object) -> None:
        raise MemoryError

    handlers = bed.pump.session._commands._handlers
    monkeypatch.setitem(handlers, schema.PROPOSE, full)
    number = bed.programmer.counter + 1
    payload = b"\xd0\x07\x01\x80\x3e\x00\x00\x01\x00\x00\x80\x1a\x06\x00"
    answer, got = bed.programmer.exchange(schema.PROPOSE, payload, number)
    assert (answer, got["name"]) == (schema.REFUSED, "NO_MEMORY")
    assert bed.state == schema.RUNNING
