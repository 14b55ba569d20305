"""Interrupts: what runs at once, what waits, what is lost."""

import pytest

from emulator.cpu import SCHEDULER_DEPTH
from emulator.world import START_US, World

ENC = 6
ONE_SHOT = 0


def test_a_ninth_soft_callback_is_dropped_without_a_word() -> None:
    world = World()
    heard: list[object] = []
    for _ in range(SCHEDULER_DEPTH + 3):
        world.chip.Timer(-1).init(mode=ONE_SHOT, period=10, callback=heard.append)
    world.chip.Timer(-1).init(
        mode=ONE_SHOT, period=5, callback=lambda _: world.clock.sleep_us(10_000), hard=True
    )
    world.clock.sleep_ms(50)
    assert len(heard) == SCHEDULER_DEPTH
    assert world.cpu.dropped == 3
    assert not world.log_errors


def test_a_soft_callback_does_not_run_inside_another() -> None:
    world = World()
    order: list[str] = []

    def slow(_timer: object) -> None:
        order.append("slow in")
        world.clock.sleep_ms(20)
        order.append("slow out")

    world.chip.Timer(-1).init(mode=ONE_SHOT, period=10, callback=slow)
    world.chip.Timer(-1).init(mode=ONE_SHOT, period=15, callback=lambda _: order.append("soft"))
    world.chip.Timer(-1).init(
        mode=ONE_SHOT, period=20, callback=lambda _: order.append("hard"), hard=True
    )
    world.clock.sleep_ms(50)
    assert order == ["slow in", "hard", "slow out", "soft"]


def test_interrupts_wait_for_the_end_of_a_hard_handler_and_come_in_order() -> None:
    world = World()
    heard: list[tuple[str, int]] = []

    def hear(name: str) -> None:
        heard.append((name, world.now_us - START_US))

    def busy(_timer: object) -> None:
        world.clock.sleep_us(5_000)
        hear("busy ends")

    timer = world.chip.Timer
    timer(-1).init(mode=ONE_SHOT, period=1, callback=busy, hard=True)
    timer(-1).init(mode=ONE_SHOT, period=3, callback=lambda _: hear("b"), hard=True)
    timer(-1).init(mode=ONE_SHOT, period=2, callback=lambda _: hear("a"), hard=True)
    timer(-1).init(mode=ONE_SHOT, period=7, callback=lambda _: hear("on time"), hard=True)
    world.clock.sleep_ms(10)
    assert heard == [("busy ends", 6_000), ("a", 6_000), ("b", 6_000), ("on time", 7_000)]


def test_the_outside_goes_on_while_interrupts_are_held_off() -> None:
    world = World()
    outside = world.chip.outside
    pin = world.chip.Pin(ENC, world.chip.Pin.IN)
    levels: list[int] = []
    calls: list[int] = []
    pin.irq(lambda p: calls.append(p.irq().flags()), hard=True)
    for t_us in (100, 200, 300):
        world.at(START_US + t_us, lambda level: outside.drive(ENC, level), t_us // 100 % 2)
    state = world.chip.disable_irq()
    for _ in range(3):
        world.clock.sleep_us(100)
        levels.append(pin.value())
    assert levels == [1, 0, 1]
    assert calls == []
    world.chip.enable_irq(state)
    assert calls == [pin.IRQ_RISING | pin.IRQ_FALLING]  # three edges merged into one call


def test_disabling_interrupts_nests() -> None:
    world = World()
    heard: list[int] = []
    world.chip.Timer(-1).init(
        mode=ONE_SHOT, period=1, callback=lambda _: heard.append(1), hard=True
    )
    outer = world.chip.disable_irq()
    inner = world.chip.disable_irq()
    world.clock.sleep_ms(2)
    world.chip.enable_irq(inner)
    assert heard == []
    world.chip.enable_irq(outer)
    assert heard == [1]


def test_a_raising_hard_handler_is_reported_once_and_never_called_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    pin = world.chip.Pin(ENC, world.chip.Pin.IN)
    calls: list[int] = []

    def broken(_pin: object) -> None:
        calls.append(world.now_us)
        raise ValueError("broken handler")

    pin.irq(broken, hard=True)
    for level in (1, 0, 1):
        world.chip.outside.drive(ENC, level)
    assert len(calls) == 1
    assert [(where, str(error)) for _, where, error in world.log_errors] == [
        ("hard interrupt handler", "broken handler")
    ]
    assert "broken handler" in capsys.readouterr().err


def test_a_raising_soft_callback_is_reported_and_called_again() -> None:
    world = World()
    calls: list[int] = []

    def broken(_timer: object) -> None:
        calls.append(world.now_us)
        raise ValueError("broken callback")

    world.chip.Timer(-1).init(period=10, callback=broken)
    world.clock.sleep_ms(35)
    assert len(calls) == len(world.log_errors) == 3


def test_an_interrupt_set_off_by_a_handler_comes_after_it() -> None:
    """A handler makes an edge; what is outside answers at once with another edge."""
    world = World()
    outside = world.chip.outside
    step = world.chip.Pin(2, world.chip.Pin.OUT, value=0)
    order: list[str] = []

    def on_timer(_timer: object) -> None:
        step.value(1)
        order.append("handler ends")

    outside.listen(2, lambda level: outside.drive(ENC, level))
    world.chip.Pin(ENC, world.chip.Pin.IN).irq(lambda _: order.append("edge"), hard=True)
    world.chip.Timer(-1).init(mode=ONE_SHOT, period=1, callback=on_timer, hard=True)
    world.clock.sleep_ms(2)
    assert order == ["handler ends", "edge"]
