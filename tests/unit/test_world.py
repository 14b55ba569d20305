"""The kernel: order of events, stops, resets, guards."""

from functools import partial

import pytest

from emulator.stops import BudgetError, ChipReset, Pause, ZenoError
from emulator.world import ACTIVITY_MAX, BOOT_US, START_US, World
from tests.unit.fakes import Sleeper, boot_sleeper

WDT_RESET = 3


def note_time(world: World, heard: list[int], _timer: object) -> None:
    heard.append(world.now_us)


def test_events_come_in_order_of_time_then_of_asking() -> None:
    world = World()
    heard: list[tuple[str, int]] = []

    def hear(name: str) -> None:
        heard.append((name, world.now_us - START_US))

    world.at(START_US + 20, hear, "c")
    world.at(START_US + 10, hear, "a")
    world.at(START_US + 10, hear, "b")
    world.clock.sleep_us(30)
    assert heard == [("a", 10), ("b", 10), ("c", 20)]
    assert world.now_us == START_US + 30
    assert world.events == 3


def test_an_event_in_the_past_is_refused() -> None:
    world = World()
    with pytest.raises(ValueError, match="past"):
        world.at(START_US - 1, print)


def test_an_event_due_at_the_end_of_a_sleep_belongs_to_that_sleep() -> None:
    world = World()
    heard: list[int] = []
    world.at(START_US + 5_000, heard.append, 1)
    world.clock.sleep_ms(5)
    assert heard == [1]


def test_an_event_asked_for_by_an_event_comes_in_the_same_sleep() -> None:
    world = World()
    heard: list[int] = []
    world.at(START_US + 100, lambda _: world.at(world.now_us + 100, heard.append, world.now_us))
    world.clock.sleep_ms(1)
    assert heard == [START_US + 100]


def test_a_run_stops_at_the_first_sleep_at_or_after_its_end() -> None:
    world = World()
    boot_sleeper(world, slice_ms=250)
    world.run_for_ms(600)
    assert world.now_us == START_US + 750_000


def test_many_short_runs_give_the_same_as_a_long_one() -> None:
    seen = []
    for parts_ms in ([5_000], [1] * 5_000, [249, 1, 0, 251, 4_499]):
        world = World()
        sleeper = boot_sleeper(world, slice_ms=250)
        heard: list[int] = []
        note = partial(note_time, world, heard)
        world.chip.Timer(-1).init(period=333, callback=note, hard=True)
        stop_us = world.now_us
        for ms in parts_ms:
            stop_us += ms * 1000
            world.run_until(stop_us)
        seen.append((world.now_us, heard, sorted(set(sleeper.turns))))
    assert seen[0] == seen[1] == seen[2]


def test_pause_comes_from_the_loop_only_never_from_a_callback_that_sleeps() -> None:
    world = World()
    boot_sleeper(world, slice_ms=1_000)
    ends: list[int] = []

    def long_callback(_timer: object) -> None:
        world.clock.sleep_ms(500)
        world.clock.sleep_ms(500)
        ends.append(world.now_us)

    world.chip.Timer(-1).init(mode=0, period=100, callback=long_callback)
    world.run_for_ms(200)
    assert ends == [START_US + 1_100_000]


def test_the_observer_is_called_at_each_sleep_of_the_loop() -> None:
    world = World()
    boot_sleeper(world, slice_ms=250)
    seen: list[int] = []
    world.observer = lambda: seen.append(world.now_us - START_US)
    world.run_for_ms(1_000)
    assert seen == [0, 250_000, 500_000, 750_000]
    world.observer = None
    world.run_for_ms(1_000)
    assert len(seen) == 4


def test_without_firmware_only_events_happen() -> None:
    world = World()
    heard: list[int] = []
    world.at(START_US + 500_000, heard.append, 1)
    world.run_for_ms(1_000)
    assert heard == [1]
    assert world.now_us == START_US + 1_000_000


def test_a_reset_drops_the_firmware_and_boots_it_again() -> None:
    world = World()
    first = boot_sleeper(world)
    world.run_for_ms(1_000)
    world.reset(WDT_RESET)
    assert world.pump is None
    world.run_for_ms(1_000)
    assert isinstance(world.pump, Sleeper)
    assert world.pump is not first
    assert world.pump.turns[0] == 1_000_000 + BOOT_US
    assert world.resets == [(START_US + 1_000_000, WDT_RESET)]
    assert world.chip.reset_cause() == WDT_RESET


def test_a_reset_from_an_event_ends_the_turn_and_boots_again() -> None:
    world = World()
    boot_sleeper(world)
    world.at(START_US + 1_100_000, lambda _: world.reset(world.chip.PWRON_RESET))
    world.run_for_ms(3_000)
    assert world.resets == [(START_US + 1_100_000, 1)]
    assert world.pump.turns[0] == 1_100_000 + BOOT_US
    assert world.chip.reset_cause() == world.chip.PWRON_RESET


def test_firmware_that_catches_everything_does_not_stop_a_reset() -> None:
    world = World()

    def work() -> None:
        try:
            world.chip.reset()
        except Exception:
            pytest.fail("the firmware caught its own reset")

    boot_sleeper(world, work=work)
    world.run_for_ms(BOOT_US // 1000 * 3)
    assert len(world.resets) == 3


def test_ticks_start_at_zero_after_a_reset_and_world_time_goes_on() -> None:
    world = World()
    boot_sleeper(world)
    world.run_for_ms(1_000)
    world.reset(WDT_RESET)
    world.run_until(world.now_us + BOOT_US + 1)
    assert world.now_us > START_US
    assert world.clock.ticks_us() == world.now_us - world.resets[0][0] >= BOOT_US


def fail(_: object) -> None:
    raise KeyError("missing")


def test_an_error_outside_the_chip_reaches_the_caller_past_the_firmware() -> None:
    world = World()
    caught: list[Exception] = []

    def work() -> None:
        try:
            world.clock.sleep_ms(100)
        except Exception as error:
            caught.append(error)

    boot_sleeper(world, work=work)
    world.at(START_US + 50_000, fail)
    with pytest.raises(KeyError):
        world.run_for_ms(1_000)
    assert not caught


def test_events_without_end_at_one_instant_are_an_error() -> None:
    world = World()
    boot_sleeper(world)

    def again(_: object) -> None:
        world.at(world.now_us, again)

    world.at(START_US + 1, again)
    with pytest.raises(ZenoError):
        world.run_for_ms(1)


def test_a_loop_that_never_sleeps_is_an_error() -> None:
    world = World()
    sleeper = boot_sleeper(world, slice_ms=0)
    with pytest.raises(ZenoError):
        world.run_for_ms(1)
    assert len(sleeper.turns) == ACTIVITY_MAX + 1


def test_a_burst_at_one_instant_is_none() -> None:
    world = World()
    heard: list[int] = []

    def burst(_: object) -> None:
        for number in range(ACTIVITY_MAX):
            world.at(world.now_us, heard.append, number)

    world.at(START_US + 1, burst)
    world.at(START_US + 2, burst)
    world.clock.sleep_ms(1)
    assert heard == [*range(ACTIVITY_MAX)] * 2


def test_the_event_budget_ends_a_run_that_asks_for_more() -> None:
    world = World(event_budget=5)
    boot_sleeper(world, slice_ms=10)
    world.chip.Timer(-1).init(period=100, callback=lambda _: None)
    world.run_until(START_US + 490_000)
    assert world.events == 4
    with pytest.raises(BudgetError):
        world.run_for_ms(500)


def test_a_world_does_not_run_inside_itself() -> None:
    world = World()
    boot_sleeper(world)
    world.at(START_US + 1, lambda _: world.run_for_ms(1))
    with pytest.raises(RuntimeError, match="already running"):
        world.run_for_ms(10)


def test_stops_pass_through_except_exception() -> None:
    for stop in (Pause, ChipReset, ZenoError, BudgetError):
        assert not issubclass(stop, Exception)


def test_worlds_share_nothing() -> None:
    worlds = [World(seed=seed) for seed in (1, 2)]
    for world in worlds:
        boot_sleeper(world)
    worlds[0].chip.Pin(2, worlds[0].chip.Pin.OUT, value=1)
    worlds[0].run_for_ms(1_000)
    assert worlds[1].now_us == START_US
    assert worlds[1].chip.outside.level(2) == 0
    assert worlds[0].random.u16() != worlds[1].random.u16()
