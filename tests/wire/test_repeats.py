"""Commands that are said twice have one effect: the answer was lost, not the command."""

import binascii
from collections.abc import Callable
from typing import Any

import pytest

from emulator.bedside import prescription
from protocol import names
from protocol.wire import codec, frame, schema
from tests.pumps import Bed

Fields = dict[str, Any]


def proposed(bed: Bed) -> Fields:
    """CONFIRM of a proposal that waits."""
    bed.ready((0, 1_000_000))
    fields = prescription([(0, 400_000)], 2_000)
    return {"digest": bed.programmer.ask(schema.PROPOSE, fields)["digest"]}


def stopped(bed: Bed) -> Fields:
    bed.ready((0, 1_000_000))
    return {}


def running(bed: Bed) -> Fields:
    bed.running((0, 1_000_000))
    return {}


def stalled(bed: Bed) -> Fields:
    """ACKNOWLEDGE of a stall, which is the order to try again: twice would try twice."""
    bed.running((0, 1_000_000))
    bed.plant.stall(True)
    bed.run(minutes=2)
    bed.programmer.hello()
    return {"alarm": schema.MOTOR_STALLED}


def measured(bed: Bed) -> Fields:
    bed.ready((0, 1_000_000))
    return {"steps": 1_000, "volume_nl": 51_000}


CASES: list[tuple[int, Callable[[Bed], Fields]]] = [
    (schema.CONFIRM, proposed),
    (schema.START, stopped),
    (schema.STOP, running),
    (schema.ACKNOWLEDGE, stalled),
    (schema.CALIBRATE, measured),
]


def effects(bed: Bed) -> list[Any]:
    """What a second execution would show in."""
    pump = bed.pump
    alarms = [(one.active, one.waiting, one.count) for one in pump.alarms.table]
    return [bed.state, pump.step_pl, pump.therapy.prescription.fields, alarms]


@pytest.mark.parametrize(
    ("kind", "arrange"), CASES, ids=[names.MESSAGES[kind] for kind, _ in CASES]
)
def test_a_command_said_five_times_is_done_once(
    kind: int, arrange: Callable[[Bed], Fields]
) -> None:
    bed = Bed()
    payload = codec.encode(kind, arrange(bed))
    number = bed.programmer.counter + 1
    heard: list[bytes] = []
    bed.world.chip.outside.uart_out(lambda data, _done_us: heard.append(data))
    line = frame.encode(binascii.crc32, number, kind, payload)
    states = []
    for _ in range(5):
        bed.world.chip.outside.uart_in(line)
        bed.run(ms=20)
        states.append(effects(bed))
    assert len(heard) == 5
    assert len(set(heard)) == 1
    assert states == [states[0]] * 5
    (answer,) = frame.Decoder(binascii.crc32).feed(heard[0])
    assert answer.kind == kind | schema.ANSWER


def test_a_confirm_with_the_next_number_finds_no_proposal_any_more() -> None:
    bed = Bed()
    digest = proposed(bed)
    bed.programmer.ask(schema.CONFIRM, digest)
    number = bed.programmer.counter + 1
    answer, got = bed.programmer.exchange(schema.CONFIRM, digest["digest"], number)
    assert (answer, got["name"]) == (schema.REFUSED, "NO_PROPOSAL")


def test_a_second_programmer_takes_the_session_over_and_the_first_is_told() -> None:
    """Its proposal is gone, its next number is out of sequence, and the pump delivers on."""
    bed = Bed()
    bed.running((0, 1_000_000))
    first = bed.programmer
    fields = prescription([(0, 400_000)], 2_000)
    digest = first.ask(schema.PROPOSE, fields)["digest"]
    number = first.counter
    first.counter = 0x5000_0000
    first.hello()
    answer, got = first.exchange(schema.CONFIRM, digest, number + 1)
    assert (answer, got["name"]) == (schema.REFUSED, "OUT_OF_SEQUENCE")
    answer, got = first.exchange(schema.CONFIRM, digest, 0x5000_0002)
    assert (answer, got["name"]) == (schema.REFUSED, "NO_PROPOSAL")
    assert bed.state == schema.RUNNING
    assert bed.status()["rate_nl_day"] == 1_000_000
