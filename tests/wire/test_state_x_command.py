"""Every cell of the state x command table: accepted, or exactly the refusal in it."""

from typing import Any

import pytest

from emulator.bedside import prescription
from protocol import names
from protocol.wire import codec, schema
from tests.pumps import Bed, bytes_of_state

SETUP: dict[str, Any] = {
    "serial": "OITB-0002",
    "patient_label": "another",
    "drug": "baclofen",
    "conc_mcg_ml": 500,
    "reservoir_nl": 20_000_000,
    "catheter_um": 900_000,
    "catheter_nl_cm": 2_600,
    "dose_ng_day_limit": 1_000_000,
}


BOLUS = {"conc_mcg_ml": 2_000, "volume_nl": 5_000, "rate_nl_day": 1_000_000, "dose_ng": 10_000}


def uncommissioned() -> Bed:
    bed = Bed()
    bed.programmer.hold_magnet()
    bed.programmer.hello()
    return bed


def stopped() -> Bed:
    bed = Bed()
    bed.ready((0, 400_000))
    return bed


def running() -> Bed:
    bed = Bed()
    bed.running((0, 400_000))
    bed.run(minutes=2)
    return bed


def held() -> Bed:
    bed = running()
    bed.plant.stall(True)
    bed.run(minutes=1)
    return bed


def fault() -> Bed:
    bed = running()
    bed.pump.fault_stop(3)
    bed.run(s=1)
    return bed


ARRANGE = {
    schema.UNCOMMISSIONED: uncommissioned,
    schema.STOPPED: stopped,
    schema.RUNNING: running,
    schema.HELD: held,
    schema.FAULT: fault,
}
CELLS = [(state, kind) for state in ARRANGE for kind in schema.STATE_X_COMMAND]


def request_for(bed: Bed, kind: int) -> dict[str, Any]:
    """Fields with which the command is accepted where the state allows it."""
    if kind == schema.SETUP:
        return SETUP
    if kind == schema.CALIBRATE:
        return {"steps": 1_000, "volume_nl": 51_000}
    if kind == schema.PROPOSE:
        return prescription([(0, 600_000)], 2_000)
    if kind == schema.CONFIRM:
        proposal = bed.pump.session._commands._proposal
        return {"digest": proposal.digest("OITB-0001") if proposal else bytes(16)}
    if kind == schema.PROPOSE_BOLUS:
        return BOLUS
    if kind == schema.START_BOLUS:
        boluses = bed.pump.session._commands._boluses
        return {"digest": boluses._digest(BOLUS) if boluses._proposal else bytes(16)}
    if kind == schema.ACKNOWLEDGE:
        waiting = bed.pump.alarms.mask(True)
        return {"alarm": max(0, waiting.bit_length() - 1)}
    if kind == schema.SET_CLOCK:
        return {"wall_s": 12 * 3600}
    if kind == schema.LOG:
        return {"first_event": 0}
    if kind == schema.HELLO:
        return {
            "protocol_version": schema.PROTOCOL_VERSION,
            "schema_hash": schema.SCHEMA_HASH,
            "client": "walker",
        }
    return {}


def arranged(state: int, kind: int) -> Bed:
    """A pump in this state, all that the command needs besides the state being there."""
    bed = ARRANGE[state]()
    if kind in (schema.SETUP, schema.CALIBRATE):
        bed.programmer.hold_magnet()
    bed.programmer.hello()
    if kind == schema.CONFIRM and schema.STATE_X_COMMAND[kind][state] == schema.OK:
        bed.programmer.ask(schema.PROPOSE, prescription([(0, 600_000)], 2_000))
    if schema.STATE_X_COMMAND[kind][state] == schema.OK:
        if kind == schema.START_BOLUS:
            bed.programmer.ask(schema.PROPOSE_BOLUS, BOLUS)
        if kind == schema.CANCEL_BOLUS:
            bed.programmer.bolus(BOLUS["volume_nl"], BOLUS["rate_nl_day"])
    assert bed.state == state
    return bed


@pytest.mark.parametrize(
    ("state", "kind"),
    CELLS,
    ids=[f"{names.STATES[state]}-{names.MESSAGES[kind]}" for state, kind in CELLS],
)
def test_every_cell_is_accepted_or_is_the_refusal_in_the_table(state: int, kind: int) -> None:
    """A refused command leaves the pump as its twin is that never heard it, to the byte."""
    bed = arranged(state, kind)
    payload = codec.encode(kind, request_for(bed, kind))
    answer, got = bed.programmer.exchange(kind, payload, bed.programmer.counter + 1)
    expected = schema.STATE_X_COMMAND[kind][state]
    if expected == schema.OK and kind == schema.ACKNOWLEDGE and state < schema.HELD:
        expected = schema.ALARM_NOT_ACTIVE
    if expected == schema.OK:
        assert answer == kind | schema.ANSWER, got
        return
    assert answer == schema.REFUSED
    assert (got["code"], got["name"]) == (expected, schema.REFUSALS[expected])
    assert got["command"] == kind
    if expected != schema.ALARM_NOT_ACTIVE:
        accepting = [s for s in ARRANGE if schema.STATE_X_COMMAND[kind][s] == schema.OK]
        assert got["accepted_low"] == sum(1 << s for s in accepting)
    twin = arranged(state, kind)
    twin.world.run_until(bed.world.now_us)
    assert twin.world.now_us == bed.world.now_us
    assert bytes_of_state(bed.pump) == bytes_of_state(twin.pump)


def test_the_table_covers_every_state_and_every_request() -> None:
    requests = {kind for kind in schema.MESSAGES if not kind & schema.ANSWER}
    assert set(schema.STATE_X_COMMAND) == requests
    assert all(len(row) == len(names.STATES) for row in schema.STATE_X_COMMAND.values())


def test_status_is_answered_in_every_state_without_a_session() -> None:
    for arrange in ARRANGE.values():
        bed = arrange()
        bed.programmer.hello()
        bed.programmer.goodbye()
        bed.run(s=1)
        answer, got = bed.programmer.exchange(schema.STATUS, b"", 4_000_000)
        assert answer == schema.STATUS | schema.ANSWER
        assert got["state"] == bed.state
