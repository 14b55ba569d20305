"""docs/protocol.md is what the code says, and enough to write a programmer from."""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.emu_link import EmuLink
from protocol import names
from protocol.programmer import document, document_tables
from protocol.wire import schema
from tests.pumps import Bed
from tests.wire import document_client
from tests.wire.document_client import PAGE, DocumentClient, Page, cobs, crc32, uncobs

NIGHT = [
    {"start_min": 360, "rate_nl_day": 144_000},
    {"start_min": 840, "rate_nl_day": 168_000},
    {"start_min": 1_200, "rate_nl_day": 240_000},
]


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text()


def test_the_committed_page_is_the_generated_one(page: str) -> None:
    assert page == document.document(), "run: python -m protocol.programmer.document"


def test_every_message_field_refusal_and_alarm_is_on_the_page(page: str) -> None:
    read = Page(page)
    assert read.types == {name: kind for kind, name in names.MESSAGES.items()}
    for kind, fields in schema.MESSAGES.items():
        assert [field for field, _ in read.fields[names.MESSAGES[kind]]] == [
            field[0] for field in fields
        ]
    tables = (
        schema.REFUSALS[1:],
        names.STATES,
        names.BOLUS_OUTCOMES,
        names.RESETS,
        names.FAULTS,
    )
    for table in tables:
        for number, name in enumerate(table, start=1 if table == schema.REFUSALS[1:] else 0):
            assert re.search(rf"^\| {number} \| {name} \|", page, re.MULTILINE), name
    for number, (name, _, _) in enumerate(schema.ALARM_TABLE):
        assert re.search(rf"^\| {number} \| {name} \|", page, re.MULTILINE), name


def test_every_number_with_a_unit_in_its_name_shows_the_unit() -> None:
    bare = (
        "protocol_version",
        "schema_hash",
        "firmware_version",
        "manifest_hash",
        "patient_label",
    )
    for fields in schema.MESSAGES.values():
        for name, kind, *_ in fields:
            if kind in ("B", "s", "b") or name in bare or isinstance(kind, tuple):
                continue
            known = ("accepted_low", "accepted_high", "alarms_active", "alarms_waiting")
            assert document_tables.unit_of(name) or name in known, name


def examples(page: str, head: str) -> list[list[str]]:
    """The words of each line of the block that follows a heading."""
    block = re.search(re.escape(head) + r"\n\n```text\n(.*?)```", page, re.DOTALL)
    assert block, head
    return [line.split() for line in block[1].splitlines()]


def test_the_worked_examples_are_right(page: str) -> None:
    for line in re.findall(r'crc32\("(\d+)", 0x(\w+)\) = 0x(\w+)', page):
        assert crc32(line[0].encode(), int(line[1], 16)) == int(line[2], 16)
    rows = {" ".join(row[:2]): row for row in examples(page, "A frame, step by step:")}
    raw = bytes.fromhex("".join(rows["raw frame"][2:]))
    assert crc32(raw[:-4], Page(page).seed).to_bytes(4, "little") == raw[-4:]
    coded = cobs(raw)
    assert uncobs(coded) == raw
    assert bytes.fromhex("".join(rows["on the"][3:])) == b"\0" + coded + b"\0"


def test_the_worked_digest_is_right(page: str) -> None:
    rows = examples(page, "A digest, step by step:")
    assert rows[0][0] == "serial"
    payload = bytes.fromhex("".join(rows[1][1:] + rows[2]))
    expected = hashlib.sha256(b"OITB-0001" + payload).digest()[:16]
    assert bytes.fromhex("".join(rows[3][1:])) == expected


def spoken(page: str) -> Iterator[tuple[str, str, bytes]]:
    """(request or answer, message, bytes) of the whole exchange."""
    text = page[page.index("## A whole exchange") :]
    for who, name, body in re.findall(
        r"^(request|answer) +(\w+)\n((?:        .*\n)+)", text, re.MULTILINE
    ):
        lines = [line.strip() for line in body.splitlines()]
        data = "".join(line for line in lines if re.fullmatch(r"[0-9a-f]{2}( [0-9a-f]{2})*", line))
        yield who, name, bytes.fromhex(data)


def test_the_whole_exchange_is_readable_by_the_page(page: str) -> None:
    client = DocumentClient(None)
    said = list(spoken(page))
    assert len(said) == 24
    for who, name, data in said:
        assert data[0] == data[-1] == 0
        opened = client.opened(data[1:-1])
        assert opened is not None, (who, name)
        assert opened[1] == name
        client.page.unpack(name, opened[2])


def test_a_programmer_made_from_the_page_alone_programs_the_pump(bed: Bed) -> None:
    bed.programmer.hold_magnet()
    client = DocumentClient(EmuLink(bed.world))
    assert client.ask("READ_CLOCK")[0] == "REFUSED"
    name, hello = client.hello()
    assert (name, hello["serial"]) == ("HELLO_ANSWER", "")
    setup: dict[str, Any] = {
        "serial": "OITB-0042",
        "patient_label": "by the page",
        "drug": "baclofen",
        "conc_mcg_ml": 2_000,
        "reservoir_nl": 40_000_000,
        "catheter_um": 890_000,
        "catheter_nl_cm": 2_200,
        "dose_ng_day_limit": 1_000_000,
    }
    assert client.ask("SETUP", **setup) == ("SETUP_ANSWER", {"state": schema.STOPPED})
    assert client.ask("SET_CLOCK", wall_s=820_569_600)[0] == "SET_CLOCK_ANSWER"
    proposed = {"conc_mcg_ml": 2_000, "therapy": 2, "dose_ng_day": 380_000, "segments": NIGHT}
    name, proposal = client.ask("PROPOSE", **proposed)
    assert name == "PROPOSAL"
    payload = client.page.pack("PROPOSE", proposed)
    assert proposal["digest"] == hashlib.sha256(b"OITB-0042" + payload).digest()[:16]
    assert client.ask("CONFIRM", digest=proposal["digest"])[0] == "CONFIRM_ANSWER"
    assert client.ask("READ_BACK")[1] == {"digest": proposal["digest"], **proposed}
    assert client.ask("START")[1] == {"state": schema.RUNNING, "rate_nl_day": 144_000}
    bed.run(minutes=2)
    name, refused = client.ask("START")
    assert (name, refused["name"], refused["accepted_low"]) == ("REFUSED", "THERAPY_RUNNING", 2)
    assert client.ask("STATUS")[1]["rate_nl_day"] == 144_000
    assert client.ask("ALARMS") == ("ALARMS_ANSWER", {"alarms": []})
    assert client.ask("TOTALS")[1]["commanded_steps"] == len(bed.steps) > 0
    assert client.ask("STOP")[1]["state"] == schema.STOPPED
    assert client.ask("GOODBYE") == ("GOODBYE_ANSWER", {})


def test_the_page_client_imports_nothing_of_the_project() -> None:
    text = Path(document_client.__file__).read_text()
    for room in ("protocol", "emulator", "firmware", "tests"):
        assert not re.search(rf"^(from|import) {room}\b", text, re.MULTILINE)
