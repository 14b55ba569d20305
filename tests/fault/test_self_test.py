"""The self-test after power-on: each thing that can be broken is found before a step is made."""

from collections.abc import Callable
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
    supplied: list[int] = []
    bed.world.chip.outside.listen(SUPPLY, supplied.append)
    bed.world.power_on()
    bed.run(minutes=10)
    assert bed.state == schema.HELD
    assert not any(supplied), "the motor has no power meanwhile"
    (row,) = [
        one for one in bed.ask(schema.ALARMS)["alarms"] if one["alarm"] == schema.SELF_TEST_FAILED
    ]
    assert row["value"] == 1 << test
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.SELF_TEST_FAILED)
    assert bed.state == schema.HELD, "it is still broken"


PIECES = 40  # of the memory that is free on a small board


class Heap:
    """What stands for `bytearray` in the self-test: memory that is used up after so many pieces.

    put: what becomes of a piece that has been filled, by its number; told all pieces so far.
    """

    def __init__(self, put: Callable[[int, list[bytearray]], bytearray]) -> None:
        self.filled: list[list[bytearray]] = [[]]
        self._put = put

    def __call__(self, content: bytes) -> bytearray:
        pieces = self.filled[-1]
        if len(pieces) == PIECES:
            self.filled.append([])
            raise MemoryError
        pieces.append(bytearray(content))
        return self._put(len(pieces) - 1, pieces)


def failed_tests(heap: Heap, monkeypatch: pytest.MonkeyPatch) -> int:
    """Bits of those, on a pump that starts with this memory while therapy runs."""
    bed = Bed()
    bed.running((0, 1_000_000))
    bed.world.power_cut()
    monkeypatch.setattr(self_test, "bytearray", heap, raising=False)
    bed.world.power_on()
    bed.run(s=2)
    failed: int = bed.pump.alarms.table[schema.SELF_TEST_FAILED].value
    assert bed.state == (schema.HELD if failed else schema.RUNNING)
    return failed


@pytest.mark.parametrize("place", [(0, 1), (17, 700), (PIECES - 1, 1_023)], ids=str)
@pytest.mark.parametrize("stuck_at", [0x01, 0x80, 0xFE])
def test_memory_that_does_not_hold_is_told_and_holds_therapy(
    stuck_at: int, place: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cell, anywhere: a bit that stays set, or all but one that stay clear."""
    bad_piece, at = place

    def put(number: int, pieces: list[bytearray]) -> bytearray:
        piece = pieces[number]
        if number == bad_piece:
            piece[at] = (piece[at] | stuck_at) & (stuck_at | 1)
        return piece

    assert failed_tests(Heap(put), monkeypatch) == 1 << schema.TEST_MEMORY


def test_memory_that_answers_for_other_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a line of the address is broken: what is written to one cell is found in two."""

    def put(number: int, pieces: list[bytearray]) -> bytearray:
        if number == PIECES // 2:
            pieces[number] = pieces[3]
        return pieces[number]

    assert failed_tests(Heap(put), monkeypatch) == 1 << schema.TEST_MEMORY


def test_all_memory_that_is_free_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is given back. Each bit of it takes both values."""
    heap = Heap(lambda number, pieces: pieces[number])
    assert failed_tests(heap, monkeypatch) == 0
    first, second, _ = heap.filled
    assert (len(first), len(second)) == (PIECES, PIECES)
    for one, other in zip(first, second, strict=True):
        assert len(one) == len(other) == 1_024
        assert all(a ^ b == 0xFF for a, b in zip(one, other, strict=True))


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
