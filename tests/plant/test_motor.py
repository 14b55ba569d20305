"""A step is made when everything is there for it, and lost when one thing is not."""

import pytest

from emulator.generator import Random
from emulator.plant import constants
from emulator.plant.motor import Motor

LIGHT_UNM = constants.SQUEEZE_TORQUE_UNM


def ready_motor() -> Motor:
    motor = Motor(Random(1).u16)
    motor.set_supply(True, 0)
    motor.set_enable(True, 0)
    return motor


def test_step_is_made_when_enabled_supplied_settled_and_strong_enough() -> None:
    motor = ready_motor()
    assert motor.step(20_000, LIGHT_UNM)
    assert motor.lost_steps == 0


def test_step_without_enable_is_lost() -> None:
    motor = ready_motor()
    motor.set_enable(False, 10_000)
    assert not motor.step(20_000, LIGHT_UNM)
    assert motor.lost_steps == 1


def test_step_without_supply_is_lost() -> None:
    motor = ready_motor()
    motor.set_supply(False, 10_000)
    assert not motor.step(20_000, LIGHT_UNM)


def test_order_of_enable_and_supply_does_not_matter() -> None:
    motor = Motor(Random(1).u16)
    motor.set_enable(True, 0)
    motor.set_supply(True, 0)
    assert motor.step(20_000, LIGHT_UNM)


@pytest.mark.parametrize(("t_us", "moves"), [(1_999, False), (2_000, True)])
def test_rotor_needs_2_ms_on_its_detent_before_the_first_step(t_us: int, moves: bool) -> None:
    assert ready_motor().step(t_us, LIGHT_UNM) is moves


@pytest.mark.parametrize(("t_us", "moves"), [(29_999, False), (30_000, True)])
def test_step_before_the_rotor_has_settled_is_lost(t_us: int, moves: bool) -> None:
    motor = ready_motor()
    motor.step(20_000, LIGHT_UNM)
    assert motor.step(t_us, LIGHT_UNM) is moves


def test_step_above_the_pull_out_torque_is_lost_and_one_below_it_is_not() -> None:
    motor = ready_motor()
    assert motor.step(20_000, constants.PULL_OUT_TORQUE_UNM)
    assert not motor.step(40_000, constants.PULL_OUT_TORQUE_UNM + 0.1)


def test_stalled_motor_moves_for_nobody() -> None:
    motor = ready_motor()
    motor.stalled = True
    assert not motor.step(20_000, LIGHT_UNM)
    assert not motor.step_unasked(40_000, LIGHT_UNM)
    assert (motor.lost_steps, motor.unasked_steps) == (2, 0)


def test_unasked_step_needs_the_supply_but_no_enable() -> None:
    motor = ready_motor()
    motor.set_enable(False, 0)
    assert motor.step_unasked(20_000, LIGHT_UNM)
    motor.set_supply(False, 30_000)
    assert not motor.step_unasked(40_000, LIGHT_UNM)
    assert motor.unasked_steps == 1


@pytest.mark.parametrize("fraction", [0.1, 0.5, 0.9])
def test_slipping_loses_about_its_fraction(fraction: float) -> None:
    motor = ready_motor()
    motor.set_slip(fraction)
    for i in range(4_000):
        motor.step(20_000 * (i + 1), LIGHT_UNM)
    sd = (fraction * (1 - fraction) * 4_000) ** 0.5
    assert abs(motor.lost_steps - 4_000 * fraction) < 4 * sd


@pytest.mark.parametrize(("fraction", "lost"), [(0.0, 0), (1.0, 100)])
def test_slipping_by_nothing_loses_no_step_and_by_all_every_one(
    fraction: float, lost: int
) -> None:
    motor = ready_motor()
    motor.set_slip(fraction)
    for i in range(100):
        motor.step(20_000 * (i + 1), LIGHT_UNM)
    assert motor.lost_steps == lost


def test_impossible_slip_is_refused() -> None:
    with pytest.raises(ValueError, match="slipping"):
        ready_motor().set_slip(1.01)
