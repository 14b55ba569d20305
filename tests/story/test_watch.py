"""The observer: sees every change, and changes nothing."""

from typing import Any

import pytest

from emulator.rig import Rig, RigLink
from emulator.stimulus import OutputHash
from emulator.story.account import account
from emulator.story.chronicle import Chronicle
from emulator.story.clinician import Clinician
from emulator.story.happenings import parse
from emulator.trace import Sink
from protocol.programmer import prescription, setup_file
from protocol.programmer.quantity import QuantityError
from tests.story.served import DEMO

HOUR_MS = 3_600_000


def treated(*sinks: Sink) -> Rig:
    """A pump that runs the demo's prescription from 08:00 on."""
    rig = Rig(1, sinks)
    rig.run_until_ms(1_000)
    rig.hold_magnet()
    clinician = Clinician(rig)
    clinician.setup(setup_file.read(DEMO, {}))  # type: ignore[arg-type]
    clinician.set_clock(8 * 3_600)
    clinician.program(prescription.read(DEMO))
    clinician.start()
    return rig


def test_watching_changes_nothing() -> None:
    """Every output of the chip at the same microsecond, with and without an observer."""
    hashes = []
    for sinks in ((), (Chronicle(),)):
        rig = treated(*sinks)
        outputs = OutputHash(rig.world)
        rig.run_until_ms(HOUR_MS)
        rig.happen("kink", 1.0)
        rig.run_until_ms(4 * HOUR_MS)
        hashes.append((outputs.digest(), outputs.count))
    assert hashes[0] == hashes[1]
    assert hashes[0][1] > 1_000


def test_an_alarm_is_raised_acknowledged_and_cleared_in_this_order() -> None:
    events: list[tuple[str, Any]] = []
    rig = treated(lambda t_ms, kind, values: events.append((kind, values)))
    rig.happen("stall", 1)
    rig.run_until_ms(HOUR_MS)
    rig.happen("stall", 0)
    Clinician(rig).acknowledge("MOTOR_STALLED")
    alarms = [(kind, values[0]) for kind, values in events if kind.startswith("alarm")]
    assert alarms == [
        ("alarm_raised", "MOTOR_STALLED"),
        ("alarm_acknowledged", "MOTOR_STALLED"),
        ("alarm_cleared", "MOTOR_STALLED"),
    ]
    states = [values[0] for kind, values in events if kind == "state"]
    assert states == ["UNCOMMISSIONED", "STOPPED", "RUNNING", "HELD", "RUNNING"]


def test_a_reset_is_seen_and_the_ledgers_add_up_over_it() -> None:
    """The firmware's ledger goes on from its record; what was reserved may have been made."""
    chronicle = Chronicle()
    rig = treated(chronicle)
    rig.run_until_ms(HOUR_MS)
    before = chronicle.steps_at(rig.now_ms)
    rig.world.reset(rig.world.chip.WDT_RESET)
    rig.run_until_ms(2 * HOUR_MS)
    rig.watch.end()
    assert len(chronicle.boots) == 2
    assert chronicle.state_at(rig.now_ms) == "RUNNING"
    names = [alarm.name for alarm in chronicle.alarms]
    assert sorted(names) == ["CLOCK_LOST", "WATCHDOG_RESET"]
    found = chronicle.steps_at(rig.now_ms)
    head_steps = chronicle.sample_at(rig.now_ms).head_steps
    assert head_steps > before.verified + 100
    assert found.verified - 1 <= head_steps <= found.verified + found.unverified + 1


def test_damage_on_the_line_is_told() -> None:
    events: list[tuple[str, Any]] = []
    rig = Rig(1, [lambda t_ms, kind, values: events.append((kind, values))])
    RigLink(rig).write(b"\0\x03\x01\x02\0")
    assert ("damaged", ("request", 1)) in events


def test_what_cannot_happen_is_refused() -> None:
    rig = Rig()
    with pytest.raises(ValueError, match="what can happen is magnet"):
        rig.happen("earthquake")
    rig.happen("stall", 1)
    with pytest.raises(ValueError, match="stalled motor"):
        rig.happen("runaway", 20)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("kink 97 %", ("kink", {"amount": 0.97})),
        ("release", ("release", {})),
        ("refill 15 mL", ("refill", {"volume": 15_000_000})),
    ],
)
def test_a_typed_line_is_understood(line: str, meant: tuple[str, dict[str, Any]]) -> None:
    assert parse(line) == meant


@pytest.mark.parametrize("line", ["jump", "release now", "kink", "refill 15"])
def test_a_typed_line_that_is_not_understood_is_refused(line: str) -> None:
    with pytest.raises(QuantityError):
        parse(line)


def test_a_pulled_plug_is_told_and_the_time_without_power_is_not_permitted() -> None:
    chronicle = Chronicle()
    rig = treated(chronicle)
    rig.run_until_ms(HOUR_MS)
    rig.happen("power", 0)
    with pytest.raises(ValueError, match="off already"):
        rig.happen("power", 0)
    rig.run_until_ms(2 * HOUR_MS)
    down = chronicle.stretches("DOWN")
    rig.happen("power", 1)
    rig.run_until_ms(3 * HOUR_MS)
    rig.watch.end()
    assert len(down) == 1
    assert chronicle.state_at(rig.now_ms) == "RUNNING"
    found = account(chronicle)
    assert found.resets == 1
    assert 0 <= found.hidden_steps <= 8
    assert abs(float(found.permitted) - float(found.prescribed) * 2 / 3) <= 50
    assert abs(float(found.commanded - found.permitted)) <= 50 * (2 + found.hidden_steps)
