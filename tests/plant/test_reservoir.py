"""What goes in, what comes out, and that nothing comes out of an empty one."""

import pytest

from emulator.plant.csf import POSTURES_PA, Csf
from emulator.plant.reservoir import Reservoir


def test_full_by_default() -> None:
    assert Reservoir().volume_nl == 20e6
    assert Reservoir(40e6).volume_nl == 40e6


def test_gives_what_is_wanted_until_the_residual_volume_then_nothing() -> None:
    reservoir = Reservoir(volume_nl=1_000_120.0, residual_nl=1_000_000.0)
    assert [reservoir.take(50.0) for _ in range(4)] == [50.0, 50.0, 20.0, 0.0]
    assert reservoir.volume_nl == 1_000_000.0


def test_refill_makes_an_empty_one_give_again() -> None:
    reservoir = Reservoir(volume_nl=1e6)
    assert reservoir.take(50.0) == 0.0
    reservoir.refill(19e6)
    assert reservoir.take(50.0) == 50.0
    assert reservoir.filled_nl == 20e6


def test_what_comes_back_can_be_drawn_again() -> None:
    reservoir = Reservoir(volume_nl=1e6)
    reservoir.give_back(50.0)
    assert reservoir.take(60.0) == 50.0


def test_overfilling_is_refused_and_changes_nothing() -> None:
    reservoir = Reservoir(volume_nl=18e6)
    for volume_nl in (2_000_001.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="refill"):
            reservoir.refill(volume_nl)
    assert reservoir.volume_nl == 18e6


@pytest.mark.parametrize(
    "wrong", [{"capacity_nl": 30e6}, {"volume_nl": 21e6}, {"residual_nl": -1}]
)
def test_impossible_reservoir_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="nL"):
        Reservoir(**wrong)


def test_spinal_fluid_takes_every_posture_and_no_impossible_pressure() -> None:
    csf = Csf()
    assert csf.pressure_pa == pytest.approx(1_413, abs=1)  # 10.6 mmHg
    for pressure_pa in POSTURES_PA.values():
        csf.set_pressure(pressure_pa)
        assert csf.pressure_pa == pressure_pa
    with pytest.raises(ValueError, match="spinal fluid"):
        csf.set_pressure(20_000.0)
    assert csf.pressure_pa == POSTURES_PA["upright"]
