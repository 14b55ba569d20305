"""The magnet: three seconds open the window, less do not, wherever the loop's sleep stands."""

import pytest

from protocol.wire import schema
from tests.pumps import Bed

EPOCH_MS = 90_000_000  # of the pump's clock, where it moves back by a day
SLICE_MS = 250  # of the loop's sleep: so late may an edge be seen

PHASES = range(0, SLICE_MS, 50)


def held(bed: Bed, ms: int) -> int:
    """Seconds of window, after the magnet was there for exactly so long."""
    bed.plant.magnet(True)
    bed.world.at(bed.world.now_us + ms * 1_000, lambda _: bed.plant.magnet(False))
    bed.run(ms=ms + SLICE_MS)
    return int(bed.pump.magnet.window_s(bed.pump.clock.read()))


@pytest.mark.parametrize("phase_ms", PHASES)
def test_less_than_three_seconds_open_nothing(phase_ms: int) -> None:
    bed = Bed()
    bed.run(ms=2_000 + phase_ms)
    assert held(bed, 2_990) == 0
    assert held(bed, 2_990) == 0, "two short times do not add up"


@pytest.mark.parametrize("phase_ms", PHASES)
def test_three_seconds_and_a_slice_of_the_loop_open_the_window(phase_ms: int) -> None:
    bed = Bed()
    bed.run(ms=2_000 + phase_ms)
    assert held(bed, 3_000 + SLICE_MS + 100) >= 299


def test_the_window_closes_after_five_minutes_also_where_the_clock_moves_its_epoch() -> None:
    bed = Bed()
    bed.run(ms=EPOCH_MS - 60_000)
    assert held(bed, 3_400) >= 299
    bed.run(minutes=4.5)
    assert 0 < bed.status()["window_s"] <= 30
    bed.run(minutes=1)
    assert bed.status()["window_s"] == 0


def test_a_magnet_that_is_there_while_the_clock_moves_its_epoch_opens_after_three_seconds() -> (
    None
):
    bed = Bed()
    bed.run(ms=EPOCH_MS - bed.pump.clock.read() - 1_500)
    bed.plant.magnet(True)
    bed.run(ms=2_500)
    assert bed.pump.magnet.window_s(bed.pump.clock.read()) == 0
    bed.run(ms=1_000)
    assert bed.pump.magnet.window_s(bed.pump.clock.read()) >= 299
    assert bed.state == schema.UNCOMMISSIONED
