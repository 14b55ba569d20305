"""The event log over the line: everything that happened is in it, and reading disturbs nothing."""

import struct

from emulator.emu_link import EmuLink
from firmware import self_test
from protocol import names
from protocol.programmer.client import Client
from protocol.programmer.event_log import Log
from protocol.wire import events, schema
from tests.pumps import Bed
from tests.wire.logs import read, told


def test_everything_that_happened_is_in_the_log_in_its_order(life: Bed, log: Log) -> None:
    commands = [names.MESSAGES[one.a] for one in log.events if one.kind == events.COMMAND]
    assert commands == [
        "SETUP", "SET_CLOCK", "CONFIRM", "START", "ACKNOWLEDGE", "STOP",
    ]  # fmt: skip
    counters = [one.b for one in log.events if one.kind == events.COMMAND]
    digest = life.ask(schema.READ_BACK)["digest"]
    start, following = struct.unpack(">II", digest[:8])
    stall = schema.MOTOR_STALLED
    assert told(log.events) == [
        ("BOOT", 0, 0),
        ("SELF_TEST", 0, self_test._PIECES_MAX),
        ("STATE", schema.UNCOMMISSIONED, schema.STOPPED),
        ("COMMAND", schema.SETUP, counters[0]),
        ("CLOCK_SET", 0, 8 * 3600),
        ("COMMAND", schema.SET_CLOCK, counters[1]),
        ("PRESCRIPTION", start, following),
        ("COMMAND", schema.CONFIRM, counters[2]),
        ("STATE", schema.STOPPED, schema.RUNNING),
        ("RATE", 300_000, 1),
        ("COMMAND", schema.START, counters[3]),
        ("RATE", 900_000, 2),
        ("RATE", 300_000, 1),
        ("RATE", 900_000, 2),
        ("ALARM_RAISED", stall, 0),
        ("STATE", schema.RUNNING, schema.HELD),
        ("RATE", 0, 0),
        ("ALARM_ACKNOWLEDGED", stall),
        ("STATE", schema.HELD, schema.RUNNING),
        ("RATE", 900_000, 2),
        ("COMMAND", schema.ACKNOWLEDGE, counters[4]),
        ("STATE", schema.RUNNING, schema.STOPPED),
        ("RATE", 0, 0),
        ("COMMAND", schema.STOP, counters[5]),
    ]
    assert log.faults() == []


def test_a_clock_that_is_set_again_is_in_the_log_with_what_it_was() -> None:
    bed = Bed()
    bed.programmer.commission()
    bed.run(minutes=10)
    bed.ask(schema.SET_CLOCK, wall_s=500_000_000)
    bed.ask(schema.SET_CLOCK, wall_s=8 * 3600)
    changes = [one[1:] for one in told(read(bed).events) if one[0] == "CLOCK_SET"]
    assert changes[0] == (0, 8 * 3600)
    assert 0 <= changes[1][0] - (8 * 3600 + 600) <= 5
    assert changes[1][1] == 500_000_000
    assert 0 <= changes[2][0] - 500_000_000 <= 5
    assert changes[2][1] == 8 * 3600


def test_a_rate_is_in_the_log_with_the_instant_from_which_it_holds(log: Log) -> None:
    edges = [one for one in log.events if one.kind == events.RATE][1:4]
    assert [one.wall_s % 86_400 for one in edges] == [12 * 3600, 0, 12 * 3600]
    apart_ms = [one.uptime_s * 1_000 + one.ms - edges[0].uptime_s * 1_000 for one in edges]
    assert [ms - edges[0].ms for ms in apart_ms] == [0, 12 * 3_600_000, 24 * 3_600_000]


def test_the_ledger_is_in_the_log_every_hour(life: Bed, log: Log) -> None:
    kept = [one for one in log.events if one.kind == events.LEDGER]
    assert [one.uptime_s // 3_600 for one in kept] == list(range(35))
    totals = life.totals()
    last = kept[-1].arguments
    assert last["verified_steps"] == totals["verified_steps"]
    assert last["unverified_steps"] == totals["unverified_steps"]


def test_refusals_and_faults_are_in_the_log() -> None:
    bed = Bed()
    bed.ready()
    number = bed.programmer.counter + 1
    assert bed.programmer.exchange(schema.START, b"", number)[0] == schema.REFUSED
    assert bed.programmer.exchange(schema.TOTALS, b"", number + 9)[0] == schema.REFUSED
    bed.pump.fault_stop(3)
    assert sorted(told(read(bed).events)[-6:]) == [
        ("ALARM_RAISED", schema.INVARIANT_BROKEN, 3),
        ("FAULT", 3),
        ("RATE", 0, 0),
        ("REFUSAL", schema.TOTALS, schema.OUT_OF_SEQUENCE),
        ("REFUSAL", schema.START, schema.NO_PRESCRIPTION),
        ("STATE", schema.STOPPED, schema.FAULT),
    ]


def test_after_a_reset_the_log_goes_on_with_its_cause() -> None:
    bed = Bed()
    bed.running()
    bed.run(hours=1)
    before = read(bed).events
    bed.run(s=20)
    bed.world.reset(bed.world.chip.WDT_RESET)
    bed.run(s=20)
    log = read(bed)
    assert log.events[: len(before)] == before
    assert log.faults() == []
    boot = log.events[len(before)]
    assert boot.arguments["reset_cause"] == names.RESETS.index("WATCHDOG")
    assert [one.boot for one in (before[-1], boot)] == [1, 2]
    after = told(log.events[len(before) :])
    assert ("STATE", schema.STOPPED, schema.RUNNING) in after
    clock = next(one for one in after if one[0] == "CLOCK_SET")
    assert clock[1] == 0, "it was not set after the start"
    assert before[-1].wall_s - 3_600 <= clock[2] <= boot.uptime_s + before[-1].wall_s + 20


def test_reading_the_log_disturbs_no_step_at_the_highest_rate() -> None:
    alone, read_from = Bed(), Bed()
    for bed in (alone, read_from):
        bed.running((0, 24_000_000))
        bed.run(minutes=2)
    client = Client(EmuLink(read_from.world))
    client.hello()
    for _ in range(5):
        Log().read_on(client)
    alone.world.run_until(read_from.world.now_us)
    assert read_from.steps == alone.steps
    assert len(alone.steps) > 600
