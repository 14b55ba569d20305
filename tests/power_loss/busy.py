"""How long a write of the flash holds the pump, when each operation is as slow as it may be."""

from typing import Any

from emulator.flash import ERASE_US_MAX, PAGE_US_MAX
from firmware.pins import SUPPLY
from firmware.restore import Rest
from tests.power_loss import workloads
from tests.power_loss.images import aged
from tests.power_loss.ward import Ward

WORKLOADS = (
    workloads.deliver,
    workloads.prescribe,
    workloads.set_the_clock,
    workloads.log,
    workloads.upkeep,
)


def longest_ms(image: int) -> dict[str, float]:
    """The longest that each kind of write held the pump, each operation as slow as it may be.

    start: until the motor has power, therapy going on. rest: what is left to do of a start then.
    """
    ward = Ward(aged(image))
    flash = ward.flash
    flash.erase_us, flash.page_us = ERASE_US_MAX, PAGE_US_MAX
    longest: dict[str, float] = {}

    def moves(level: int) -> None:
        if level:
            longest.setdefault("start", flash.busy_us / 1_000)

    ward.world.chip.outside.listen(SUPPLY, moves)

    def timed(name: str, holder: Any, method: str) -> None:
        act = getattr(holder, method)

        def call(*arguments: Any) -> Any:
            before_us = flash.busy_us
            try:
                return act(*arguments)
            finally:
                longest[name] = max(longest.get(name, 0), (flash.busy_us - before_us) / 1_000)

        setattr(holder, method, call)

    ward.world.boot()
    (rest,) = [task for task in ward.pump.loop._tasks if isinstance(task, Rest)]
    timed("rest", rest, "poll")
    ward.await_start()
    timed("keeper", ward.pump.keeper, "poll")
    timed("log", ward.pump.log, "poll")
    timed("command", ward.pump.session, "poll")
    timed("upkeep", ward.upkeep, "poll")
    for work in WORKLOADS:
        work(ward)
    return longest
