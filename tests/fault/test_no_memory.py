"""Memory that runs out: what asked for it is refused, delivery goes on, or the pump is safe."""

import pytest

from emulator.cpu import SCHEDULER_DEPTH
from firmware.monitor.time_base import TimeBase
from firmware.pins import SUPPLY
from protocol import names
from protocol.wire import events, schema
from tests.fault.log_entries import entries
from tests.fault.shortage import (
    REQUESTS,
    SEGMENTS,
    Start,
    Trial,
    campaign,
    condition,
    in_the_background,
)
from tests.pumps import Bed

EVERY = 11  # of the allocating calls of a request; every one: `make prove`, MEMORY-02


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_that_runs_out_of_memory_is_done_or_refused_and_delivery_goes_on(
    name: str,
) -> None:
    """Or, where it was halfway, the motor is off and a critical alarm says why."""
    count, failed = campaign(name, 1 + len(name) % EVERY, EVERY)
    assert failed == []
    assert count > 3


def test_a_request_that_cannot_even_begin_is_refused_and_nothing_changes() -> None:
    trial = Trial()
    refused = 0
    for at in range(1, 60):
        trial.flipper.start_again()
        came, verdict = trial.run("status", at)
        assert came
        assert verdict == ""
        assert trial.bed.state == schema.RUNNING, "a request that only asks never ends therapy"
        refused += 1
    assert refused == 59


def test_records_and_log_that_find_no_memory_stop_nothing() -> None:
    at = 1
    while True:
        came, verdict = in_the_background(at)
        assert verdict == "", at
        if not came:
            break
        at += 29
    assert at > 200


def test_a_start_that_runs_out_of_memory_is_begun_anew_and_therapy_goes_on() -> None:
    start = Start()
    at = 1
    while True:
        came, verdict = start.run(at)
        assert verdict == "", at
        if not came:
            break
        at += 17
    assert at > 1_000


def test_a_full_scheduler_queue_delays_no_step_and_is_in_the_log() -> None:
    """Nothing on the delivery path is a soft callback. Once, until the queue takes one again."""
    bed = Bed()
    bed.running(*SEGMENTS)
    bed.programmer.goodbye()
    cpu = bed.world.cpu
    run_soft = cpu.run_soft
    for times in (1, 2):
        cpu.run_soft = lambda: None  # type: ignore[method-assign]
        dropped = cpu.dropped
        for _ in range(SCHEDULER_DEPTH + 1):
            cpu.schedule(lambda _: None, None)
        assert cpu.dropped > dropped
        steps = len(bed.steps)
        bed.run(minutes=30)
        assert len(bed.steps) - steps in (416, 417)
        assert bed.state == schema.RUNNING
        assert sum(one.kind == events.QUEUE_FULL for one in entries(bed)) == times
        cpu.run_soft = run_soft  # type: ignore[method-assign]
        bed.run(minutes=30)


def test_a_queue_with_room_is_never_said_to_be_full() -> None:
    bed = Bed()
    bed.running(*SEGMENTS)
    for _ in range(SCHEDULER_DEPTH - 1):
        bed.world.cpu.schedule(lambda _: None, None)
    bed.run(hours=2)
    assert not bed.world.cpu.soft
    assert not any(one.kind == events.QUEUE_FULL for one in entries(bed))


def test_memory_that_ends_on_the_delivery_path_is_a_fault_with_its_alarm() -> None:
    bed = Bed()
    bed.running(*SEGMENTS)

    bed.pump.pressure.blocked = no_memory
    steps = len(bed.steps)
    bed.run(minutes=1)
    assert len(bed.steps) == steps
    assert names.FAULTS[bed.status()["fault_reason"]] == "NO_MEMORY"
    assert bed.pump.alarms.is_active(schema.INVARIANT_BROKEN)
    assert bed.world.chip.outside.level(SUPPLY) == 0


def no_memory(*_: object) -> bool:
    raise MemoryError


def test_a_record_that_finds_no_memory_is_not_stored_and_therapy_goes_on() -> None:
    trial = Trial()
    bed = trial.bed
    kind, payload = REQUESTS["confirm"](bed)
    bed.pump.memory.save_therapy = no_memory
    before = condition(bed)
    bed.programmer.counter += 1
    _, got = bed.programmer.exchange(kind, payload, bed.programmer.counter)
    assert got["name"] == "NOT_STORED"
    assert condition(bed) == before
    assert bed.state == schema.RUNNING


def test_a_seal_that_finds_no_memory_waits_for_the_next_minute() -> None:
    bed = Bed()
    bed.running(*SEGMENTS)
    steps = len(bed.steps)
    check = bed.pump.guard.check_pairs
    bed.pump.guard.check_pairs = no_memory
    bed.run(minutes=3)
    assert bed.state == schema.RUNNING
    assert len(bed.steps) > steps + 40
    assert shortages(bed) == 3
    looks: list[int] = []
    bed.pump.guard.check_pairs = lambda: (looks.append(1), check())
    bed.run(minutes=3)
    assert len(looks) == 3


def test_a_comparison_of_the_clocks_that_finds_no_memory_waits_for_the_next_hour() -> None:
    bed = Bed()
    bed.running(*SEGMENTS)
    (time_base,) = [task for task in bed.pump.loop._tasks if isinstance(task, TimeBase)]
    read = time_base._rtc_day_s
    time_base._rtc_day_s = no_memory
    bed.run(hours=2)
    assert shortages(bed) == 2
    time_base._rtc_day_s = read
    bed.run(hours=3)
    assert (bed.state, bed.pump.alarms.mask(True)) == (schema.RUNNING, 0)
    assert shortages(bed) == 2


def shortages(bed: Bed) -> int:
    """How often the log says that memory ran out."""
    return sum(one.kind == events.NO_MEMORY for one in entries(bed))
