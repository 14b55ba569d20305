"""The self-test after power-on: each thing that can be broken is found before a step is made."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from emulator.world import World
from firmware import self_test
from firmware.pins import BUZZER, EN, LED, LEVEL, PRESSURE, SUPPLY
from protocol.wire import schema
from tests.fault.test_restore import after_a_power_failure, waiting
from tests.pumps import Bed


def stuck(gpio: int, level: int):  # type: ignore[no-untyped-def]
    """A pin that reads so whatever is done to it."""

    def before(world: World) -> None:
        pin_type = world.chip.Pin
        make = pin_type.__call__

        class Pins:
            def __getattr__(self, name: str) -> object:
                return getattr(pin_type, name)

            def __call__(self, number: int, *args: object, **kwargs: object) -> object:
                pin = make(number, *args, **kwargs)
                if number == gpio and args:
                    return Stuck(pin, level)
                return pin

        world.chip.Pin = Pins()

    return before


class Stuck:
    def __init__(self, pin: object, level: int) -> None:
        self._pin = pin
        self._level = level

    def value(self, *args: int) -> "int | None":
        return None if args else self._level


@pytest.mark.parametrize(
    ("test", "gpio", "code"),
    [
        (schema.TEST_PRESSURE_SENSOR, PRESSURE, 0),
        (schema.TEST_PRESSURE_SENSOR, PRESSURE, 4_095),
        (schema.TEST_LEVEL_SENSOR, LEVEL, 4_095),
    ],
)
def test_a_sensor_out_of_range_is_told_and_holds_therapy(test: int, gpio: int, code: int) -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.run(minutes=1)
    bed.world.power_cut()
    bed.world.chip.outside.adc(gpio, lambda: code)
    bed.world.power_on()
    steps = len(bed.steps)
    bed.run(minutes=10)
    assert (bed.state, len(bed.steps)) == (schema.HELD, steps)
    (row,) = [
        one for one in bed.ask(schema.ALARMS)["alarms"] if one["alarm"] == schema.SELF_TEST_FAILED
    ]
    assert row["value"] == 1 << test
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.SELF_TEST_FAILED)
    assert bed.state == schema.HELD, "it is still broken"


@pytest.mark.parametrize("stuck_at", [0x01, 0x80, 0xFE])
def test_memory_that_does_not_hold_is_told_and_holds_therapy(
    stuck_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cell: a bit that stays set, or all but one that stay clear."""
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.world.power_cut()

    class Bad(bytearray):
        def __iter__(self) -> Iterator[int]:
            for at in range(len(self)):
                value = self[at]
                yield (value | stuck_at) & (stuck_at | 1) if at == 700 else value

    monkeypatch.setattr(self_test, "bytearray", Bad, raising=False)
    bed.world.power_on()
    bed.run(s=2)
    assert bed.state == schema.HELD
    assert bed.pump.alarms.table[schema.SELF_TEST_FAILED].value == 1 << schema.TEST_MEMORY


@pytest.mark.parametrize(
    ("test", "gpio", "level"),
    [
        (schema.TEST_MOTOR_CIRCUIT, SUPPLY, 1),
        (schema.TEST_MOTOR_CIRCUIT, EN, 0),
        (schema.TEST_ALARM_LIGHT, LED, 0),
        (schema.TEST_ALARM_LIGHT, LED, 1),
        (schema.TEST_BUZZER, BUZZER, 0),
        (schema.TEST_BUZZER, BUZZER, 1),
    ],
)
def test_an_output_that_does_not_answer_is_told(test: int, gpio: int, level: int) -> None:
    bed = Bed(before=stuck(gpio, level))
    bed.run(s=1)
    assert "SELF_TEST_FAILED" in waiting(bed)
    (row,) = bed.ask(schema.ALARMS)["alarms"]
    assert row["value"] == 1 << test


def _stopped() -> None:
    raise OSError(5)


@pytest.mark.parametrize(
    "datetime",
    [lambda: (2021, 1, 1, 4, 24, 0, 0, 0), lambda: (2021, 1, 1, 4, -1, 0, 0, 0), _stopped],
    ids=["24 h", "-1 h", "an error"],
)
def test_a_clock_that_tells_no_time_of_day_is_told(datetime: Callable[[], object]) -> None:
    """And the pump starts: an alarm that nobody hears would be none."""

    def before(world: World) -> None:
        world.chip.RTC = lambda: SimpleNamespace(datetime=datetime)

    bed = Bed(before=before)
    bed.run(s=20)
    told = {one["alarm"]: one["value"] for one in bed.ask(schema.ALARMS)["alarms"]}
    assert told[schema.SELF_TEST_FAILED] == 1 << schema.TEST_CLOCK
    assert schema.CLOCK_DISAGREES in told, "it stands"
    assert bed.state == schema.UNCOMMISSIONED
    assert len(bed.world.resets) == 0


def test_a_mended_sensor_lets_therapy_go_on_once_acknowledged() -> None:
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.world.power_cut()
    bed.world.chip.outside.adc(PRESSURE, lambda: 0)
    bed.world.power_on()
    bed.run(s=2)
    assert bed.state == schema.HELD
    bed.world.chip.outside.adc(PRESSURE, lambda: 410)
    after_a_power_failure(bed)
    assert bed.state == schema.HELD
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.SELF_TEST_FAILED)
    assert bed.state == schema.RUNNING


def test_a_healthy_pump_passes() -> None:
    bed = Bed()
    bed.run(s=1)
    assert not waiting(bed)
