"""A blocked catheter: how long until it is seen, what it stores, what a release lets go."""

import pytest

from emulator.plant import constants
from emulator.plant.hydraulics import Hydraulics

DAY_US = 86_400_000_000


def pump_until(fluid: Hydraulics, rate_nl_day: float, rise_pa: float) -> int:
    """Pump from instant 0 until the pressure has risen so much; returns the instant in us."""
    period_us = round(DAY_US * fluid.head.step_nl / rate_nl_day)
    start_pa = fluid.catheter.pressure_pa
    t_us = 0
    while fluid.catheter.pressure_pa - start_pa < rise_pa:
        t_us += period_us
        fluid.advance(t_us)
        fluid.turn(1)
    return t_us


@pytest.mark.parametrize(
    ("ml_day", "rise_kpa", "minutes"),
    [
        (0.3, 50, 58),
        (1.0, 50, 17),
        (0.048, 50, 6 * 60),
        (0.3, 100, 115),
        (1.0, 100, 35),
        (0.048, 100, 12 * 60),
    ],
)
def test_full_block_is_seen_after_the_derived_time(
    ml_day: float, rise_kpa: float, minutes: float
) -> None:
    fluid = Hydraulics()
    fluid.kink(0, 1.0)
    seen_us = pump_until(fluid, ml_day * 1e6, rise_kpa * 1e3)
    assert seen_us / 60e6 == pytest.approx(minutes, rel=0.025)


@pytest.mark.parametrize(("modulus_pa", "minutes"), [(6e6, 29), (2e6, 86)])
def test_stiffness_of_the_catheter_sets_the_time(modulus_pa: float, minutes: float) -> None:
    fluid = Hydraulics(modulus_pa=modulus_pa)
    fluid.kink(0, 1.0)
    assert pump_until(fluid, 300_000, 50_000) / 60e6 == pytest.approx(minutes, rel=0.03)


@pytest.mark.parametrize(("rise_kpa", "stored_nl"), [(50, 12_000), (100, 24_000), (200, 48_000)])
def test_block_stores_and_release_lets_go_the_derived_volume(
    rise_kpa: float, stored_nl: float
) -> None:
    fluid = Hydraulics()
    fluid.kink(0, 1.0)
    t_us = pump_until(fluid, 1_000_000, rise_kpa * 1e3)
    arrived_nl = fluid.catheter.tip_nl
    released_nl = fluid.release(t_us)
    fluid.advance(t_us + 1_000_000)
    assert released_nl == pytest.approx(stored_nl, rel=0.01)
    assert fluid.catheter.tip_nl - arrived_nl == pytest.approx(released_nl, rel=1e-4)
    assert fluid.catheter.stored_nl() < 0.1
    assert fluid.ledger.released_nl == released_nl


def test_nothing_arrives_through_a_full_block() -> None:
    fluid = Hydraulics()
    fluid.kink(0, 1.0)
    pump_until(fluid, 1_000_000, 100_000)
    assert fluid.catheter.tip_nl == 0.0


def test_release_of_an_open_catheter_lets_nothing_go() -> None:
    fluid = Hydraulics()
    fluid.turn(1)
    assert fluid.release(1_000) == 0.0


def test_a_half_closed_bore_is_not_seen_at_all() -> None:
    fluid = Hydraulics()
    fluid.kink(0, 0.5)
    period_us = round(DAY_US * fluid.head.step_nl / 1e6)
    for i in range(1, 2_000):
        fluid.advance(i * period_us)
        fluid.turn(1)
    assert fluid.catheter.pressure_pa < constants.CSF_SUPINE_PA + 250


def test_block_holds_its_pressure_while_the_pump_waits() -> None:
    fluid = Hydraulics()
    fluid.kink(0, 1.0)
    t_us = pump_until(fluid, 1_000_000, 50_000)
    before_pa = fluid.catheter.pressure_pa
    fluid.advance(t_us + DAY_US // 24)
    assert 0.99 * before_pa < fluid.catheter.pressure_pa < before_pa


def test_motor_gives_up_above_300_kpa() -> None:
    fluid = Hydraulics()
    fluid.kink(0, 1.0)
    t_us = 0
    while fluid.load_unm(1) <= constants.PULL_OUT_TORQUE_UNM:
        t_us += 200_000
        fluid.advance(t_us)
        fluid.turn(1)
    assert 300_000 < fluid.catheter.pressure_pa < 345_000
    assert fluid.load_unm(-1) < constants.PULL_OUT_TORQUE_UNM
