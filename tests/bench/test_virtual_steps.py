"""Steps on the virtual Pico: their number, their instants, and their pulses.

What is exact is worked out here in rational arithmetic, without a line of the firmware. Therapy
begins when the motor supply comes on, half a step before the first step.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor

import pytest

from firmware.pins import DIR, EN, STEP, SUPPLY
from protocol.wire import schema
from tests.bench.pico_bed import PicoBed

pytestmark = pytest.mark.xdist_group("virtual_steps")
NS_PER_DAY = 86_400 * 10**9
STEP_PL = 50_000
LATE_NS_MAX = 2_000_000
# Texas Instruments DRV8825, table 6.6: STEP high and low 1.9 us each; DIR and nENBL stand 650 ns
# before the rising edge. An A4988 is content with 1 us, a TMC2209 with 0.1 us.
PULSE_NS_MIN = 1_900
STANDS_NS_MIN = 650
STALL_OFFSETS_MS = (-45, -20, -4, 2, 20, 60, 100)  # from the instant of a step
BACK_NS = 1_000_000_000
# When the core is back, the step before settles in two times 40 ms; the driver is on for 5 ms.
WAITS_NS_MAX = 90_000_000


class Edges:
    """When an output changed: (ns, level)."""

    def __init__(self, bed: PicoBed, gpio: int) -> None:
        self._pico = bed.pico
        self.all: list[tuple[int, int]] = []
        bed.pico.watch(gpio, lambda level: self.all.append((self._pico.now_ns, level)))

    def to(self, level: int, from_ns: int = 0) -> list[int]:
        return [t_ns for t_ns, found in self.all if found == level and t_ns >= from_ns]


class Track:
    """All that the motor driver sees."""

    def __init__(self, bed: PicoBed) -> None:
        self.step, self.dir, self.enable, self.supply = (
            Edges(bed, gpio) for gpio in (STEP, DIR, EN, SUPPLY)
        )


@pytest.fixture(scope="module")
def bed() -> PicoBed:
    made = PicoBed()
    made.programmer.commission()
    return made


@pytest.fixture(scope="module")
def track(bed: PicoBed) -> Track:
    return Track(bed)


@pytest.fixture
def at_rate(bed: PicoBed, track: Track) -> "Iterator[Running]":
    """Gives a running pump, and stops it."""
    running = Running(bed, track)
    yield running
    running.stop()


class Running:
    """Therapy at one rate since `begun_ns`."""

    def __init__(self, bed: PicoBed, track: Track) -> None:
        self.bed = bed
        self.track = track

    def start(self, rate_nl_day: int) -> None:
        """The phase of an earlier therapy is forgotten: the volume of a step is set anew."""
        programmer = self.bed.programmer
        programmer.hold_magnet()
        programmer.hello()
        programmer.ask(schema.CALIBRATE, {"steps": 1_000, "volume_nl": STEP_PL})
        programmer.prescribe([(0, rate_nl_day)])
        from_ns = self.bed.pico.now_ns
        programmer.start()
        programmer.goodbye()
        (self.begun_ns,) = self.track.supply.to(1, from_ns)
        self.period_ns = Fraction(NS_PER_DAY * STEP_PL, rate_nl_day * 1_000)

    def ideal_ns(self, number: int) -> Fraction:
        """Of step 0, 1, ..."""
        return self.begun_ns + (number + Fraction(1, 2)) * self.period_ns

    def until_between(self, steps: int) -> None:
        """Run until halfway between the last of so many steps and the next."""
        self.bed.pico.run_until_us(floor(self.begun_ns + steps * self.period_ns) // 1_000)

    def late_ns(self) -> list[Fraction]:
        """Of each step made."""
        made = self.track.step.to(1, self.begun_ns)
        return [t_ns - self.ideal_ns(number) for number, t_ns in enumerate(made)]

    def stop(self) -> None:
        self.bed.ask(schema.STOP)
        self.bed.programmer.goodbye()


@pytest.mark.parametrize(
    ("rate_nl_day", "steps"), [(500_000, 12), (1_000_000, 12), (24_000_000, 60)]
)
def test_each_step_is_made_once_and_within_2_ms_of_its_instant(
    at_rate: Running, rate_nl_day: int, steps: int
) -> None:
    at_rate.start(rate_nl_day)
    at_rate.until_between(steps)
    late_ns = at_rate.late_ns()
    assert len(late_ns) == steps
    assert all(abs(late) <= LATE_NS_MAX for late in late_ns), late_ns


def held(running: Running, stall_ms: int) -> tuple[int, list[Fraction], set[int]]:
    """The core is held as by an erase of the flash, at the highest rate, around a step; after each
    hold the pump has a second to come back to its instants.

    Returns (steps that were due, how late each one made was, numbers of those that were due when
    it must have come back).
    """
    running.start(24_000_000)
    pico = running.bed.pico
    steps = 3
    back: set[int] = set()
    for offset_ms in STALL_OFFSETS_MS:
        pico.run_until_us(floor(running.ideal_ns(steps)) // 1_000 + offset_ms * 1_000)
        stall_until_ns = pico.now_ns + stall_ms * 1_000_000
        pico.stall(stall_ms)
        steps = ceil((stall_until_ns + BACK_NS - running.begun_ns) / running.period_ns) + 2
        back |= {steps - 1, steps - 2}
        running.until_between(steps)
    return steps, running.late_ns(), back


@pytest.mark.parametrize("stall_ms", [45, 400])
def test_a_held_core_loses_no_step_and_its_lateness_does_not_add_up(
    at_rate: Running, stall_ms: int
) -> None:
    plant = at_rate.bed.plant
    before = plant.snapshot()["forward_steps"]
    steps, late_ns, back = held(at_rate, stall_ms)
    assert len(late_ns) == steps
    assert all(abs(late_ns[number]) <= LATE_NS_MAX for number in back)
    assert max(late_ns) > stall_ms * 1_000_000 // 2, "a step was due while the core was held"
    assert max(late_ns) <= stall_ms * 1_000_000 + WAITS_NS_MAX
    assert min(late_ns) >= -LATE_NS_MAX
    assert plant.snapshot()["forward_steps"] - before == steps, "the motor took each of them"
    assert not any(row["active"] for row in at_rate.bed.ask(schema.ALARMS)["alarms"])


def test_the_driver_sees_pulses_and_levels_as_long_as_its_datasheet_wants(
    at_rate: Running, track: Track
) -> None:
    at_rate.start(24_000_000)
    at_rate.until_between(30)
    rises = track.step.to(1)
    falls = track.step.to(0)
    assert len(rises) == len(falls) >= 30
    assert min(fall - rise for rise, fall in zip(rises, falls)) >= PULSE_NS_MIN
    assert min(rise - fall for fall, rise in zip(falls, rises[1:])) >= PULSE_NS_MIN
    enabled = track.enable
    for rise, fall in zip(rises, falls):
        assert max(t_ns for t_ns, _ in enabled.all if t_ns <= fall) <= rise - STANDS_NS_MIN
        assert [level for t_ns, level in enabled.all if t_ns <= rise][-1] == 0
    assert not track.dir.all, "DIR has stood since the firmware took its pins"
