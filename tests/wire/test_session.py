"""The session: one answer for each request, nothing done twice, nothing out of order."""

import binascii

import pytest

from emulator.bedside import prescription
from protocol.wire import codec, frame, schema
from tests.pumps import Bed, bytes_of_state

STARTED = schema.START | schema.ANSWER


def ready() -> Bed:
    bed = Bed()
    bed.ready((0, 1_000_000))
    return bed


def listen(bed: Bed) -> list[bytes]:
    heard: list[bytes] = []
    bed.world.chip.outside.uart_out(lambda data, _done_us: heard.append(data))
    return heard


def send(bed: Bed, kind: int, payload: bytes, counter: int, wait_ms: int = 100) -> None:
    bed.world.chip.outside.uart_in(frame.encode(binascii.crc32, counter, kind, payload))
    bed.run(ms=wait_ms)


def test_the_same_number_again_gets_the_same_answer_and_nothing_is_done_twice() -> None:
    bed = ready()
    heard = listen(bed)
    number = bed.programmer.counter + 1
    for _ in range(5):
        send(bed, schema.START, b"", number)
    assert len(heard) == 5
    assert len(set(heard)) == 1
    assert bed.state == schema.RUNNING
    bed.programmer.counter = number
    assert bed.programmer.ask(schema.STOP)["state"] == schema.STOPPED


def test_the_same_number_with_another_content_is_refused_and_not_done() -> None:
    bed = ready()
    number = bed.programmer.counter + 1
    send(bed, schema.STATUS, b"", number)
    answer, got = bed.programmer.exchange(schema.START, b"", number)
    assert (answer, got["name"]) == (schema.REFUSED, "OUT_OF_SEQUENCE")
    assert got["accepted_low"] == got["accepted_high"] == number + 1
    assert bed.state == schema.STOPPED


@pytest.mark.parametrize("skip", [-5, -1, 2, 3, 1_000_000])
def test_a_number_out_of_order_is_refused_and_not_done(skip: int) -> None:
    bed = ready()
    number = (bed.programmer.counter + skip) & schema.U32_MAX
    answer, got = bed.programmer.exchange(schema.START, b"", number)
    assert (answer, got["name"]) == (schema.REFUSED, "OUT_OF_SEQUENCE")
    assert bed.state == schema.STOPPED


def test_numbers_go_on_beyond_their_end() -> None:
    bed = ready()
    bed.programmer.counter = schema.U32_MAX - 2
    bed.programmer.hello()
    for _ in range(4):
        bed.programmer.ask(schema.STATUS)
    assert bed.programmer.counter == 2
    assert bed.programmer.start()["state"] == schema.RUNNING


@pytest.mark.parametrize("kind", sorted(set(schema.STATE_X_COMMAND) - {schema.HELLO}))
def test_before_hello_only_status_and_stop_are_heard(kind: int) -> None:
    bed = Bed()
    fields = {name: 0 for name, *_ in schema.MESSAGES[kind]}
    payload = b"" if not fields else bytes(len(fields))
    answer, got = bed.programmer.exchange(kind, payload, 9)
    if kind in (schema.STATUS, schema.STOP):
        assert answer == kind | schema.ANSWER
    else:
        assert (answer, got["name"]) == (schema.REFUSED, "NO_SESSION")


def test_stop_is_taken_at_any_time_with_any_number() -> None:
    bed = ready()
    bed.programmer.start()
    answer, _ = bed.programmer.exchange(schema.STOP, b"", 77_777)
    assert answer == schema.STOP | schema.ANSWER
    assert bed.state == schema.STOPPED
    steps = len(bed.steps)
    bed.run(minutes=2)
    assert len(bed.steps) == steps
    assert bed.programmer.start()["state"] == schema.RUNNING, "the session goes on undisturbed"


def test_a_session_ends_after_3_minutes_without_a_request() -> None:
    bed = ready()
    bed.run(s=179)
    assert bed.pump.session.is_open
    bed.run(s=2)
    assert not bed.pump.session.is_open
    assert bed.state == schema.STOPPED


def test_a_proposal_ends_with_its_session() -> None:
    for ending in ("silence", "goodbye", "hello"):
        bed = ready()
        proposal = bed.programmer.ask(schema.PROPOSE, prescription([(0, 500_000)], 2_000))
        if ending == "silence":
            bed.run(minutes=4)
        elif ending == "goodbye":
            bed.programmer.goodbye()
        bed.programmer.hello()
        answer, got = bed.programmer.exchange(
            schema.CONFIRM, proposal["digest"], bed.programmer.counter + 1
        )
        assert (answer, got["name"]) == (schema.REFUSED, "NO_PROPOSAL"), ending


def test_a_proposal_is_stale_after_5_minutes() -> None:
    bed = ready()
    proposal = bed.programmer.ask(schema.PROPOSE, prescription([(0, 500_000)], 2_000))
    for _ in range(3):
        bed.run(minutes=2)
        bed.programmer.ask(schema.STATUS)
    number = bed.programmer.counter + 1
    answer, got = bed.programmer.exchange(schema.CONFIRM, proposal["digest"], number)
    assert (answer, got["name"]) == (schema.REFUSED, "NO_PROPOSAL")


def test_a_digest_that_is_not_the_proposals_changes_nothing() -> None:
    bed = ready()
    proposal = bed.programmer.ask(schema.PROPOSE, prescription([(0, 500_000)], 2_000))
    before = bytes_of_state(bed.pump)
    wrong = bytes([proposal["digest"][0] ^ 1]) + proposal["digest"][1:]
    answer, got = bed.programmer.exchange(schema.CONFIRM, wrong, bed.programmer.counter + 1)
    assert (answer, got["name"]) == (schema.REFUSED, "DIGEST_MISMATCH")
    assert bytes_of_state(bed.pump) == before


def test_another_schema_is_told_readably() -> None:
    bed = Bed()
    hello = {
        "protocol_version": schema.PROTOCOL_VERSION,
        "schema_hash": schema.SCHEMA_HASH ^ 1,
        "client": "old",
    }
    answer, got = bed.programmer.exchange(schema.HELLO, codec.encode(schema.HELLO, hello), 1)
    assert answer == schema.VERSION_REFUSED
    assert got["schema_hash"] == schema.SCHEMA_HASH
    assert not bed.pump.session.is_open


def test_an_unknown_command_is_answered() -> None:
    bed = ready()
    answer, got = bed.programmer.exchange(0x6E, b"abc", bed.programmer.counter + 1)
    assert (answer, got["name"], got["command"]) == (schema.REFUSED, "UNKNOWN_COMMAND", 0x6E)


def test_half_a_frame_does_not_hold_up_the_next() -> None:
    bed = ready()
    whole = frame.encode(binascii.crc32, bed.programmer.counter + 1, schema.START, b"")
    bed.world.chip.outside.uart_in(whole[:9])
    bed.run(s=1)
    assert bed.programmer.start()["state"] == schema.RUNNING
    bed.programmer.goodbye()
    bed.world.chip.outside.uart_in(whole[:9])
    bed.run(s=1)
    assert not bed.pump.session.awake, "it does not keep the loop awake either"


def test_noise_at_line_rate_delays_no_step_and_starves_no_answer() -> None:
    bed = Bed()
    bed.running((0, 24_000_000))
    bed.programmer.goodbye()
    bed.run(s=5)
    noise = bytes(range(256)) * 45 * 4
    bed.world.chip.outside.uart_in(noise)
    before = len(bed.steps)
    bed.run(s=4)
    gaps = [b - a for a, b in zip(bed.steps[before:], bed.steps[before + 1 :])]
    assert set(gaps) == {180}
    assert bed.status()["state"] == schema.RUNNING


def test_first_answer_comes_within_300_ms_and_later_ones_within_20_ms() -> None:
    """From the last byte of the request to the answer, at every phase of the loop's sleep."""
    for phase_ms in range(0, 260, 20):
        bed = ready()
        bed.programmer.goodbye()
        bed.run(ms=5_000 + phase_ms)
        answered_us: list[int] = []
        outside = bed.world.chip.outside
        outside.uart_out(lambda _d, _t, a=answered_us, b=bed: a.append(b.world.now_us))
        hello = codec.encode(
            schema.HELLO,
            {
                "protocol_version": schema.PROTOCOL_VERSION,
                "schema_hash": schema.SCHEMA_HASH,
                "client": "stopwatch",
            },
        )
        for number, limit_ms in ((1, 300), (2, 20), (3, 20)):
            kind, payload = (schema.HELLO, hello) if number == 1 else (schema.TOTALS, b"")
            line = frame.encode(binascii.crc32, number, kind, payload)
            sent_us = bed.world.now_us + len(line) * 87
            outside.uart_in(line)
            bed.run(ms=400)
            assert len(answered_us) == number
            assert answered_us[-1] - sent_us <= limit_ms * 1_000


def test_a_long_request_waits_for_room_between_two_steps_and_delays_none() -> None:
    """At the highest rate a step is due every 180 ms; PROPOSE takes 58 ms on the board."""
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, 24_000_000))
    payload = codec.encode(schema.PROPOSE, prescription([(0, 400_000)], 2_000))
    answered: list[int] = []
    taken: list[int] = []
    bed.world.chip.outside.uart_out(lambda _data, _done: answered.append(bed.now_ms))
    commands = bed.pump.session._commands
    execute = commands.execute

    def slow(kind: int, payload: bytes, now_ms: int) -> object:
        taken.append(bed.pump.delivery.due_ms - now_ms)
        return execute(kind, payload, now_ms)

    commands.execute = slow
    for phase_ms in range(0, 180, 15):
        bed.run(ms=360 + phase_ms)
        bed.programmer.counter += 1
        before_ms = bed.now_ms
        bed.programmer.exchange(schema.PROPOSE, payload, bed.programmer.counter)
        assert answered[-1] - before_ms <= 200
    assert min(taken) >= 80


def test_stop_overtakes_a_request_that_waits() -> None:
    bed = Bed(capacity_nl=40_000_000)
    bed.running((0, 24_000_000))
    heard = listen(bed)
    propose = codec.encode(schema.PROPOSE, prescription([(0, 400_000)], 2_000))
    number = bed.programmer.counter + 1
    steps = len(bed.steps)
    while len(bed.steps) == steps:
        bed.run(ms=1)
    line = frame.encode(binascii.crc32, number, schema.PROPOSE, propose)
    line += frame.encode(binascii.crc32, 9_999, schema.STOP, b"")
    bed.run(ms=120)
    bed.world.chip.outside.uart_in(line)
    bed.run(ms=15)
    assert bed.state == schema.STOPPED
    assert len(heard) == 1


def test_a_goodbye_whose_answer_was_lost_is_answered_again() -> None:
    bed = Bed()
    bed.programmer.hello()
    number = bed.programmer.counter + 1
    for _ in range(3):
        answer, _ = bed.programmer.exchange(schema.GOODBYE, b"", number)
        assert answer == schema.GOODBYE | schema.ANSWER
        assert not bed.pump.session.is_open
    answer, got = bed.programmer.exchange(schema.GOODBYE, b"", number + 1)
    assert (answer, got["name"]) == (schema.REFUSED, "NO_SESSION")
