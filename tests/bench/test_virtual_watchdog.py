"""A loop that hangs on the virtual Pico: supply off, reset, told."""

import pytest

from firmware.pins import STEP, SUPPLY
from protocol import names
from protocol.wire import schema
from tests.bench.pico_bed import PicoBed, unchecked

pytestmark = pytest.mark.xdist_group("virtual_watchdog")
HANG = 21  # GPIO that is nobody's: low, the next turn of the loop waits for ever
SUPPLY_OFF_US_MAX = 4_000_000  # two periods of the heartbeat's timer
RESET_US_MAX = 9_000_000  # and the watchdog's 5 s from the last feeding, at the latest
_ROOT = f"""
from machine import Pin
from utime import sleep_ms
from firmware.loop import Loop

hangs = Pin({HANG}, Pin.IN, Pin.PULL_UP).value
turn = Loop.run_once

def run_once(self):
    while not hangs():
        sleep_ms(100)
    turn(self)

Loop.run_once = run_once
"""


class Hung:
    """A pump whose loop was made to hang while therapy ran."""

    def __init__(self) -> None:
        files = unchecked()
        loaded, start = files["main.py"].decode().split("run(bytes")
        files["main.py"] = f"{loaded}{_ROOT}run(bytes{start}".encode()
        self.bed = bed = PicoBed(files)
        bed.pico.drive(HANG, 1)
        programmer = bed.programmer
        programmer.commission()
        programmer.prescribe([(0, 24_000_000)])
        programmer.start()
        self.asked_before = bed.ask(schema.STATUS)
        programmer.goodbye()
        self.supply_us: list[tuple[int, int]] = []
        self.steps_us: list[int] = []
        bed.pico.watch(SUPPLY, lambda level: self.supply_us.append((bed.pico.now_us, level)))
        bed.pico.watch(STEP, lambda level: self.steps_us.append(bed.pico.now_us))
        bed.run(s=2)
        self.supply_was_on = bed.pico.level(SUPPLY)
        self.hung_us = bed.pico.now_us
        bed.pico.drive(HANG, 0)
        while not bed.pico.resets and bed.pico.now_us < self.hung_us + 2 * RESET_US_MAX:
            bed.run(ms=100)
        bed.pico.drive(HANG, 1)
        bed.await_firmware()
        bed.world.boot()
        self.hello = bed.programmer.hello()
        self.alarms = bed.programmer.ask(schema.ALARMS)["alarms"]


@pytest.fixture(scope="module")
def hung() -> Hung:
    return Hung()


def test_the_watchdog_resets_it_within_9_s(hung: Hung) -> None:
    assert hung.asked_before["state"] == schema.RUNNING
    ((reset_us, cause),) = hung.bed.pico.resets
    assert cause == "watchdog"
    assert reset_us - hung.hung_us <= RESET_US_MAX


def test_the_motor_supply_is_off_within_4_s_and_stays_off_until_it_has_booted(hung: Hung) -> None:
    assert hung.supply_was_on == 1
    off_us, level = hung.supply_us[0]
    assert level == 0
    assert off_us - hung.hung_us <= SUPPLY_OFF_US_MAX
    ((reset_us, _),) = hung.bed.pico.resets
    assert off_us < reset_us
    assert all(t_us > reset_us for t_us, _ in hung.supply_us[1:])


def test_a_hung_loop_makes_no_more_than_the_step_that_was_permitted(hung: Hung) -> None:
    ((reset_us, _),) = hung.bed.pico.resets
    edges = [t_us for t_us in hung.steps_us if hung.hung_us < t_us < reset_us]
    assert len(edges) <= 2, "one pulse: a rise and a fall"
    assert [t_us for t_us in hung.steps_us if t_us <= hung.hung_us], "it made steps before"


def test_the_cause_is_told_in_the_next_hello_and_the_alarm_stands(hung: Hung) -> None:
    assert names.RESETS[hung.hello["reset_cause"]] == "WATCHDOG"
    told = {row["alarm"]: row for row in hung.alarms}
    assert told[schema.WATCHDOG_RESET]["count"] == 1
    assert not told[schema.WATCHDOG_RESET]["acknowledged"]
