"""Encoder in quadrature; analogue sensors: scale, noise, drift, clipping."""

from collections import Counter
from collections.abc import Callable
from statistics import fmean, pstdev

import pytest

from emulator.generator import Random
from emulator.plant import constants
from emulator.plant.constants import SensorRow
from emulator.plant.sensors import AnalogueSensor, Encoder

ROWS = [constants.PRESSURE_SENSOR, constants.LEVEL_SENSOR]
IDS = ["pressure", "level"]


@pytest.mark.parametrize(("direction", "b_at_rise"), [(1, 0), (-1, 1)])
def test_a_step_is_a_rise_and_a_fall_of_a_within_10_ms_and_b_tells_the_direction(
    direction: int, b_at_rise: int
) -> None:
    encoder = Encoder()
    encoder.turn(1_000, direction)
    assert 1_000 < encoder.rise_us < encoder.fall_us <= 11_000
    assert encoder.level_b(encoder.rise_us) == b_at_rise
    assert encoder.level_b(encoder.fall_us) == 1 - b_at_rise


@pytest.mark.parametrize("direction", [1, -1])
def test_channels_never_change_at_the_same_instant(direction: int) -> None:
    encoder = Encoder()
    encoder.turn(0, direction)
    seen = [(encoder.level_a(t_us), encoder.level_b(t_us)) for t_us in range(0, 12_000, 100)]
    changes = [(a, b) for a, b in zip(seen, seen[1:]) if a != b]
    assert len(changes) == 4
    assert all((a[0] != b[0]) != (a[1] != b[1]) for a, b in changes)
    assert seen[0] == seen[-1] == (0, 0)


def test_encoder_at_rest_is_low() -> None:
    encoder = Encoder()
    assert (encoder.level_a(0), encoder.level_b(0)) == (0, 0)


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_reading_without_noise_is_the_nearest_code(row: SensorRow) -> None:
    sensor = AnalogueSensor(row)
    for code in (0, 1, 1_000, 4_094, 4_095):
        for off in (-0.49, 0.0, 0.49):
            assert sensor.read(row.zero + (code + off) * row.code) == code


@pytest.mark.parametrize("row", ROWS, ids=IDS)
@pytest.mark.parametrize("random", [None, Random(1).u16], ids=["silent", "noisy"])
def test_reading_is_clipped_at_both_ends(row: SensorRow, random: Callable[[], int] | None) -> None:
    sensor = AnalogueSensor(row, random)
    low, high = row.zero - 100 * row.code, row.zero + 5_000 * row.code
    assert {sensor.read(low) for _ in range(100)} == {0}
    assert {sensor.read(high) for _ in range(100)} == {4_095}


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_noise_has_the_spread_and_the_bound_of_the_table(row: SensorRow) -> None:
    sensor = AnalogueSensor(row, Random(3).u16)
    codes = [sensor.read(row.zero + 2_000 * row.code) - 2_000 for _ in range(40_000)]
    sd_codes = row.noise_bits**0.5 / 2
    assert abs(fmean(codes)) < 4 * sd_codes / 40_000**0.5
    assert pstdev(codes) == pytest.approx(sd_codes, rel=0.02)
    assert (min(codes), max(codes)) == (-row.noise_bits // 2, row.noise_bits // 2)


def test_noise_is_binomial() -> None:
    sensor = AnalogueSensor(constants.PRESSURE_SENSOR, Random(5).u16)
    counts = Counter(sensor.read(0.0) for _ in range(16_000))
    nearest = AnalogueSensor(constants.PRESSURE_SENSOR).read(0.0)
    for offset, of_16 in ((-2, 1), (-1, 4), (0, 6), (1, 4), (2, 1)):
        assert counts[nearest + offset] / 1_000 == pytest.approx(of_16, abs=0.4)


def test_noise_does_not_correlate_from_reading_to_reading() -> None:
    sensor = AnalogueSensor(constants.LEVEL_SENSOR, Random(7).u16)
    codes = [sensor.read(10e6) for _ in range(20_000)]
    mean = fmean(codes)
    covariance = fmean((a - mean) * (b - mean) for a, b in zip(codes, codes[1:]))
    assert abs(covariance) / pstdev(codes) ** 2 < 4 / 20_000**0.5


def test_same_seed_same_noise() -> None:
    readings = []
    for _ in range(2):
        sensor = AnalogueSensor(constants.PRESSURE_SENSOR, Random(11).u16)
        readings.append([sensor.read(50_000.0) for _ in range(100)])
    assert readings[0] == readings[1]


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_fever_shifts_the_reading_by_the_drift_of_the_table(row: SensorRow) -> None:
    quantity = row.zero + 2_000 * row.code
    hot = AnalogueSensor(row, body_c=42.0).read(quantity)
    assert hot == int(2_000 + 5 * row.drift / row.code + 0.5)


def test_impossible_body_is_refused() -> None:
    with pytest.raises(ValueError, match="body temperature"):
        AnalogueSensor(constants.PRESSURE_SENSOR, body_c=20.0)
