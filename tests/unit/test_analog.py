"""ADC and PWM."""

from functools import partial
from typing import Any

import pytest

from emulator import kinds
from emulator.stops import OutsideError
from emulator.world import World

BUZZER = 9


@pytest.mark.parametrize("number", [0, 26])
def test_twelve_bits_are_spread_over_sixteen(number: int) -> None:
    chip = World().chip
    codes = [0, 1, 2_048, 4_095]
    chip.outside.adc(26, lambda: codes.pop(0))
    adc = chip.ADC(number)
    assert [adc.read_u16() for _ in range(4)] == [0, 16, 32_776, 65_535]


def test_a_channel_is_found_by_pin_number_and_channel() -> None:
    chip = World().chip
    for gpio in range(26, 30):
        chip.outside.adc(gpio, partial(int, gpio))
        for name in (gpio, gpio - 26, chip.Pin(gpio)):
            assert chip.ADC(name).read_u16() >> 4 == gpio


def test_an_open_input_reads_0_and_the_core_is_at_room_temperature() -> None:
    chip = World().chip
    assert chip.ADC(27).read_u16() == 0
    code = chip.ADC(chip.ADC.CORE_TEMP).read_u16() >> 4
    assert 26 < 27 - (code * 3.3 / 4096 - 0.706) / 0.001721 < 28  # RP2040 datasheet, 4.9.5


@pytest.mark.parametrize("wrong", [5, 25, 30, -1, 26.0, "26"])
def test_what_is_no_channel_is_refused(wrong: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        World().chip.ADC(wrong)


def test_a_pin_without_converter_is_refused() -> None:
    chip = World().chip
    with pytest.raises(ValueError, match="ADC capabilities"):
        chip.ADC(chip.Pin(2))


def test_a_source_beyond_twelve_bits_is_an_error_outside() -> None:
    chip = World().chip
    chip.outside.adc(26, lambda: 4_096)
    with pytest.raises(OutsideError, match="channel 0"):
        chip.ADC(26).read_u16()


def test_conversions_are_recorded_as_read() -> None:
    chip = World().chip
    seen: list[tuple[int, int, int]] = []
    chip.outside.record_inputs(lambda *what: seen.append(what))
    chip.outside.adc(27, lambda: 77)
    chip.ADC(27).read_u16()
    assert seen == [(kinds.ADC_IN, 27, 77)]


def test_pulses_run_when_frequency_and_duty_are_known() -> None:
    chip = World().chip
    pwm = chip.PWM(chip.Pin(BUZZER))
    assert (chip.outside.pwm(BUZZER), pwm.freq(), pwm.duty_u16()) == (None, 0, 0)
    pwm.freq(2_000)
    assert chip.outside.pwm(BUZZER) is None
    pwm.duty_u16(32_768)
    assert chip.outside.pwm(BUZZER) == (2_000, 32_768)
    pwm.deinit()
    assert chip.outside.pwm(BUZZER) is None
    pwm.duty_u16(1)
    assert chip.outside.pwm(BUZZER) == (2_000, 1)
    chip.Pin(BUZZER, chip.Pin.OUT, value=0)
    assert chip.outside.pwm(BUZZER) is None


@pytest.mark.parametrize("freq_hz", [8, 9, 100, 750, 1_000, 1_907, 1_908, 20_000, 1_000_000])
def test_the_frequency_is_as_exact_as_the_divider(freq_hz: int) -> None:
    chip = World().chip
    pwm = chip.PWM(BUZZER, freq=freq_hz, duty_u16=1)
    assert pwm.freq() == pytest.approx(freq_hz, rel=1e-3)


@pytest.mark.parametrize("freq_hz", [0, -1, 1, 7, 62_500_001])
def test_a_frequency_beyond_the_divider_is_refused(freq_hz: int) -> None:
    with pytest.raises(ValueError, match="freq too"):
        World().chip.PWM(BUZZER, freq=freq_hz)


def test_pins_of_a_slice_share_the_frequency() -> None:
    chip = World().chip
    first = chip.PWM(8, freq=1_000, duty_u16=1)
    chip.PWM(9, freq=500, duty_u16=1)
    assert first.freq() == 500


def test_a_duty_beyond_the_period_is_the_whole_of_it_and_below_0_is_refused() -> None:
    chip = World().chip
    pwm = chip.PWM(BUZZER, freq=1_000, duty_u16=70_000)
    assert chip.outside.pwm(BUZZER) == (1_000, 65_535)
    with pytest.raises(ValueError, match="negative"):
        pwm.duty_u16(-1)


def test_every_change_of_the_pulses_is_recorded() -> None:
    chip = World().chip
    seen: list[tuple[int, int, int]] = []
    chip.outside.record(lambda *what: seen.append(what))
    chip.PWM(BUZZER, freq=1_000, duty_u16=5).deinit()
    assert seen == [
        (kinds.PWM_FREQ, BUZZER, 1_000),
        (kinds.PWM_DUTY, BUZZER, 5),
        (kinds.PWM_DUTY, BUZZER, 0),
    ]
