"""A write of the flash never delays a step, up to the declared rates; above, none is lost.

Expected instants: exact fractions from the start of therapy; the plant's rotor counts the steps.
"""

from fractions import Fraction

import pytest

from emulator.flash import ERASE_US, ERASE_US_MAX, PAGE_US, PAGE_US_MAX, Flash
from firmware.pins import STEP
from protocol.wire import schema
from tests.power_loss.images import aged
from tests.power_loss.test_campaign import log_segments
from tests.power_loss.ward import Ward
from tests.power_loss.workloads import WORKLOADS
from tests.pumps import Bed
from tests.upgrade.make_image import bed_on

STEP_PL = 50_000
FULL_RING = 12  # an image: tests/power_loss/images.py
TYPICAL = (ERASE_US, PAGE_US)
WORST = (ERASE_US_MAX, PAGE_US_MAX)
UNDELAYED_NL_DAY = (300_000, 1_000_000, 2_000_000, 3_000_000, 3_500_000, 4_450_000)
PUNCTUAL = [  # nL/day; the ledger and the log of a pump that runs, whatever its flash
    (48_000, WORST),
    *[(rate_nl_day, WORST) for rate_nl_day in UNDELAYED_NL_DAY],
    (1_000_000, TYPICAL),
    (4_450_000, TYPICAL),
    (8_300_000, TYPICAL),
]
BEYOND = [(8_300_000, WORST), (12_000_000, WORST), (24_000_000, WORST), (24_000_000, TYPICAL)]


def running_on_the_worst(rate_nl_day: int) -> Bed:
    """A pump that runs, on a flash that from now on takes its worst times."""
    flash = Flash()
    bed = bed_on(flash)
    bed.running((0, rate_nl_day))
    flash.erase_us, flash.page_us = WORST
    return bed


def lateness_ms(
    rate_nl_day: int, times_us: tuple[int, int], hours: float
) -> tuple[Bed, list[Fraction]]:
    """How late each step was, on a flash with these times of erasing and programming."""
    flash = Flash()
    bed = bed_on(flash)
    bed.ready((0, rate_nl_day))
    started: list[int] = []
    bed.world.chip.outside.uart_out(lambda _data, _done: started.append(bed.now_ms))
    bed.programmer.start()
    bed.programmer.goodbye()
    flash.erase_us, flash.page_us = times_us
    busy_us = flash.busy_us
    bed.run(hours=hours)
    assert flash.busy_us - busy_us > 2 * times_us[0], "the flash did erase"
    period_ms = Fraction(86_400 * STEP_PL, rate_nl_day)
    first = bed.steps[0]
    phase = first - started[0]
    assert abs(phase - period_ms / 2) <= 45
    return bed, [at - first - number * period_ms for number, at in enumerate(bed.steps)]


@pytest.mark.parametrize(("rate_nl_day", "times_us"), PUNCTUAL)
def test_a_write_never_delays_a_step_up_to_the_declared_rate(
    rate_nl_day: int, times_us: tuple[int, int]
) -> None:
    hours = 60 if rate_nl_day < 300_000 else 12 if rate_nl_day < 3_000_000 else 3
    _, late = lateness_ms(rate_nl_day, times_us, hours)
    assert max(late) - min(late) <= 2


@pytest.mark.parametrize(("rate_nl_day", "times_us"), BEYOND)
def test_above_it_a_step_may_be_late_none_is_lost_and_it_does_not_add_up(
    rate_nl_day: int, times_us: tuple[int, int]
) -> None:
    bed, late = lateness_ms(rate_nl_day, times_us, 1)
    assert max(late) <= 1_000
    owed = Fraction(rate_nl_day * 3_600, 86_400 * 50)
    assert abs(len(bed.steps) - owed) <= 8
    bed.run(minutes=2)
    period_ms = Fraction(86_400 * STEP_PL, rate_nl_day)
    tail = [at - bed.steps[0] - number * period_ms for number, at in enumerate(bed.steps)]
    assert min(abs(one) for one in tail[-50:]) <= 2, "it is back in time"
    assert bed.status()["alarms_active"] == 0


@pytest.mark.parametrize("segments", [1, 2])
def test_a_new_prescription_is_committed_between_two_steps(segments: int) -> None:
    """2: each is therapy of another kind than the one before, and the ledger is written too."""
    bed = running_on_the_worst(3_000_000)
    period_ms = Fraction(86_400 * STEP_PL, 3_000_000)
    steps = len(bed.steps)
    for turn in range(20):
        bed.programmer.hello()
        of_the_day = [(0, 3_000_000), (720, 3_000_000)]
        bed.programmer.prescribe(of_the_day[: 1 + turn % segments])
        bed.run(s=3.1)
    late = [at - bed.steps[steps] - n * period_ms for n, at in enumerate(bed.steps[steps:])]
    assert max(late) - min(late) <= 2
    assert bed.state == schema.RUNNING


def test_overwriting_the_oldest_of_the_log_delays_no_step() -> None:
    """A ring that is full, and a segment that ends while steps are made."""
    ward = Ward(aged(FULL_RING))
    ward.boot()
    ward.flash.erase_us, ward.flash.page_us = WORST
    before = log_segments(ward)
    steps_us: list[int] = []
    ward.world.chip.outside.listen(
        STEP, lambda level: steps_us.append(ward.world.now_us) if level else None
    )
    WORKLOADS["log"](ward)
    ward.run(s=60)
    after = log_segments(ward)
    assert before - after
    assert after - before
    rate_nl_day = ward.ask(schema.STATUS)["rate_nl_day"]
    period_ms = Fraction(86_400 * STEP_PL, rate_nl_day)
    late = [Fraction(t_us - steps_us[0], 1_000) - n * period_ms for n, t_us in enumerate(steps_us)]
    assert len(late) > 20
    assert max(late) - min(late) <= 2


def test_a_bolus_is_committed_between_two_steps() -> None:
    """No pause between two steps is longer than the slower of the two rates has."""
    bed = running_on_the_worst(3_000_000)
    period_ms = Fraction(86_400 * STEP_PL, 3_000_000)
    for number in range(6):
        bed.programmer.hello()
        bed.run(ms=230 * number)
        bed.programmer.bolus(5_000, 3_000_000)
        bed.programmer.goodbye()
        bed.run(s=schema.BOLUS_LOCKOUT_S)
    pauses = [after - before for before, after in zip(bed.steps, bed.steps[1:])]
    assert max(pauses) <= period_ms + 2
    assert bed.ask(schema.BOLUSES)["count"] == 6


def test_an_alarm_in_the_moment_before_a_step_is_written_after_it() -> None:
    """The condition changes at every phase of a step; the writes erase many times."""
    bed = running_on_the_worst(2_000_000)
    bed.programmer.goodbye()
    period_ms = Fraction(86_400 * STEP_PL, 2_000_000)
    for number in range(160):
        bed.run(ms=int(period_ms) + number * 27)
        bed.pump.alarms.raise_alarm(schema.RESERVOIR_LOW, number)
        bed.pump.alarms.clear(schema.RESERVOIR_LOW)
    late = [at - bed.steps[0] - n * period_ms for n, at in enumerate(bed.steps)]
    assert max(late) - min(late) <= 2


@pytest.mark.parametrize("phase_ms", range(0, 1_440, 120))
def test_three_records_that_each_take_the_worst_time_find_room_between_two_steps(
    phase_ms: int,
) -> None:
    """Therapy of another kind: both twins of the prescription, and the ledger."""
    bed = Bed()
    bed.running((0, 3_000_000))
    bed.programmer.hello()
    bed.programmer.hold_magnet()
    files = bed.pump.board.files
    write = files.write
    written: list[str] = []

    def slow(path: str, data: bytes) -> None:
        write(path, data)
        written.append(path)
        bed.world._hold_off(ERASE_US_MAX)

    prescribe = bed.pump.prescribe

    def watched(*told: object) -> None:
        files.write = slow
        prescribe(*told)
        files.write = write

    bed.pump.prescribe = watched
    bed.run(ms=phase_ms)
    steps = len(bed.steps)
    bed.programmer.prescribe([(0, 3_000_000), (720, 3_000_000)])
    bed.run(s=10)
    assert len(written) == 3
    gaps = {b - a for a, b in zip(bed.steps[steps - 1 :], bed.steps[steps:])}
    assert gaps == {1_440}
