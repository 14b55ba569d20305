"""Steps made late by writes of the flash: a pump that delivers, is asked and logs, with a slow
chip.
"""

from typing import Any

from emulator.flash import ERASE_US_MAX, PAGE_US_MAX
from firmware.pins import STEP
from protocol.wire import schema
from tests.power_loss import workloads
from tests.power_loss.images import aged
from tests.power_loss.ward import Ward

LATE_MS = 5  # of a step's edge against the even pace of its rate
STEP_NL = 50
_ROUND_S = 600
_DAY_MS = 86_400_000


def late_steps(rate_nl_day: int, erase_us: int, page_us: int, rounds: int = 6) -> tuple[int, int]:
    """(late, all) in so many times ten minutes, each with a command that is stored and logged."""
    ward = Ward()
    edges_us: list[int] = []

    def on_step(level: int) -> None:
        if level:
            edges_us.append(ward.world.now_us)

    ward.world.chip.outside.listen(STEP, on_step)
    ward.boot()
    ward.bedside.commission()
    ward.may["treatment"] = [(ward.pump.setup, None)]
    ward.prescribe((0, rate_nl_day))
    ward.ask(schema.START)
    ward.flash.erase_us, ward.flash.page_us = erase_us, page_us
    for number in range(rounds):
        ward.run(s=_ROUND_S)
        ward.ask(schema.SET_CLOCK, wall_s=30_000 + number)
    period_ms = _DAY_MS * STEP_NL / rate_nl_day
    pace_ms = [edge / 1_000 - number * period_ms for number, edge in enumerate(edges_us)]
    in_time_ms = min(pace_ms)
    return sum(ms - in_time_ms > LATE_MS for ms in pace_ms), len(edges_us)


def longest_ms(image: int) -> dict[str, float]:
    """The longest that each kind of write held the pump, each operation as slow as it may be."""
    ward = Ward(aged(image))
    flash = ward.flash
    flash.erase_us, flash.page_us = ERASE_US_MAX, PAGE_US_MAX
    ward.boot()
    longest = {"start": flash.busy_us / 1_000}

    def timed(name: str, holder: Any, method: str) -> None:
        act = getattr(holder, method)

        def call(*arguments: Any) -> Any:
            before_us = flash.busy_us
            try:
                return act(*arguments)
            finally:
                longest[name] = max(longest.get(name, 0), (flash.busy_us - before_us) / 1_000)

        setattr(holder, method, call)

    timed("keeper", ward.pump.keeper, "poll")
    timed("log", ward.pump.log, "poll")
    timed("command", ward.pump.session, "poll")
    for work in (workloads.deliver, workloads.prescribe, workloads.set_the_clock, workloads.log):
        work(ward)
    return longest
