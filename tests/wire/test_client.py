"""Each command of the client against the real firmware, and what goes wrong on the way."""

from typing import Any

import pytest

from emulator.emu_link import EmuLink
from protocol.programmer import verify
from protocol.programmer.answers import SetupFields
from protocol.programmer.client import Client
from protocol.programmer.exchange import NoAnswer, Refused, VersionMismatch
from protocol.programmer.program import Program, Segment, from_wire
from protocol.programmer.refusal_texts import refusal_help
from protocol.wire import codec, schema
from tests.pumps import Bed, bytes_of_state
from tests.wire.other_schema import OtherSchemaLink

SETUP: SetupFields = {
    "serial": "OITB-0001",
    "patient_label": "Bed 4",
    "drug": "baclofen",
    "conc_mcg_ml": 2_000,
    "reservoir_nl": 20_000_000,
    "catheter_um": 890_000,
    "catheter_nl_cm": 2_200,
    "dose_ng_day_limit": 1_000_000,
}
STEADY = Program(2_000, schema.CONTINUOUS, (Segment(0, 150_000),))
NIGHT = Program(
    2_000, schema.SCHEDULE, (Segment(360, 144_000), Segment(840, 168_000), Segment(1_200, 240_000))
)
EIGHT_S = 820_569_600  # 2026-01-01 08:00:00


def commissioned(bed: Bed, client: Client) -> None:
    bed.programmer.hold_magnet()
    client.hello()
    client.setup(SETUP)


def programmed(bed: Bed, client: Client, program: Program) -> None:
    commissioned(bed, client)
    client.set_clock(EIGHT_S)
    client.confirm(client.propose(program.to_wire())["digest"])


def test_hello_tells_which_pump_it_is(bed: Bed, client: Client) -> None:
    blank = client.hello()
    assert (blank["serial"], blank["patient_label"]) == ("", "")
    assert blank["state"] == schema.UNCOMMISSIONED
    commissioned(bed, client)
    known = client.hello()
    assert (known["serial"], known["patient_label"]) == ("OITB-0001", "Bed 4")
    assert known["state"] == schema.STOPPED


def test_the_set_up_is_held_as_it_was_sent(bed: Bed, client: Client) -> None:
    commissioned(bed, client)
    held = client.read_setup()
    assert verify.field_faults(held, SETUP) == []
    assert held["step_pl"] == schema.STEP_PL_NOMINAL


@pytest.mark.parametrize("program", [STEADY, NIGHT], ids=["continuous", "schedule"])
def test_pump_and_programmer_agree_on_a_program(
    bed: Bed, client: Client, program: Program
) -> None:
    programmed(bed, client, STEADY)
    proposal = client.propose(program.to_wire())
    assert verify.proposal_faults(proposal, "OITB-0001", program, STEADY) == []
    client.confirm(proposal["digest"])
    read_back = client.read_back()
    assert verify.read_back_faults(read_back, "OITB-0001", program) == []
    assert from_wire(read_back) == program


def test_a_disagreement_of_any_number_is_found(bed: Bed, client: Client) -> None:
    programmed(bed, client, STEADY)
    proposal = client.propose(NIGHT.to_wire())
    for field, value in proposal.items():
        wrong: Any = bytes(16) if isinstance(value, bytes) else (int(str(value)) + 720) % 1_440
        faults = verify.proposal_faults(
            {**proposal, field: wrong},  # type: ignore[misc]
            "OITB-0001",
            NIGHT,
            STEADY,
        )
        assert [fault.split(":")[0] for fault in faults] == [field]
    assert verify.proposal_faults(proposal, "OITB-0002", NIGHT, STEADY), "another pump"
    read_back = client.read_back()
    assert verify.read_back_faults(read_back, "OITB-0001", NIGHT)
    assert verify.read_back_faults(read_back, "OITB-0002", STEADY)


def test_therapy_starts_changes_and_stops(bed: Bed, client: Client) -> None:
    programmed(bed, client, STEADY)
    started = client.start()
    assert (started["state"], started["rate_nl_day"]) == (schema.RUNNING, 150_000)
    bed.run(minutes=10)
    client.hello()
    changed = client.confirm(client.propose(NIGHT.to_wire())["digest"])
    assert (changed["state"], changed["rate_nl_day"]) == (schema.RUNNING, 144_000)
    status = client.status()
    assert (status["segment"], status["therapy"]) == (1, schema.SCHEDULE)
    stopped = client.stop()
    assert stopped["state"] == schema.STOPPED
    totals = client.totals()
    assert totals["commanded_steps"] == stopped["commanded_steps"] == len(bed.steps) > 15
    assert totals["verified_nl"] <= totals["possible_nl"]


def test_the_clock_says_which_rate_it_puts_into_force(bed: Bed, client: Client) -> None:
    programmed(bed, client, NIGHT)
    client.start()
    jumped = client.set_clock(EIGHT_S + 14 * 3_600)
    assert jumped["was_set"] == 1
    assert 0 <= jumped["old_wall_s"] - EIGHT_S <= 1
    assert jumped["rate_nl_day"] == NIGHT.rate_at(22 * 60)
    assert client.read_clock()["wall_s"] - jumped["wall_s"] in (0, 1)


def test_calibration_is_taken_within_its_bound(bed: Bed, client: Client) -> None:
    commissioned(bed, client)
    assert client.calibrate(500, 25_100) == {"old_step_pl": 50_000, "step_pl": 50_200}
    with pytest.raises(Refused) as caught:
        client.calibrate(500, 28_000)
    assert caught.value.code == schema.CALIBRATION_BOUND
    assert client.read_setup()["step_pl"] == 50_200


def test_an_alarm_is_told_explained_and_acknowledged(bed: Bed, client: Client) -> None:
    programmed(bed, client, STEADY)
    client.start()
    bed.plant.stall(True)
    bed.run(minutes=3)
    client.hello()
    (row,) = [row for row in client.alarms() if row["alarm"] == schema.MOTOR_STALLED]
    assert (row["active"], row["acknowledged"], row["count"]) == (1, 0, 1)
    assert client.status()["state"] == schema.HELD
    bed.plant.stall(False)
    assert client.acknowledge(schema.MOTOR_STALLED)["state"] == schema.RUNNING
    with pytest.raises(Refused, match="ALARM_NOT_ACTIVE"):
        client.acknowledge(schema.MOTOR_STALLED)


def test_status_and_stop_need_no_session(bed: Bed, client: Client) -> None:
    programmed(bed, client, STEADY)
    client.start()
    client.goodbye()
    stranger = Client(EmuLink(bed.world))
    assert stranger.status()["state"] == schema.RUNNING
    assert stranger.stop()["state"] == schema.STOPPED
    with pytest.raises(Refused) as caught:
        stranger.totals()
    assert caught.value.code == schema.NO_SESSION


def test_a_stop_from_elsewhere_does_not_break_a_session(bed: Bed, client: Client) -> None:
    programmed(bed, client, STEADY)
    client.start()
    Client(EmuLink(bed.world)).stop()
    assert client.start()["state"] == schema.RUNNING


REFUSALS: list[tuple[str, int, str]] = [
    # what is asked of a commissioned, stopped pump, the refusal, what its help says
    ("read_back", schema.NO_PRESCRIPTION, "Program it first"),
    ("start", schema.NO_PRESCRIPTION, "Program it first"),
    ("slow", schema.OUT_OF_RANGE, "off, or 0.048 mL/day to 24 mL/day"),
    ("strong", schema.CONCENTRATION_MISMATCH, "set up for 2000 mcg/mL"),
    ("much", schema.DOSE_LIMIT, "0 mcg/day to 1000 mcg/day"),
    ("lie", schema.DOSE_MISMATCH, "300 mcg/day"),
    ("order", schema.SCHEDULE_ORDER, "06:01 to 23:59"),
    ("confirm", schema.NO_PROPOSAL, "Propose again"),
]


@pytest.mark.parametrize(("what", "code", "said"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_refusal_is_helpful_and_changes_nothing(
    bed: Bed, client: Client, what: str, code: int, said: str
) -> None:
    commissioned(bed, client)
    before = bytes_of_state(bed.pump)
    with pytest.raises(Refused) as caught:
        ask(client, what)
    refused = caught.value
    assert (refused.code, refused.name) == (code, schema.REFUSALS[code])
    help_text = refusal_help(refused.code, refused.field, refused.low, refused.high)
    assert said in " ".join(help_text)
    assert bytes_of_state(bed.pump) == before


def ask(client: Client, what: str) -> None:
    if what in ("read_back", "start"):
        getattr(client, what)()
    elif what == "confirm":
        client.confirm(bytes(16))
    elif what == "lie":
        client.propose({**STEADY.to_wire(), "dose_ng_day": 301_000})
    else:
        programs = {
            "slow": Program(2_000, schema.CONTINUOUS, (Segment(0, 47_999),)),
            "strong": Program(500, schema.CONTINUOUS, (Segment(0, 150_000),)),
            "much": Program(2_000, schema.CONTINUOUS, (Segment(0, 500_001),)),
            "order": Program(
                2_000, schema.SCHEDULE, (Segment(360, 150_000), Segment(360, 150_000))
            ),
        }
        client.propose(programs[what].to_wire())


def test_set_up_without_the_magnet_is_refused_and_says_how(bed: Bed, client: Client) -> None:
    client.hello()
    with pytest.raises(Refused) as caught:
        client.setup(SETUP)
    refused = caught.value
    assert refused.code == schema.MAGNET_NEEDED
    assert "Hold the magnet" in refusal_help(refused.code, refused.field, 0, 0)[1]
    assert client.status()["state"] == schema.UNCOMMISSIONED


def test_a_value_out_of_the_schema_is_not_even_sent(bed: Bed, client: Client) -> None:
    commissioned(bed, client)
    with pytest.raises(codec.WireError, match="patient_label"):
        client.setup({**SETUP, "patient_label": "x" * 25})
    assert client.status()["state"] == schema.STOPPED


def test_another_schema_is_told_and_opens_no_session(bed: Bed) -> None:
    client = Client(OtherSchemaLink(bed.world))
    with pytest.raises(VersionMismatch) as caught:
        client.hello()
    assert caught.value.schema_hash == schema.SCHEMA_HASH
    assert caught.value.firmware_version
    assert not bed.pump.session.is_open


def test_a_pump_of_another_schema_takes_no_command(bed: Bed, client: Client) -> None:
    programmed(bed, client, STEADY)
    client.start()
    with pytest.raises(NoAnswer):
        Client(OtherSchemaLink(bed.world)).stop()
    assert client.status()["state"] == schema.RUNNING


def test_a_closed_client_leaves_no_session_behind(bed: Bed) -> None:
    with Client(EmuLink(bed.world)) as client:
        client.hello()
        assert bed.pump.session.is_open
    assert not bed.pump.session.is_open


def test_an_idle_session_ends_and_says_so(bed: Bed, client: Client) -> None:
    programmed(bed, client, STEADY)
    proposal = client.propose(NIGHT.to_wire())
    bed.run(minutes=4)
    with pytest.raises(Refused) as caught:
        client.confirm(proposal["digest"])
    assert caught.value.code == schema.NO_SESSION
    client.hello()
    with pytest.raises(Refused, match="NO_PROPOSAL"):
        client.confirm(proposal["digest"])
    assert from_wire(client.read_back()) == STEADY
