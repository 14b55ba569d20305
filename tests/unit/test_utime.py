"""Virtual time as the firmware sees it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.world import START_US, World

PERIOD = 1 << 30
ticks = st.integers(0, PERIOD - 1)


def test_both_tick_counters_wrap_together_five_seconds_after_the_start() -> None:
    world = World()
    clock = world.clock
    assert clock.ticks_ms() == PERIOD - 5_000
    assert clock.ticks_us() == PERIOD - 5_000_000
    clock.sleep_us(4_999_999)
    assert (clock.ticks_ms(), clock.ticks_us()) == (PERIOD - 1, PERIOD - 1)
    clock.sleep_us(1)
    assert (clock.ticks_ms(), clock.ticks_us()) == (0, 0)


def test_a_difference_is_right_across_the_wrap() -> None:
    clock = World().clock
    before = clock.ticks_ms()
    clock.sleep_ms(10_000)
    assert clock.ticks_diff(clock.ticks_ms(), before) == 10_000
    assert clock.ticks_diff(before, clock.ticks_ms()) == -10_000


@given(ticks, st.integers(-PERIOD // 2 + 1, PERIOD // 2 - 1))
def test_diff_undoes_add(start: int, delta: int) -> None:
    clock = World().clock
    assert clock.ticks_diff(clock.ticks_add(start, delta), start) == delta
    assert 0 <= clock.ticks_add(start, delta) < PERIOD


@pytest.mark.parametrize("delta", [PERIOD // 2, -PERIOD // 2, PERIOD])
def test_add_refuses_what_diff_cannot_tell(delta: int) -> None:
    with pytest.raises(OverflowError):
        World().clock.ticks_add(0, delta)


@pytest.mark.parametrize("wrong", [1.0, "1", None])
def test_sleeping_takes_whole_numbers_only(wrong: object) -> None:
    clock = World().clock
    with pytest.raises(TypeError):
        clock.sleep_ms(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        clock.sleep_us(wrong)  # type: ignore[arg-type]


def test_sleeping_takes_no_more_than_a_machine_word() -> None:
    world = World()
    with pytest.raises(OverflowError):
        world.clock.sleep_us(1 << 31)
    assert world.now_us == START_US


def test_sleeping_for_less_than_nothing_returns_at_once() -> None:
    world = World()
    world.clock.sleep_ms(-1)
    world.clock.sleep_us(-1)
    assert world.now_us == START_US


def test_a_soft_callback_waits_for_the_end_of_a_spin() -> None:
    """Below 1 ms the chip spins: interrupts come, the scheduler does not run."""
    world = World()
    soft: list[int] = []
    hard: list[int] = []
    tick_hz = 1_000_000
    timer = world.chip.Timer
    timer(-1).init(
        mode=0, period=100, tick_hz=tick_hz, callback=lambda _: soft.append(world.now_us)
    )
    timer(-1).init(
        mode=0,
        period=200,
        tick_hz=tick_hz,
        callback=lambda _: hard.append(world.now_us),
        hard=True,
    )
    world.clock.sleep_us(900)
    assert hard == [START_US + 200]
    assert soft == [START_US + 900]


def test_a_soft_callback_comes_in_the_whole_milliseconds_of_a_longer_wait() -> None:
    world = World()
    soft: list[int] = []
    world.chip.Timer(-1).init(mode=0, period=1, callback=lambda _: soft.append(world.now_us))
    world.clock.sleep_us(2_500)
    assert soft == [START_US + 1_000]
    assert world.now_us == START_US + 2_500
