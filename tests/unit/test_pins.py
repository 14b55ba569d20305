"""Pins, from both sides."""

from typing import Any

import pytest

from emulator import kinds
from emulator.stops import OutsideError
from emulator.world import START_US, World

STEP, ENC, MAGNET, BUZZER = 2, 6, 8, 9


@pytest.mark.parametrize("number", [-1, 30, 99, "GP2", 2.0, None])
def test_a_pin_that_the_chip_has_not_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match="invalid pin"):
        World().chip.Pin(number)


def test_a_pin_of_another_chip_is_refused() -> None:
    stranger = World().chip.Pin(26)
    with pytest.raises(ValueError, match="invalid pin"):
        World().chip.ADC(stranger)


def test_the_same_number_is_the_same_pin_and_asking_for_it_changes_nothing() -> None:
    chip = World().chip
    pin = chip.Pin(STEP, chip.Pin.OUT, value=1)
    assert chip.Pin(STEP) is pin
    assert chip.Pin(pin) is pin
    assert pin.value() == 1


@pytest.mark.parametrize(
    "settings",
    [{"mode": 2}, {"mode": -1}, {"pull": 3}, {"value": 1}, {"mode": 0, "value": 1}],
)
def test_what_the_emulator_cannot_do_is_refused(settings: Any) -> None:
    with pytest.raises(ValueError, match=r"invalid|value"):
        World().chip.Pin(STEP, **settings)


def test_an_output_tells_each_change_once() -> None:
    world = World()
    chip = world.chip
    heard: list[int] = []
    chip.outside.listen(STEP, heard.append)
    pin = chip.Pin(STEP, chip.Pin.OUT, value=0)
    for level in (0, 1, 5, "", True, False):
        pin.value(level)
    pin.on()
    pin.off()
    pin.toggle()
    pin(0)
    assert heard == [1, 0, 1, 0, 1, 0, 1, 0]
    assert pin.value() == pin() == chip.outside.level(STEP) == 0


def test_the_level_is_set_before_the_pin_drives() -> None:
    chip = World().chip
    heard: list[int] = []
    pin = chip.Pin(STEP, chip.Pin.IN)
    chip.outside.listen(STEP, heard.append)
    pin.value(1)
    assert (pin.value(), heard) == (0, [])
    pin.init(chip.Pin.OUT)
    assert (pin.value(), heard) == (1, [1])


def test_an_input_follows_its_pull_until_something_drives_it() -> None:
    chip = World().chip
    pin = chip.Pin(MAGNET, chip.Pin.IN, chip.Pin.PULL_UP)
    assert pin.value() == 1
    chip.outside.drive(MAGNET, 0)
    assert pin.value() == 0
    assert chip.Pin(ENC, chip.Pin.IN, chip.Pin.PULL_DOWN).value() == 0


def test_the_outside_does_not_overrule_an_output() -> None:
    chip = World().chip
    pin = chip.Pin(STEP, chip.Pin.OUT, value=0)
    chip.outside.drive(STEP, 1)
    assert pin.value() == 0
    pin.init(chip.Pin.IN)
    assert pin.value() == 1


def test_a_computed_level_is_asked_for_at_each_read() -> None:
    chip = World().chip
    answers = [1, 0, 1]
    pin = chip.Pin(ENC, chip.Pin.IN)
    chip.outside.read_from(ENC, lambda: answers.pop(0))
    assert [pin.value(), pin.value(), pin()] == [1, 0, 1]
    pin.init(chip.Pin.OUT)
    assert pin.value() == 0


def test_a_hard_interrupt_comes_at_the_instant_of_its_edge() -> None:
    world = World()
    chip = world.chip
    pin = chip.Pin(ENC, chip.Pin.IN)
    heard: list[tuple[int, int, int]] = []

    def on_edge(who: Any) -> None:
        heard.append((world.now_us - START_US, who.value(), who.irq().flags()))

    pin.irq(handler=on_edge, trigger=pin.IRQ_RISING | pin.IRQ_FALLING, hard=True)
    world.at(START_US + 150, lambda _: chip.outside.drive(ENC, 1))
    world.at(START_US + 250, lambda _: chip.outside.drive(ENC, 0))
    world.clock.sleep_ms(1)
    assert heard == [(150, 1, pin.IRQ_RISING), (250, 0, pin.IRQ_FALLING)]


def test_only_the_chosen_edge_interrupts() -> None:
    chip = World().chip
    pin = chip.Pin(ENC, chip.Pin.IN)
    heard: list[int] = []
    pin.irq(lambda p: heard.append(p.value()), pin.IRQ_FALLING, hard=True)
    for level in (1, 1, 0, 0, 1):
        chip.outside.drive(ENC, level)
    assert heard == [0]


def test_a_soft_interrupt_waits_for_the_interpreter() -> None:
    world = World()
    pin = world.chip.Pin(ENC, world.chip.Pin.IN)
    heard: list[int] = []
    pin.irq(lambda _: heard.append(world.now_us))
    world.chip.outside.drive(ENC, 1)
    assert heard == []
    world.clock.sleep_ms(1)
    assert heard == [START_US]


def test_asking_for_the_irq_changes_nothing_and_none_switches_it_off() -> None:
    chip = World().chip
    pin = chip.Pin(ENC, chip.Pin.IN)
    heard: list[int] = []
    pin.irq(lambda _: heard.append(1), hard=True)
    pin.irq()
    chip.outside.drive(ENC, 1)
    pin.irq(handler=None)
    chip.outside.drive(ENC, 0)
    assert heard == [1]


@pytest.mark.parametrize("trigger", [1, 2, 16, 15])
def test_an_unknown_trigger_is_refused(trigger: int) -> None:
    with pytest.raises(ValueError, match="trigger"):
        World().chip.Pin(ENC).irq(print, trigger)


def test_a_reset_lets_all_pins_go_and_no_handler_hears_of_it() -> None:
    world = World()
    chip = world.chip
    outside = chip.outside
    heard: list[int] = []
    edges: list[int] = []
    chip.Pin(STEP, chip.Pin.OUT, value=1)
    chip.PWM(BUZZER, freq=1_000, duty_u16=100)
    chip.Pin(ENC, chip.Pin.IN).irq(lambda _: edges.append(1), hard=True)
    outside.listen(STEP, heard.append)
    outside.listen(STEP, lambda level: outside.drive(ENC, 1 - level))
    outside.drive(MAGNET, 1)
    world.reset(chip.WDT_RESET)
    assert heard == [0]
    assert edges == []
    assert [outside.level(gpio) for gpio in (STEP, ENC, MAGNET)] == [0, 1, 1]
    assert outside.pwm(BUZZER) is None


def test_recorders_hear_outputs_before_listeners_and_inputs_as_they_come() -> None:
    world = World()
    chip = world.chip
    outside = chip.outside
    out: list[tuple[int, int, int]] = []
    into: list[tuple[int, int, int]] = []
    first = chip.Pin(STEP, chip.Pin.OUT, value=0)
    outside.listen(STEP, lambda level: outside.drive(ENC, level))
    outside.record(lambda *what: out.append(what))
    outside.record_inputs(lambda *what: into.append((len(out), *what[1:])))
    outside.read_from(MAGNET, lambda: 1)
    first.value(1)
    chip.Pin(3, chip.Pin.OUT, value=1)
    assert chip.Pin(MAGNET, chip.Pin.IN).value() == 1
    assert out == [(kinds.PIN_OUT, STEP, 1), (kinds.PIN_OUT, 3, 1)]
    assert into == [(1, ENC, 1), (2, MAGNET, 1)]


def broken_listener(_level: int) -> None:
    raise KeyError("outside")


def broken_source() -> int:
    raise KeyError("outside")


def test_errors_of_listeners_and_sources_are_not_the_firmwares() -> None:
    """They derive from BaseException: no `except Exception` of the firmware hides them."""
    chip = World().chip
    chip.outside.listen(STEP, broken_listener)
    chip.outside.read_from(ENC, broken_source)
    step = chip.Pin(STEP, chip.Pin.OUT, value=0)
    with pytest.raises(OutsideError, match="outside"):
        step.value(1)
    with pytest.raises(OutsideError, match="outside"):
        chip.Pin(ENC, chip.Pin.IN).value()
    assert not issubclass(OutsideError, Exception)
