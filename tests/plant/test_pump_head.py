"""Geometry to volume, pressure to torque."""

from math import pi

import pytest

from emulator.plant import constants
from emulator.plant.pump_head import PumpHead, step_volume_nl


def test_geometry_gives_50_nl_a_step() -> None:
    by_hand_mm3 = pi * 0.25**2 * (2 * pi * 8.106) / 200
    assert step_volume_nl() == pytest.approx(by_hand_mm3 * 1e3, rel=1e-12)
    assert step_volume_nl() == pytest.approx(50.0, rel=1e-4)


def test_tolerance_scales_the_step_and_its_torque() -> None:
    exact, wide = PumpHead(), PumpHead(1.145)
    assert wide.step_nl == pytest.approx(1.145 * exact.step_nl)
    pressure_part = [head.load_unm(1, 1e5) - head.load_unm(1, 0.0) for head in (exact, wide)]
    assert pressure_part[1] == pytest.approx(1.145 * pressure_part[0])


def test_torque_does_the_work_of_moving_a_step_against_the_pressure() -> None:
    head = PumpHead()
    torque_nm = (head.load_unm(1, 1e5) - constants.SQUEEZE_TORQUE_UNM) * 1e-6
    assert torque_nm * 2 * pi / 200 == pytest.approx(1e5 * head.step_nl * 1e-12, rel=1e-12)
    assert torque_nm * 1e6 / 100 == pytest.approx(1.59, abs=0.005)


def test_pressure_helps_backward() -> None:
    head = PumpHead()
    assert head.load_unm(-1, 1e5) < constants.SQUEEZE_TORQUE_UNM < head.load_unm(1, 1e5)


def test_stall_pressure_is_where_the_load_meets_the_motor() -> None:
    head = PumpHead()
    stall_pa = head.stall_pa()
    assert head.load_unm(1, stall_pa) == pytest.approx(constants.PULL_OUT_TORQUE_UNM)
    assert stall_pa == pytest.approx(346_000, rel=0.002)
    assert stall_pa + constants.PROPELLANT_PA > 300_000


def test_steps_are_booked_by_direction_and_volume() -> None:
    head = PumpHead()
    head.book(1, head.step_nl)
    head.book(1, 10.0)
    head.book(-1, head.step_nl)
    assert (head.forward_steps, head.backward_steps, head.dry_steps) == (2, 1, 1)
    assert head.moved_nl == pytest.approx(10.0)


@pytest.mark.parametrize("tolerance", [0.49, 1.51, float("nan")])
def test_impossible_tolerance_is_refused(tolerance: float) -> None:
    with pytest.raises(ValueError, match="tolerance"):
        PumpHead(tolerance)
