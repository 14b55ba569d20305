"""What a pump answers, wherever it runs: emulator, MicroPython unix, virtual Pico, or a board.

pytest tests/on_target --target emulator | unix | virtual | PORT. A real pump needs its parts, and
somebody with a magnet beside it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from emulator.bedside import prescription
from firmware.version import VERSION
from protocol import names
from protocol.programmer.client import Client
from protocol.programmer.crc import crc32
from protocol.programmer.exchange import Refused
from protocol.wire import codec, frame, schema
from tests.on_target.targets import Target

SETUP: Any = {
    "serial": "OITB-TEST",
    "patient_label": "Test",
    "drug": "baclofen",
    "conc_mcg_ml": 500,
    "reservoir_nl": 40_000_000,
    "catheter_um": 890_000,
    "catheter_nl_cm": 2_200,
    "dose_ng_day_limit": 12_000_000,
}
RATE_NL_DAY = 24_000_000
WALL_S = 8 * 3_600
ANSWER_MS = 500


class Raw:
    """Frames and bytes, without the client's manners."""

    def __init__(self, target: Target) -> None:
        self._link = target.link
        self._decoder = frame.Decoder(crc32)

    def send(self, counter: int, kind: int, values: "dict[str, Any] | None" = None) -> bytes:
        """A request; the bytes that were sent."""
        line = frame.encode(crc32, counter, kind, codec.encode(kind, values or {}))
        self._link.write(line)
        return line

    def answer(self) -> "frame.Frame | None":
        """The next frame that comes within ANSWER_MS."""
        until_ms = self._link.now_ms() + ANSWER_MS
        while (left_ms := until_ms - self._link.now_ms()) > 0:
            for found in self._decoder.feed(self._link.read(left_ms)):
                return found
        return None

    def hello(self, counter: int, schema_hash: int = schema.SCHEMA_HASH) -> "frame.Frame":
        values = {
            "protocol_version": schema.PROTOCOL_VERSION,
            "schema_hash": schema_hash,
            "client": "raw",
        }
        self.send(counter, schema.HELLO, values)
        found = self.answer()
        assert found is not None
        return found


def refused(ask: "Callable[[], Any]") -> str:
    """The name of the refusal."""
    with pytest.raises(Refused) as caught:
        ask()
    return caught.value.name


@pytest.fixture
def commissioned(target: Target, pump: Client) -> Client:
    """Set up anew: no prescription."""
    if not pump.status()["window_s"]:
        target.hold_magnet()
    pump.setup(SETUP)
    return pump


@pytest.fixture
def prescribed(commissioned: Client) -> Client:
    proposal = commissioned.propose(proposed())
    commissioned.confirm(proposal["digest"])
    return commissioned


def proposed() -> Any:
    return prescription([(0, RATE_NL_DAY)], SETUP["conc_mcg_ml"])


def test_hello_names_versions_and_schema(pump: Client) -> None:
    hello = pump.hello()
    assert hello["firmware_version"] == VERSION
    assert hello["schema_hash"] == schema.SCHEMA_HASH
    assert hello["protocol_version"] == schema.PROTOCOL_VERSION


def test_status_needs_no_session(target: Target, pump: Client) -> None:
    pump.goodbye()
    assert Client(target.link).status()["state"] in range(len(names.STATES))


def test_stop_needs_no_session(target: Target, pump: Client) -> None:
    pump.goodbye()
    assert Client(target.link).stop()["state"] != schema.RUNNING


def test_all_else_does(target: Target, pump: Client) -> None:
    pump.goodbye()
    assert refused(Client(target.link).totals) == "NO_SESSION"


def test_a_foreign_schema_is_refused_in_words_that_both_understand(target: Target) -> None:
    answer = Raw(target).hello(1, schema.SCHEMA_HASH ^ 1)
    assert answer.kind == schema.VERSION_REFUSED
    values = codec.decode(answer.kind, answer.payload)
    assert values["schema_hash"] == schema.SCHEMA_HASH


def test_noise_on_the_line_costs_no_request(target: Target, pump: Client) -> None:
    target.link.write(b"\x00\xff\x11 noise \x00")
    assert pump.status()["state"] in range(len(names.STATES))


def test_a_damaged_request_is_not_answered_and_not_done(target: Target) -> None:
    raw = Raw(target)
    raw.hello(100)
    line = bytearray(frame.encode(crc32, 101, schema.TOTALS, b""))
    line[len(line) // 2] ^= 0x40
    target.link.write(bytes(line))
    assert raw.answer() is None
    raw.send(101, schema.TOTALS)
    answer = raw.answer()
    assert answer is not None
    assert answer.kind == schema.TOTALS | schema.ANSWER


def test_a_repeat_is_answered_with_the_same_bytes(target: Target) -> None:
    raw = Raw(target)
    raw.hello(200)
    raw.send(201, schema.READ_CLOCK)
    first = raw.answer()
    target.wait_ms(1_500)
    raw.send(201, schema.READ_CLOCK)
    again = raw.answer()
    assert first is not None
    assert again is not None
    assert (again.counter, again.kind, again.payload) == (
        first.counter,
        first.kind,
        first.payload,
    )


def test_a_number_that_is_not_the_next_is_refused(target: Target) -> None:
    raw = Raw(target)
    raw.hello(300)
    raw.send(305, schema.TOTALS)
    answer = raw.answer()
    assert answer is not None
    assert codec.decode(answer.kind, answer.payload)["name"] == "OUT_OF_SEQUENCE"


def test_set_up_needs_the_magnet(target: Target, pump: Client) -> None:
    left_s = pump.status()["window_s"]
    pump.goodbye()
    target.wait_ms(left_s * 1_000 + 1_000 if left_s else 1)
    pump.hello()
    assert refused(lambda: pump.setup(SETUP)) == "MAGNET_NEEDED"


def test_set_up_is_read_back_as_it_was_sent(commissioned: Client) -> None:
    found: Any = commissioned.read_setup()
    assert {name: found[name] for name in SETUP} == SETUP
    assert commissioned.status()["state"] == schema.STOPPED


def test_a_value_out_of_range_is_refused_with_the_range_and_changes_nothing(
    target: Target, pump: Client
) -> None:
    pump.set_clock(WALL_S)
    raw = Raw(target)
    raw.hello(400)
    target.link.write(frame.encode(crc32, 401, schema.SET_CLOCK, b"\xff" * 4))
    answer = raw.answer()
    assert answer is not None
    values = codec.decode(answer.kind, answer.payload)
    assert (values["name"], values["field"]) == ("OUT_OF_RANGE", "wall_s")
    assert values["accepted_high"] == schema.WALL_S_MAX
    pump.hello()
    assert WALL_S <= pump.read_clock()["wall_s"] <= WALL_S + 10


def test_the_clock_goes_on_from_where_it_was_set(target: Target, pump: Client) -> None:
    pump.set_clock(WALL_S)
    target.wait_ms(3_000)
    assert WALL_S + 2 <= pump.read_clock()["wall_s"] <= WALL_S + 10


def test_the_pump_computes_the_total_itself(commissioned: Client) -> None:
    assert commissioned.propose(proposed())["total_nl_day"] == RATE_NL_DAY


def test_a_proposal_is_not_in_force(commissioned: Client) -> None:
    commissioned.propose(proposed())
    assert refused(commissioned.read_back) == "NO_PRESCRIPTION"


def test_another_digest_confirms_nothing(commissioned: Client) -> None:
    digest = bytearray(commissioned.propose(proposed())["digest"])
    digest[0] ^= 1
    assert refused(lambda: commissioned.confirm(bytes(digest))) == "DIGEST_MISMATCH"
    assert refused(commissioned.read_back) == "NO_PRESCRIPTION"


def test_a_confirmed_prescription_is_read_back_as_it_was_sent(prescribed: Client) -> None:
    found: Any = prescribed.read_back()
    assert found["segments"] == proposed()["segments"]
    assert found["conc_mcg_ml"] == SETUP["conc_mcg_ml"]


def test_started_the_pump_makes_the_steps_of_its_rate(target: Target, prescribed: Client) -> None:
    """24 mL/day in steps of 50 nL: one in 180 ms."""
    before = prescribed.totals()["commanded_steps"]
    prescribed.start()
    target.wait_ms(1_800)
    made = prescribed.totals()["commanded_steps"] - before
    assert prescribed.status()["state"] == schema.RUNNING
    assert 8 <= made <= 12


def test_while_it_runs_the_set_up_is_refused(prescribed: Client) -> None:
    prescribed.start()
    assert refused(lambda: prescribed.setup(SETUP)) == "THERAPY_RUNNING"


def test_stopped_it_makes_no_step(target: Target, prescribed: Client) -> None:
    prescribed.start()
    target.wait_ms(500)
    prescribed.stop()
    stopped = prescribed.totals()["commanded_steps"]
    target.wait_ms(2_000)
    assert prescribed.totals()["commanded_steps"] == stopped
    status = prescribed.status()
    assert status["state"] == schema.STOPPED, status
