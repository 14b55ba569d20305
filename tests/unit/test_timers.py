"""Timers and the watchdog."""

from typing import Any

import pytest

from emulator.stops import ChipReset
from emulator.world import BOOT_US, START_US, World
from tests.unit.fakes import boot_sleeper


class Heard:
    """Notes the instants, in us since the start, at which it is called."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.at_us: list[int] = []

    def __call__(self, _timer: object) -> None:
        self.at_us.append(self.world.now_us - START_US)


@pytest.mark.parametrize("hard", [True, False])
def test_a_periodic_timer_does_not_drift(hard: bool) -> None:
    world = World()
    heard = Heard(world)
    world.chip.Timer(-1).init(period=100, callback=heard, hard=hard)
    for _ in range(7):
        world.clock.sleep_ms(50)
    assert heard.at_us == [100_000, 200_000, 300_000]


def test_a_one_shot_timer_comes_once_and_can_be_started_again() -> None:
    world = World()
    heard = Heard(world)
    timer = world.chip.Timer(-1)
    timer.init(mode=timer.ONE_SHOT, period=10, callback=heard, hard=True)
    world.clock.sleep_ms(100)
    timer.init(mode=timer.ONE_SHOT, period=10, callback=heard, hard=True)
    world.clock.sleep_ms(100)
    assert heard.at_us == [10_000, 110_000]


@pytest.mark.parametrize(
    ("settings", "first_us"),
    [
        ({"period": 250}, 250_000),
        ({"period": 250, "tick_hz": 1_000_000}, 250),
        ({"period": 0}, 1),
        ({"freq": 3}, 333_333),
        ({"period": True}, 1_000),
    ],
)
def test_period_tick_and_frequency_mean_what_they_mean_on_the_chip(
    settings: Any, first_us: int
) -> None:
    world = World()
    heard = Heard(world)
    world.chip.Timer(-1).init(mode=0, callback=heard, hard=True, **settings)
    world.clock.sleep_ms(1_000)
    assert heard.at_us == [first_us]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({}, ValueError),
        ({"period": -1}, ValueError),
        ({"period": 1, "mode": 2}, ValueError),
        ({"freq": 0}, ValueError),
        ({"period": 1, "tick_hz": 0}, ValueError),
        ({"period": 1.5}, TypeError),
        ({"period": "1"}, TypeError),
        ({"period": 1 << 31}, OverflowError),
        ({"period": 1, "hrad": True}, TypeError),
    ],
)
def test_wrong_settings_are_refused(settings: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        World().chip.Timer(-1).init(**settings)


@pytest.mark.parametrize("number", [0, 1, -2])
def test_there_are_no_numbered_timers(number: int) -> None:
    with pytest.raises(ValueError, match="doesn't exist"):
        World().chip.Timer(number)


def test_settings_are_keywords_only() -> None:
    with pytest.raises(TypeError):
        World().chip.Timer(-1).init(0)  # type: ignore[call-arg]


def test_a_stopped_timer_does_not_come() -> None:
    world = World()
    heard = Heard(world)
    timer = world.chip.Timer(-1)
    timer.init(period=10, callback=heard, hard=True)
    timer.deinit()
    world.clock.sleep_ms(50)
    assert heard.at_us == []


def test_starting_anew_forgets_the_old_start() -> None:
    world = World()
    heard = Heard(world)
    timer = world.chip.Timer(-1)
    timer.init(mode=0, period=10, callback=heard, hard=True)
    world.clock.sleep_ms(5)
    timer.init(mode=0, period=20, callback=heard, hard=True)
    world.clock.sleep_ms(100)
    assert heard.at_us == [25_000]


def test_a_callback_may_stop_its_timer_or_start_it_anew() -> None:
    world = World()
    heard = Heard(world)

    def once(timer: Any) -> None:
        heard(timer)
        if len(heard.at_us) == 1:
            timer.init(period=7, callback=once, hard=True)
        else:
            timer.deinit()

    world.chip.Timer(-1).init(period=10, callback=once, hard=True)
    world.clock.sleep_ms(100)
    assert heard.at_us == [10_000, 17_000]


def test_a_hard_callback_that_raises_has_ended_its_timer_until_the_next_start() -> None:
    world = World()
    heard = Heard(world)
    timer = world.chip.Timer(-1)

    def broken(_timer: Any) -> None:
        heard(_timer)
        raise ValueError("broken")

    timer.init(period=10, callback=broken, hard=True)
    world.clock.sleep_ms(50)
    assert heard.at_us == [10_000]
    timer.init(period=10, callback=heard, hard=True)
    world.clock.sleep_ms(10)
    assert heard.at_us == [10_000, 60_000]


def test_what_cannot_be_called_ends_a_hard_timer() -> None:
    world = World()
    world.chip.Timer(-1).init(period=10, callback=3, hard=True)  # type: ignore[arg-type]
    world.clock.sleep_ms(50)
    assert len(world.log_errors) == 1


def test_a_timer_held_up_by_a_handler_makes_up_for_it() -> None:
    """The alarm pool counts from the target, not from now: no period is lost."""
    world = World()
    heard = Heard(world)
    world.chip.Timer(-1).init(period=10, callback=heard, hard=True)
    world.chip.Timer(-1).init(
        mode=0, period=15, callback=lambda _: world.clock.sleep_us(20_000), hard=True
    )
    world.clock.sleep_ms(50)
    assert heard.at_us == [10_000, 35_000, 35_000, 40_000, 50_000]


def test_a_held_up_timer_that_is_stopped_meanwhile_does_not_come() -> None:
    world = World()
    heard = Heard(world)
    late = world.chip.Timer(-1)
    late.init(mode=0, period=10, callback=heard, hard=True)

    def busy(_timer: object) -> None:
        world.clock.sleep_us(10_000)
        late.deinit()

    world.chip.Timer(-1).init(mode=0, period=5, callback=busy, hard=True)
    world.clock.sleep_ms(50)
    assert heard.at_us == []


def test_a_seventeenth_timer_finds_no_room() -> None:
    world = World()
    timers = [world.chip.Timer(-1) for _ in range(17)]
    for timer in timers[:16]:
        timer.init(mode=0, period=10)
    with pytest.raises(OSError, match="12"):
        timers[16].init(period=10)
    timers[0].init(mode=0, period=20)
    world.clock.sleep_ms(15)
    timers[16].init(period=10)


def test_a_reset_ends_all_timers() -> None:
    world = World()
    heard = Heard(world)
    world.chip.Timer(-1).init(period=10, callback=heard, hard=True)
    world.chip.Timer(-1).init(period=10, callback=heard)
    world.reset(world.chip.WDT_RESET)
    world.run_for_ms(100)
    assert heard.at_us == []


def test_a_fed_watchdog_keeps_quiet_and_costs_few_events() -> None:
    world = World()
    boot_sleeper(world)
    watchdog = world.chip.WDT(timeout=5_000)
    world.chip.Timer(-1).init(period=2_000, callback=lambda _: watchdog.feed(), hard=True)
    world.run_for_ms(60_000)
    assert world.resets == []
    assert world.events <= 30 + 20


def test_an_unfed_watchdog_resets_at_its_time_out_and_is_off_afterwards() -> None:
    world = World()
    boot_sleeper(world)
    world.run_for_ms(1_000)
    world.chip.WDT(timeout=5_000)
    world.clock.sleep_ms(2_000)
    world.chip.WDT(timeout=8_388).feed()
    world.run_for_ms(60_000)
    assert world.resets == [(START_US + 3_000_000 + 8_388_000, world.chip.WDT_RESET)]
    assert world.pump.turns[0] == 11_388_000 + BOOT_US


def test_the_watchdog_comes_while_interrupts_are_disabled() -> None:
    world = World()
    world.chip.WDT(timeout=100)
    world.chip.disable_irq()
    with pytest.raises(ChipReset):
        world.clock.sleep_us(200_000)


@pytest.mark.parametrize("timeout", [0, -1, 8_389, 1 << 31, 1.0, None])
def test_a_watchdog_takes_1_to_8388_ms(timeout: Any) -> None:
    with pytest.raises((ValueError, TypeError, OverflowError)):
        World().chip.WDT(timeout=timeout)
