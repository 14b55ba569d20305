"""Memory: a flipped bit is found before the next step, and nothing is delivered by it."""

from collections.abc import Callable
from typing import Any

import pytest

from emulator import inject
from emulator.bedside import Refused
from firmware import guard
from firmware.guard import Corrupt, Guard
from firmware.pins import SUPPLY
from firmware.task import NEVER
from protocol import names
from protocol.wire import schema
from tests.fault.flips import ALL_DAY, BY_THE_HOUR, UNTIL_MS, Flipper, campaign
from tests.fault.unguarded import NOT_GUARDED, numbers_on_the_path
from tests.pumps import Bed

inject.install()

TOTALS_EVERY = 37  # a prime, so that each place in a word is flipped somewhere


def test_no_other_attribute_holds_a_number_that_decides_a_dose() -> None:
    bed = Bed()
    bed.running((0, 300_000), (600, 900_000))
    bed.run(hours=1)
    names, arrays = numbers_on_the_path(bed.pump)
    pump = bed.pump
    guarded = (pump.guard.step, pump.guard.rest, pump.guard.totals, pump.motion._edges)
    assert arrays == {id(one) for one in guarded}
    assert names == set(NOT_GUARDED)


@pytest.mark.parametrize("when", UNTIL_MS)
def test_every_flipped_bit_is_found_before_the_next_step(when: str) -> None:
    """Alarm, motor off, no step, on the whole pump. With 24 segments, and with every bit of the
    ledger's sums: `make prove`, MEMORY-01.
    """
    count, failed = campaign(when, ALL_DAY, TOTALS_EVERY)
    print(f"{count} bits flipped {when}, {len(failed)} not found in time")
    assert failed == []
    words = guard.STEP_WORDS + guard.REST_WORDS + guard.SEGMENT_WORDS
    totals = -(-32 * guard.TOTALS_WORDS // TOTALS_EVERY)
    assert count == 32 * words + 32 + totals


def test_every_bit_of_a_full_schedule_is_found_by_the_check_before_a_step() -> None:
    flipper = Flipper(BY_THE_HOUR)
    pump = flipper.bed.pump
    count = 0
    for where, word, bit in list(flipper.bits()):
        flipper.flip(where, word, bit)
        with pytest.raises(Corrupt):
            pump.motion.edges() if where == "edges" else pump.guard.check()
        flipper.flip(where, word, bit)
        pump.guard.check()
        count += 1
    words = len(pump.guard.step) + len(pump.guard.rest) + len(pump.guard.totals)
    assert count == 32 * words + 32
    assert len(pump.guard.rest) == guard.REST_WORDS + 24 * guard.SEGMENT_WORDS


@pytest.mark.parametrize("stopped", [False, True], ids=["held", "stopped"])
def test_a_flipped_bit_of_a_pump_that_does_not_deliver_is_told_within_a_minute(
    stopped: bool,
) -> None:
    for array_name, word in (("step", guard.RATE_NL_DAY), ("rest", guard.STEP_PL), ("step", 25)):
        flipper = Flipper(ALL_DAY)
        bed = flipper.bed
        if stopped:
            bed.programmer.ask(schema.STOP)
        else:
            bed.pump.alarms.raise_alarm(schema.OCCLUSION, 60_000)
        bed.run(s=30)
        flipper.flip(array_name, word, 5)
        bed.run(s=61)
        assert bed.state == schema.FAULT
        assert names.FAULTS[bed.pump.state.fault_reason] == "MEMORY_CORRUPT"


def test_the_reason_is_told_over_the_line_and_only_a_reset_leads_out() -> None:
    flipper = Flipper(ALL_DAY)
    bed = flipper.bed
    bed.programmer.goodbye()
    flipper.flip_at(1_000, "step", guard.DUE_MS, 9)
    status = bed.status()
    assert names.STATES[status["state"]] == "FAULT"
    assert names.FAULTS[status["fault_reason"]] == "MEMORY_CORRUPT"
    assert status["alarms_waiting"] == 1 << schema.INVARIANT_BROKEN
    assert status["rate_nl_day"] == status["segment"] == status["next_change_s"] == 0
    bed.run(hours=30)
    assert bed.status()["uptime_s"] > 30 * 3_600, "time goes on, over a day's end too"
    assert bed.world.chip.outside.level(SUPPLY) == 0


@pytest.mark.parametrize("bit", range(30))
def test_time_goes_on_after_a_flip_in_the_clock_and_the_alarm_sounds(bit: int) -> None:
    flipper = Flipper(ALL_DAY)
    bed = flipper.bed
    bed.run(minutes=1)
    before_s = bed.pump.clock.uptime_s()
    flipper.flip("rest", guard.EPOCH_TICKS, bit)
    bed.run(minutes=30)
    assert names.FAULTS[bed.pump.state.fault_reason] == "MEMORY_CORRUPT"
    assert 0 <= bed.pump.clock.uptime_s() - before_s - 1_800 <= 1
    assert bed.pump.annunciator.due_ms < NEVER


def _later(task: str) -> Callable[[Any], None]:
    def spoil(pump: Any) -> None:
        getattr(pump, task).due_ms += 1 << 22

    return spoil


@pytest.mark.parametrize("task", ["delivery", "therapy"])
def test_a_deadline_of_the_delivery_path_that_moved_is_found_at_the_next_turn(task: str) -> None:
    bed = Bed()
    bed.running((0, 300_000), (60 * 8 + 5, 900_000))
    bed.run(minutes=1)
    _later(task)(bed.pump)
    bed.run(minutes=5)
    assert names.FAULTS[bed.pump.state.fault_reason] == "MEMORY_CORRUPT"


def test_a_deadline_that_came_too_early_is_found_there() -> None:
    for task in ("delivery", "therapy"):
        bed = Bed()
        bed.running((0, 300_000), (1_200, 900_000))
        bed.run(minutes=1)
        getattr(bed.pump, task).due_ms = 0
        steps = len(bed.steps)
        bed.run(minutes=5)
        assert names.FAULTS[bed.pump.state.fault_reason] == "MEMORY_CORRUPT", task
        assert len(bed.steps) == steps


def test_what_cancels_in_a_sum_is_found_within_a_minute_pair_by_pair() -> None:
    """The same bit up in one word and down in another."""
    memory = Guard(50_000)
    memory.load(True, [(0, 500_000), (600, 600_000)])
    memory.rest[guard.STEP_PL] += 1 << 10
    memory.rest[guard.REST_WORDS] -= 1 << 10
    memory.check()
    with pytest.raises(Corrupt):
        memory.check_pairs()


def test_the_same_bit_flipped_in_a_number_and_its_complement_is_found_by_the_seal() -> None:
    for place in range(guard.SEALED, guard.REST_WORDS + guard.SEGMENT_WORDS, 2):
        memory = Guard(50_000)
        memory.load(False, [(0, 500_000)])
        guard.put(memory.rest, place, memory.rest[place] ^ 1)
        memory.check()
        with pytest.raises(Corrupt):
            memory.check_pairs()


ENTRIES: dict[str, Callable[[Any], Any]] = {
    "a segment begins": lambda pump: pump.therapy.begin(pump.clock.now_ms),
    "delivery halts": lambda pump: pump.therapy.halt(pump.clock.now_ms),
    "a rate is set": lambda pump: pump.delivery.set_rate(2_000_000, pump.clock.now_ms),
    "the clock is set": lambda pump: pump.wall.set(1, pump.clock.now_ms),
    "a step is calibrated": lambda pump: pump.delivery.calibrate(51_000),
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_nothing_is_written_over_memory_that_is_not_sound(entry: str) -> None:
    """A flip in a number that the entry does not read, and would write over, or leave."""
    flipper = Flipper(ALL_DAY)
    pump = flipper.bed.pump
    flipper.flip("rest", guard.SEGMENT, 7)
    before = (pump.guard.step[:], pump.guard.rest[:])
    with pytest.raises(Corrupt):
        ENTRIES[entry](pump)
    assert (pump.guard.step, pump.guard.rest) == before


def test_the_epoch_moves_only_over_sound_memory() -> None:
    flipper = Flipper(ALL_DAY)
    flipper.flip("step", guard.DUE_MS, 9)
    with pytest.raises(Corrupt):
        flipper.bed.pump.loop._rebase()


def test_a_prescription_is_loaded_only_over_sound_memory() -> None:
    memory = Guard(50_000)
    memory.rest[guard.STEP_PL] ^= 1
    with pytest.raises(Corrupt):
        memory.load(False, [(0, 500_000)])


def test_the_interrupt_makes_no_edge_by_a_permit_that_is_not_sound() -> None:
    """Each bit of the permit and of the edge's own flag, 5 ms before the timer fires."""
    flipper = Flipper(ALL_DAY)
    for word in (guard.MADE, guard.MADE + 1, guard.STEP, guard.STEP + 1):
        for bit in range(32):
            flipper.start_again()
            made = flipper.flip_at(-5, "step", word, bit)
            assert flipper.verdict(made, 0) == "", (word, bit)


@pytest.mark.parametrize("after_ms", [-5, 20])
def test_a_step_that_was_under_way_when_memory_failed_is_in_the_bracket(after_ms: int) -> None:
    flipper = Flipper(ALL_DAY)
    bed = flipper.bed
    flipper.flip_at(after_ms, "step", guard.LATE, 3)
    ledger = bed.pump.ledger
    made = bed.plant.snapshot()["forward_steps"]
    assert made == len(bed.steps)
    assert ledger.verified.value() < made <= ledger.verified.value() + ledger.unverified.value()


@pytest.mark.parametrize("place", [guard.COMMANDED, guard.VERIFIED, guard.LEFT, guard.HALF])
def test_totals_that_are_not_sound_are_neither_told_nor_written(place: int) -> None:
    """The record on the flash brackets the truth, and holds after a reset."""
    flipper = Flipper(ALL_DAY)
    bed = flipper.bed
    bed.run(minutes=5)
    flipper.flip_at(1_000, "step", place, 3)
    assert bed.state == schema.FAULT
    with pytest.raises(Refused, match="FAULTED"):
        bed.totals()
    bed.run(hours=3)
    bed.world.reset(bed.world.chip.PWRON_RESET)
    bed.run(s=2)
    made = bed.plant.snapshot()["forward_steps"]
    totals = bed.totals()
    assert totals["verified_steps"] <= made
    assert made <= totals["verified_steps"] + totals["unverified_steps"]
    assert totals["unverified_steps"] <= 8
