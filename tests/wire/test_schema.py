"""The schema agrees with itself: numbers and names, ranges and kinds, sizes, and its hash."""

import struct
from typing import Any

import pytest

from firmware import fault, records
from protocol import fingerprint, names
from protocol.wire import events, frame, schema

TABLES = {
    "STATES": names.STATES,
    "THERAPIES": names.THERAPIES,
    "BOLUS_OUTCOMES": names.BOLUS_OUTCOMES,
    "REFUSALS": schema.REFUSALS,
    "ALARM_TABLE": tuple(name for name, _, _ in schema.ALARM_TABLE),
}


def test_the_hash_is_that_of_the_wire_form() -> None:
    assert fingerprint.schema_hash() == schema.SCHEMA_HASH, "run: python -m protocol.fingerprint"


def test_the_hash_moves_with_a_range_and_with_the_legality(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for table, key, value in (
        (schema.MESSAGES, schema.SET_CLOCK, (("wall_s", "I", 0, 1),)),
        (schema.STATE_X_COMMAND, schema.START, (schema.OK,) * len(names.STATES)),
    ):
        with monkeypatch.context() as patch:
            patch.setitem(table, key, value)
            assert fingerprint.schema_hash() != schema.SCHEMA_HASH


@pytest.mark.parametrize("table", TABLES)
def test_each_number_is_the_place_of_its_name(table: str) -> None:
    for number, name in enumerate(TABLES[table]):
        assert getattr(schema, name) == number, name


def test_each_event_fault_and_record_is_the_place_of_its_name() -> None:
    tables = (
        (events, [name for name, _, _ in names.EVENTS]),
        (events, names.GAP_CAUSES),
        (fault, ("", *names.FAULTS[1:])),
        (records, names.RECORDS),
    )
    for module, table in tables:
        for number, name in enumerate(table):
            assert not name or getattr(module, name) == number, name
    assert len(names.FAULTS) - 1 == schema.FAULT_REASON_MAX
    tests = [getattr(schema, f"TEST_{name}") for name in names.SELF_TESTS]
    assert tests == list(range(len(tests)))


def test_each_message_has_a_name_of_its_own() -> None:
    assert list(names.MESSAGES) == list(schema.MESSAGES)
    assert len(set(names.MESSAGES.values())) == len(schema.MESSAGES)


def test_each_request_has_one_answer_and_one_row_of_the_table() -> None:
    requests = {kind for kind in schema.MESSAGES if kind < schema.ANSWER}
    answers = {kind for kind in schema.MESSAGES if kind >= schema.ANSWER}
    assert answers == {kind | schema.ANSWER for kind in requests} | {
        schema.REFUSED,
        schema.VERSION_REFUSED,
    }
    assert set(schema.STATE_X_COMMAND) == requests
    assert all(len(row) == len(names.STATES) for row in schema.STATE_X_COMMAND.values())


def test_status_and_stop_are_accepted_in_every_state() -> None:
    for kind in (schema.STATUS, schema.STOP):
        assert set(schema.STATE_X_COMMAND[kind]) == {schema.OK}


def size_max(fields: Any) -> int:
    """The longest payload of these fields, from the kinds as the schema's head explains them."""
    size = 0
    for name, kind, low, high in fields:
        if isinstance(kind, tuple):
            size += 1 + high * size_max(kind)
        elif kind == "s":
            size += 1 + high
        elif kind == "b":
            size += high
        else:
            size += struct.calcsize("<" + kind)
            struct.pack("<" + kind, low)  # raises where the range does not fit the kind
            struct.pack("<" + kind, high)
        assert low <= high, name
    return size


@pytest.mark.parametrize("kind", schema.MESSAGES, ids=names.MESSAGES.get)
def test_the_longest_payload_of_each_message_fits_a_frame(kind: int) -> None:
    assert size_max(schema.MESSAGES[kind]) <= schema.PAYLOAD_MAX


def test_the_longest_frame_is_at_most_255_bytes_on_the_line() -> None:
    line = frame.encode(lambda data, start: 0, 0, schema.PROPOSE, bytes(schema.PAYLOAD_MAX))
    assert len(line) + 16 <= frame.LINE_MAX <= 255


def test_the_three_messages_of_the_first_contact_are_frozen() -> None:
    """Two ends of different schemas can still say so: these layouts never change."""
    greeting = (("protocol_version", "B", 0, 255), ("schema_hash", "I", 0, 4_294_967_295))
    version = ("firmware_version", "s", 0, 16)
    assert [names.MESSAGES[kind] for kind in (0x01, 0xFE, 0x81)] == [
        "HELLO",
        "VERSION_REFUSED",
        "HELLO_ANSWER",
    ]
    assert schema.MESSAGES[0x01] == (*greeting, ("client", "s", 0, 24))
    assert schema.MESSAGES[0xFE] == (*greeting, version)
    assert schema.MESSAGES[0x81] == (
        *greeting,
        version,
        ("manifest_hash", "b", 32, 32),
        ("serial", "s", 0, 16),
        ("patient_label", "s", 0, 24),
        ("state", "B", 0, 255),
        ("reset_cause", "B", 0, 255),
    )
