"""How fast the whole pump runs in virtual time, and what a step costs in bare kernel events.

Standard library only, so that PyPy measures with the same file:

    python -m emulator.speed [RATE_NL_DAY [DAYS]]      prints virtual seconds per CPU second

Figures are ratios taken in one run: machines differ, ratios less.
"""

import heapq
import sys
import time

from emulator.bedside import Bedside
from emulator.plant.plant import Plant
from emulator.world import World
from protocol.wire import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List, Tuple

_DAY_MS = 86_400_000
_STEP_NL = 50
_BARE_S = 40_000  # virtual seconds of the bare kernel: some 50,000 events
_BARE_PIECES = 100
_ROUNDS = 3


def pump_s_per_s(rate_nl_day: int, days: float = 1.0, rounds: int = _ROUNDS) -> float:
    """Virtual seconds per CPU second of the whole pump, plant live: the best of `rounds` runs.

    From the start of therapy, session closed, ``days`` of virtual time each.
    """
    best = 0.0
    world = delivering(rate_nl_day)
    for _ in range(rounds):
        before_us = world.now_us
        before_s = time.process_time()
        world.run_for_ms(round(days * _DAY_MS))
        spent_s = time.process_time() - before_s
        best = max(best, (world.now_us - before_us) / 1e6 / spent_s)
    if world.pump.state.state != schema.RUNNING:
        raise RuntimeError("the pump did not deliver throughout")
    return best


def bare_events_per_s(rate_nl_day: int) -> float:
    """Events per CPU second of a bare heapq kernel: the best of three runs.

    A step pulse at its exact instants, and a first-order plant sampled once a second: the least
    that a simulation of this pump can be.
    """
    return max(_bare_run(rate_nl_day) for _ in range(_ROUNDS))


def step_in_kernel_events(rate_nl_day: int = 1_000_000) -> float:
    """CPU time of one verified step of the whole pump in bare kernel events, both measured now."""
    steps_per_virtual_s = rate_nl_day / _STEP_NL / 86_400
    steps_per_s = pump_s_per_s(rate_nl_day) * steps_per_virtual_s
    return bare_events_per_s(rate_nl_day) / steps_per_s


def delivering(rate_nl_day: int) -> World:
    """A pump that delivers at this rate from now on, its session closed."""
    world = World()
    Plant(world, capacity_nl=40_000_000)
    world.boot()
    bedside = Bedside(world)
    bedside.commission()
    bedside.prescribe([(0, rate_nl_day)])
    bedside.start()
    bedside.goodbye()
    return world


class _Bare:
    """The bare kernel: a clock, a queue, two kinds of event."""

    def __init__(self, rate_nl_day: int) -> None:
        self.queue: "List[Tuple[int, int, Callable[[], None]]]" = []
        self.order = 0
        self.now_us = 0
        self.events = 0
        self.steps = 0
        self.level = 0.0
        self.whole_us, self.rest = divmod(86_400_000_000 * _STEP_NL, rate_nl_day)
        self.of = rate_nl_day
        self.late = 0
        self.at(self.whole_us, self.on_step)
        self.at(1_000_000, self.on_sample)

    def at(self, t_us: int, fn: "Callable[[], None]") -> None:
        self.order += 1
        heapq.heappush(self.queue, (t_us, self.order, fn))

    def on_step(self) -> None:
        self.steps += 1
        self.late += self.rest
        t_us = self.now_us + self.whole_us
        if self.late >= self.of:
            self.late -= self.of
            t_us += 1
        self.at(t_us, self.on_step)

    def on_sample(self) -> None:
        self.level += (self.steps - self.level) * 0.01
        self.at(self.now_us + 1_000_000, self.on_sample)

    def run(self, until_us: int) -> None:
        queue = self.queue
        while queue[0][0] <= until_us:
            self.now_us, _, fn = heapq.heappop(queue)
            self.events += 1
            fn()


def _bare_run(rate_nl_day: int) -> float:
    """In pieces, entered often, as the pump's loop is: CPython 3.11 specialises no other loop."""
    kernel = _Bare(rate_nl_day)
    before_s = time.process_time()
    for piece in range(1, _BARE_PIECES + 1):
        kernel.run(_BARE_S * 1_000_000 * piece // _BARE_PIECES)
    return kernel.events / (time.process_time() - before_s)


if __name__ == "__main__":
    RATE_NL_DAY = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    DAYS = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    print(pump_s_per_s(RATE_NL_DAY, DAYS, 1))
