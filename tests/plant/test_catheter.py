"""The elastic path: closed form against small steps, pulses, leaks, and the drug on its way."""

from math import exp

import pytest

from emulator.plant import constants
from emulator.plant.catheter import Catheter
from emulator.plant.tube import Tube

STEP_NL = 50.0
COMPLIANCE_NL_PA = Tube().compliance_nl_pa
DAY_US = 86_400_000_000
OPEN_TAU_US = 76_150  # 0.2401 uL/kPa x 3.171e11 Pa s/m3


def pump(catheter: Catheter, rate_nl_day: int, start_us: int, days: float) -> int:
    """Steps of 50 nL at a rate; returns the last instant."""
    period_us = round(DAY_US * STEP_NL / rate_nl_day)
    t_us = start_us
    for _ in range(round(days * DAY_US / period_us)):
        t_us += period_us
        catheter.advance(t_us)
        catheter.push(STEP_NL)
    return t_us


def test_starts_at_rest_with_the_spinal_fluid() -> None:
    catheter = Catheter()
    catheter.advance(DAY_US)
    assert catheter.pressure_pa == pytest.approx(constants.CSF_SUPINE_PA, abs=1e-3)
    assert catheter.stored_nl() == pytest.approx(0.0, abs=1e-3)


def test_a_step_is_a_pulse_of_208_pa_that_decays_with_76_ms() -> None:
    catheter = Catheter()
    rest_pa = catheter.pressure_pa
    catheter.push(STEP_NL)
    assert catheter.pressure_pa - rest_pa == pytest.approx(208, abs=0.5)
    catheter.advance(OPEN_TAU_US)
    assert catheter.pressure_pa - rest_pa == pytest.approx(208.2 / exp(1), rel=1e-3)
    catheter.advance(500_000)
    assert catheter.pressure_pa - rest_pa < 1.0


@pytest.mark.parametrize("kink", [0.0, 0.95, 0.98, 1.0])
@pytest.mark.parametrize("leak", [0.0, 0.3])
def test_closed_form_agrees_with_small_steps_of_the_differential_equation(
    kink: float, leak: float
) -> None:
    catheter = Catheter(csf_pa=1_400.0, inlet_pa=-7_000.0)
    catheter.set_kink(kink)
    catheter.set_leak(leak)
    catheter.push(5_000.0)
    tip_nl_us = Tube().conductance_nl_us_pa(kink)
    leak_nl_us = Tube().open_nl_us_pa * leak / (1 - leak)
    back_nl_us = constants.HEAD_LEAK_NL_DAY_KPA / 86_400e9
    pressure_pa, flows_nl = catheter.pressure_pa, [0.0, 0.0, 0.0]
    for _ in range(100_000):
        over_csf_pa, over_inlet_pa = pressure_pa - 1_400.0, pressure_pa + 7_000.0
        for i, flow in enumerate(
            (tip_nl_us * over_csf_pa, leak_nl_us * over_csf_pa, back_nl_us * over_inlet_pa)
        ):
            flows_nl[i] += flow
            pressure_pa -= flow / COMPLIANCE_NL_PA
    catheter.advance(100_000)
    assert catheter.pressure_pa == pytest.approx(pressure_pa, rel=1e-4)
    assert [catheter.tip_nl, catheter.leaked_nl, catheter.returned_nl] == pytest.approx(
        flows_nl, rel=1e-4
    )


@pytest.mark.parametrize("kink", [0.0, 0.97, 1.0])
def test_looking_often_changes_nothing(kink: float) -> None:
    once, often = Catheter(), Catheter()
    for catheter in (once, often):
        catheter.set_kink(kink)
        catheter.push(STEP_NL)
    for t_us in range(1_000, 300_001, 1_000):
        often.advance(t_us)
    once.advance(300_000)
    for name in ("pressure_pa", "tip_nl", "returned_nl"):
        assert getattr(often, name) == pytest.approx(getattr(once, name), rel=1e-10)


def test_what_is_pumped_steadily_arrives() -> None:
    catheter = Catheter()
    pump(catheter, 1_000_000, 0, 1)
    assert catheter.tip_nl == pytest.approx(1_000_000, rel=3e-4)


def test_the_head_lets_back_1_nl_a_minute_at_100_kpa() -> None:
    catheter = Catheter(inlet_pa=0.0, csf_pa=0.0)
    catheter.set_kink(1.0)
    catheter.push(100_000 * COMPLIANCE_NL_PA)
    assert catheter.advance(60_000_000) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_a_leak_takes_its_part_of_a_steady_flow(fraction: float) -> None:
    catheter = Catheter()
    catheter.set_leak(fraction)
    pump(catheter, 1_000_000, 0, 0.1)
    assert catheter.leaked_nl / 100_000 == pytest.approx(fraction, rel=2e-3)
    assert catheter.tip_nl / 100_000 == pytest.approx(1 - fraction, rel=2e-3)


def test_pulled_off_nothing_arrives() -> None:
    catheter = Catheter()
    catheter.set_leak(1.0)
    pump(catheter, 1_000_000, 0, 0.1)
    assert catheter.tip_nl == 0.0
    assert catheter.leaked_nl == pytest.approx(100_000, rel=1e-3)


def test_a_leak_hides_a_block() -> None:
    catheter = Catheter()
    catheter.set_kink(1.0)
    catheter.set_leak(0.1)
    pump(catheter, 1_000_000, 0, 0.5)
    assert catheter.pressure_pa < constants.CSF_SUPINE_PA + 2 * 208


@pytest.mark.parametrize(("rate_nl_day", "hours"), [(1_000_000, 8), (300_000, 27), (100_000, 81)])
def test_drug_needs_the_published_time_to_the_tip(rate_nl_day: int, hours: float) -> None:
    catheter = Catheter(front_nl=0.0)
    period_us = round(DAY_US * STEP_NL / rate_nl_day)
    t_us = 0
    while catheter.drug_nl() <= 0.0:
        t_us += period_us
        catheter.advance(t_us)
        catheter.push(STEP_NL)
    assert t_us / 3_600e6 == pytest.approx(hours, rel=0.015)
    assert catheter.tip_nl == pytest.approx(catheter.path_nl, abs=2 * STEP_NL)


def test_drug_and_carrier_are_told_apart_at_the_tip() -> None:
    catheter = Catheter(front_nl=0.0)
    pump(catheter, 1_000_000, 0, 1)
    assert catheter.front_nl() == catheter.path_nl
    assert catheter.tip_nl - catheter.drug_nl() == pytest.approx(catheter.path_nl, abs=0.01)


def test_a_leak_at_the_connector_lets_the_drug_pass_the_tubing_at_full_speed_only() -> None:
    catheter = Catheter(front_nl=0.0)
    catheter.set_leak(0.5)
    t_us = pump(catheter, 1_000_000, 0, 0.14)
    assert catheter.front_nl() == pytest.approx(constants.TUBING_NL, rel=2e-3)
    pump(catheter, 1_000_000, t_us, 0.1)
    assert catheter.front_nl() == pytest.approx(constants.TUBING_NL + 50_000, rel=3e-3)


def test_spinal_fluid_that_is_pressed_in_must_leave_before_more_drug_does() -> None:
    catheter = Catheter()
    catheter.set_csf(constants.CSF_SUPINE_PA + 5_000)  # a cough: 1.2 uL in and out again
    catheter.advance(1_000_000)
    assert catheter.tip_nl == pytest.approx(-1_200, rel=0.01)
    assert catheter.path_nl - catheter.front_nl() == pytest.approx(1_200, rel=0.01)
    catheter.set_csf(constants.CSF_SUPINE_PA)
    catheter.advance(3_000_000)
    assert catheter.tip_nl == pytest.approx(0.0, abs=0.01)
    assert catheter.drug_nl() == pytest.approx(0.0, abs=1e-9)


def test_time_does_not_go_back() -> None:
    catheter = Catheter(start_us=1_000)
    with pytest.raises(ValueError, match="go back by 1 us"):
        catheter.advance(999)


@pytest.mark.parametrize("change", ["set_kink", "set_leak"])
@pytest.mark.parametrize("fraction", [-0.01, 1.01, float("nan")])
def test_impossible_kink_or_leak_is_refused_and_changes_nothing(
    change: str, fraction: float
) -> None:
    catheter = Catheter()
    with pytest.raises(ValueError, match=r"possible are 0 \.\. 1"):
        getattr(catheter, change)(fraction)
    assert (catheter.kink, catheter.leak) == (0.0, 0.0)


def test_impossible_front_is_refused() -> None:
    with pytest.raises(ValueError, match="drug front"):
        Catheter(front_nl=400_000.0)
