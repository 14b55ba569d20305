"""Nothing of the schema is without its text, and no text is without its place in the schema."""

from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest

from protocol import names
from protocol.programmer import (
    amounts,
    answers,
    event_texts,
    field_texts,
    refusal_texts,
    show,
    texts,
)
from protocol.wire import schema

NAMES = list(names.MESSAGES.values())


def fields_of(fields: tuple[tuple[Any, ...], ...]) -> Iterator[tuple[str, int, int]]:
    for name, kind, low, high in fields:
        if isinstance(kind, tuple):
            yield name, low, high
            yield from fields_of(kind)
        else:
            yield name, low, high


PLACES = [
    (names.MESSAGES[kind], name)
    for kind, fields in schema.MESSAGES.items()
    for name, *_ in fields_of(fields)
]


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (texts.MESSAGES, NAMES),
        (texts.STATES, names.STATES),
        (texts.THERAPIES, names.THERAPIES),
        (texts.BOLUS_OUTCOMES, names.BOLUS_OUTCOMES),
        (texts.RESETS, names.RESETS),
        (texts.FAULTS, names.FAULTS),
        (texts.ALARMS, amounts.ALARM_NAMES),
        (refusal_texts.REFUSALS, schema.REFUSALS[1:]),
        (field_texts.FIELDS, {name for _, name in PLACES}),
        (event_texts.EVENTS, [name for name, _, _ in names.EVENTS]),
        (event_texts.GAP_CAUSES, names.GAP_CAUSES),
        (show.SETUP_LABELS, [name for name, *_ in schema.MESSAGES[schema.SETUP]]),
    ],
    ids=[
        "messages",
        "states",
        "therapies",
        "outcomes",
        "resets",
        "faults",
        "alarms",
        "refusals",
        "fields",
        "events",
        "gap causes",
        "setup",
    ],
)
def test_every_name_has_its_text_and_every_text_its_name(
    table: dict[str, object], names: list[str]
) -> None:
    assert sorted(table) == sorted(set(names))
    assert all(table.values())


def test_texts_of_their_own_belong_to_a_field_of_their_message() -> None:
    assert set(field_texts.OWN) <= set(PLACES)


def test_every_argument_of_an_event_has_its_text() -> None:
    arguments = {name for _, *names in names.EVENTS for name in names if name}
    for name in arguments:
        assert event_texts.argument_text(name)
    assert set(event_texts._OWN) <= arguments


def test_every_priority_has_its_word() -> None:
    assert {row[1] for row in schema.ALARM_TABLE} == set(texts.PRIORITIES)


@pytest.mark.parametrize("code", range(1, len(schema.REFUSALS)), ids=schema.REFUSALS[1:])
def test_every_refusal_gives_whole_sentences(code: int) -> None:
    what, action = refusal_texts.refusal_help(code, "state", 0b0110, 0)
    assert what.endswith(".")
    assert action.endswith(".")
    assert "{" not in what + action


@pytest.mark.parametrize(
    ("code", "field", "low", "high", "said"),
    [
        (schema.THERAPY_RUNNING, "state", 0b00010, 0, "Accepted when STOPPED."),
        (schema.FAULTED, "state", 0b01110, 0, "Accepted when STOPPED, RUNNING, HELD."),
        (schema.OUT_OF_RANGE, "rate_nl_day", 48_000, 24_000_000, "off, or 0.048 mL/day to 24"),
        (schema.OUT_OF_RANGE, "reservoir_nl", 20_000_000, 40_000_000, "20 mL or 40 mL"),
        (schema.OUT_OF_RANGE, "serial", 1, 16, "1 to 16 printable"),
        (schema.OUT_OF_RANGE, "serial", 32, 126, "Accepted: printable ASCII"),
        (schema.DOSE_LIMIT, "dose_ng_day", 0, 800_000, "0 mcg/day to 800 mcg/day"),
        (schema.CONCENTRATION_MISMATCH, "conc_mcg_ml", 500, 500, "set up for 500 mcg/mL"),
        (schema.CALIBRATION_BOUND, "volume_nl", 45_000, 55_000, "45 nL to 55 nL a step"),
        (schema.SCHEDULE_ORDER, "start_min", 361, 1_439, "06:01 to 23:59"),
        (schema.SCHEDULE_ORDER, "segments", 1, 1, "one segment"),
        (schema.OUT_OF_SEQUENCE, "", 7, 7, "Expected: 7."),
    ],
)
def test_a_refusal_says_what_would_be_accepted(
    code: int, field: str, low: int, high: int, said: str
) -> None:
    assert said in refusal_texts.refusal_help(code, field, low, high)[0]


TYPES = {
    schema.HELLO | schema.ANSWER: answers.HelloAnswer,
    schema.STATUS | schema.ANSWER: answers.StatusAnswer,
    schema.ALARMS | schema.ANSWER: answers.AlarmsAnswer,
    schema.TOTALS | schema.ANSWER: answers.TotalsAnswer,
    schema.READ_CLOCK | schema.ANSWER: answers.ReadClockAnswer,
    schema.READ_SETUP | schema.ANSWER: answers.ReadSetupAnswer,
    schema.READ_BACK | schema.ANSWER: answers.ReadBackAnswer,
    schema.LOG | schema.ANSWER: answers.LogAnswer,
    schema.ACKNOWLEDGE | schema.ANSWER: answers.AcknowledgeAnswer,
    schema.SET_CLOCK | schema.ANSWER: answers.SetClockAnswer,
    schema.SETUP: answers.SetupFields,
    schema.SETUP | schema.ANSWER: answers.StateAnswer,
    schema.CALIBRATE | schema.ANSWER: answers.CalibrateAnswer,
    schema.PROPOSE: answers.ProposeFields,
    schema.PROPOSE | schema.ANSWER: answers.Proposal,
    schema.CONFIRM | schema.ANSWER: answers.DeliveryAnswer,
    schema.START | schema.ANSWER: answers.DeliveryAnswer,
    schema.STOP | schema.ANSWER: answers.StopAnswer,
}
PYTHON_TYPES = {"s": str, "b": bytes}


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: names.MESSAGES[kind])
def test_the_types_of_the_answers_are_those_of_the_schema(kind: int) -> None:
    hints = get_type_hints(TYPES[kind])
    expected = {}
    for name, form, *_ in schema.MESSAGES[kind]:
        expected[name] = PYTHON_TYPES.get(form, int) if isinstance(form, str) else list
    assert {name: getattr(hint, "__origin__", hint) for name, hint in hints.items()} == expected


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (answers.AlarmRow, schema.ALARMS),
        (answers.SegmentRow, schema.READ_BACK),
        (answers.LogRow, schema.LOG),
    ],
)
def test_the_types_of_the_rows_are_those_of_the_schema(rows: type, kind: int) -> None:
    fields = schema.MESSAGES[kind | schema.ANSWER][-1][1]
    assert list(get_type_hints(rows)) == [name for name, *_ in fields]
