"""Geometry against the figures derived independently: Poiseuille, compliance, dead volume."""

from math import pi

import pytest

from emulator.plant import constants
from emulator.plant.tube import Tube, resistance_pa_s_m3

M3_S_PER_ML_DAY = 1e-6 / 86_400


def test_resistance_follows_hagen_and_poiseuille() -> None:
    by_hand = 8 * 0.69e-3 * 0.89 / (pi * 0.265e-3**4)
    assert resistance_pa_s_m3(890, 0.53) == pytest.approx(by_hand, rel=1e-12)
    assert by_hand == pytest.approx(3.2e11, rel=0.01)


def test_resistance_of_the_110_cm_catheter_of_another_maker() -> None:
    bore_mm = 2 * (0.0026e-6 / 1e-2 / pi) ** 0.5 * 1e3  # from 0.0026 mL/cm
    assert bore_mm == pytest.approx(0.575, abs=5e-4)
    assert resistance_pa_s_m3(1_100, bore_mm) == pytest.approx(2.8e11, rel=0.02)


def test_pressure_drop_at_1_ml_day_is_next_to_nothing() -> None:
    drop_pa = resistance_pa_s_m3(890, 0.53) * M3_S_PER_ML_DAY
    assert drop_pa / constants.MMHG_PA == pytest.approx(0.028, abs=0.001)


def test_conductance_of_the_open_tube_is_one_over_its_resistance() -> None:
    tube = Tube()
    flow_nl_us = tube.conductance_nl_us_pa(0.0) * 1_000
    assert flow_nl_us == pytest.approx(1_000 / resistance_pa_s_m3(890, 0.53) * 1e6, rel=1e-12)


@pytest.mark.parametrize(("modulus_pa", "expected_nl_kpa"), [(6e6, 120), (3e6, 240), (2e6, 360)])
def test_compliance_over_the_moduli_of_silicone(modulus_pa: float, expected_nl_kpa: float) -> None:
    assert Tube(modulus_pa=modulus_pa).compliance_nl_pa * 1e3 == pytest.approx(
        expected_nl_kpa, rel=0.005
    )


def test_dead_volume_of_an_untrimmed_catheter() -> None:
    assert Tube().volume_nl == pytest.approx(196_000, rel=0.002)
    assert constants.TUBING_NL + Tube().volume_nl == pytest.approx(336_000, rel=0.002)


@pytest.mark.parametrize(
    ("gap_um", "ml_day", "low_kpa", "high_kpa"),
    [(15, 0.3, 9, 11), (10, 0.3, 45, 55), (15, 1.0, 30, 36)],
)
def test_kink_matters_only_at_gaps_of_10_to_15_um(
    gap_um: float, ml_day: float, low_kpa: float, high_kpa: float
) -> None:
    kink = 1 - gap_um / 530
    flow_nl_us = ml_day * 1e6 / 86_400e6
    drop_kpa = flow_nl_us / Tube().conductance_nl_us_pa(kink) / 1e3
    assert low_kpa < drop_kpa < high_kpa


def test_a_leak_to_ambient_pressure_would_drain_the_spinal_fluid() -> None:
    flow_nl_us = constants.CSF_SUPINE_PA * Tube().open_nl_us_pa
    assert flow_nl_us * 86_400e6 / 1e6 == pytest.approx(385, rel=0.01)


def test_figures_in_the_docstring_of_the_kink() -> None:
    flow_nl_us = 1e6 / 86_400e6
    tube = Tube()
    open_pa = flow_nl_us / tube.open_nl_us_pa
    assert flow_nl_us / tube.conductance_nl_us_pa(0.9) - open_pa == pytest.approx(210, rel=0.03)
    assert flow_nl_us / tube.conductance_nl_us_pa(0.97) == pytest.approx(25_000, rel=0.03)


def test_conductance_falls_steadily_from_open_to_shut() -> None:
    tube = Tube()
    values = [tube.conductance_nl_us_pa(i / 100) for i in range(101)]
    assert values[0] == pytest.approx(tube.open_nl_us_pa, rel=1e-12)
    assert all(more > less for more, less in zip(values, values[1:]))
    assert values[100] == 0.0


@pytest.mark.parametrize("wrong", [{"length_mm": 99}, {"length_mm": 1_101}, {"modulus_pa": 1e6}])
def test_impossible_tube_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="possible are"):
        Tube(**wrong)
