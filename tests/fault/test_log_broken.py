"""A log that cannot be written, is full or is slow never stops, delays or hastens a step."""

from typing import Any

import pytest

from emulator.ram_disk import RamDisk
from emulator.world import World
from firmware import keeper
from firmware.log_ring import FOLDER
from protocol.wire import events, schema
from tests.pumps import Bed

EIO = 5
ENOSPC = 28
FASTEST_NL_DAY = 8_000_000  # a step each 540 ms: one erase, and nothing more


class BadLog(RamDisk):
    """A disk on which whatever touches the log fails. error: how; 0: it does not."""

    def __init__(self, error: int) -> None:
        super().__init__()
        self.error = error
        self.tries = 0

    def open(self, path: str, mode: str = "r") -> Any:
        if path.startswith(FOLDER) and self.error:
            self.tries += 1
            raise OSError(self.error)
        return super().open(path, mode)

    def remove(self, path: str) -> None:
        if path.startswith(FOLDER) and self.error:
            raise OSError(self.error)
        super().remove(path)


class SlowLog(RamDisk):
    """A disk on which each write of the log holds the processor for so long. writes: how many."""

    def __init__(self, write_us: int) -> None:
        super().__init__()
        self._write_us = write_us
        self.writes = 0

    def connect(self, spend_us: Any) -> None:
        self._spend_us = spend_us

    def keep(self, path: str, data: bytes) -> None:
        super().keep(path, data)
        if path.startswith(FOLDER):
            self.writes += 1
            self._spend_us(self._write_us)


def bed_on(disk: RamDisk) -> Bed:
    def put_in(world: World) -> None:
        world.disk = disk
        disk.connect(world._hold_off)

    return Bed(before=put_in)


def deliver(bed: Bed, rate_nl_day: int) -> list[int]:
    """An eventful day: a schedule, a stall, an acknowledgement; its steps."""
    bed.running((0, rate_nl_day), (600, rate_nl_day // 2 + 1))
    bed.run(hours=3)
    bed.plant.stall(True)
    bed.run(minutes=10)
    bed.plant.stall(False)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    bed.run(hours=3)
    return bed.steps


@pytest.mark.parametrize("rate_nl_day", [300_000, 3_000_000])
@pytest.mark.parametrize("error", [EIO, ENOSPC], ids=["broken", "full"])
def test_a_log_that_cannot_be_written_changes_no_step_and_alarms(
    error: int, rate_nl_day: int
) -> None:
    sound = deliver(bed_on(RamDisk()), rate_nl_day)
    bad = BadLog(error)
    bed = bed_on(bad)
    assert deliver(bed, rate_nl_day) == sound
    assert len(sound) > 300
    assert bed.state == schema.RUNNING
    assert bed.pump.alarms.is_active(schema.LOG_FAILED)
    assert bed.pump.error is None
    assert 0 < bad.tries < 60, "it is tried again now and then, not without end"


def test_once_it_can_be_written_again_the_alarm_goes_and_the_loss_is_told() -> None:
    bad = BadLog(EIO)
    bed = bed_on(bad)
    bed.running()
    bed.run(hours=1)
    for _ in range(500):
        bed.pump.log.note(events.SELF_TEST)
    assert bed.pump.alarms.is_active(schema.LOG_FAILED)
    bad.error = 0
    bed.run(hours=2)
    assert not bed.pump.alarms.is_active(schema.LOG_FAILED)
    page = bed.pump.log.page(0)
    assert page["newest_event"] > 100
    assert bad.listdir(FOLDER)


def test_a_log_that_is_broken_from_the_start_keeps_nobody_from_therapy() -> None:
    bad = BadLog(EIO)
    bed = bed_on(bad)
    bed.running()
    bed.run(hours=1)
    steps = len(bed.steps)
    bed.world.reset(bed.world.chip.PWRON_RESET)
    bed.run(hours=1)
    assert bed.state == schema.RUNNING
    assert len(bed.steps) > steps + 800


@pytest.mark.parametrize("write_ms", [45, 400])
@pytest.mark.parametrize("rate_nl_day", [48_000, 1_000_000, 5_000_000, FASTEST_NL_DAY])
def test_a_slow_write_of_the_log_waits_for_room_between_steps(
    rate_nl_day: int, write_ms: int
) -> None:
    """45 ms: a usual erase; 400 ms: the worst (W25Q16JV). Nothing else is written slowly here."""
    assert write_ms < keeper.COMMIT_MS
    beds = [bed_on(RamDisk()), bed_on(SlowLog(write_ms * 1_000))]
    for bed in beds:
        bed.running((0, rate_nl_day))
        begun_ms = bed.now_ms
        bed.run(minutes=5)
        for minute in range(20):
            bed.pump.log.note(events.SELF_TEST, minute)
            bed.run(minutes=1)
        spans = [later - earlier for earlier, later in zip(bed.steps, bed.steps[1:])]
        exact_ms = 86_400_000 * 50 // rate_nl_day
        assert len(bed.steps) >= (bed.now_ms - begun_ms) // (exact_ms + 1) - 1
        assert {exact_ms, exact_ms + 1} >= set(spans)
    slow = beds[1].world.disk
    assert slow.writes >= 15
