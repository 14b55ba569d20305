"""The motion monitor alone: what permits allow, and what an unused one does not."""

from typing import Any

from emulator import inject

inject.install()

from firmware.guard import PERMITS, Guard, put  # noqa: E402  after the stand-ins for its modules
from firmware.monitor.motion import Motion  # noqa: E402


class Bench:
    """A board and a drive as the monitor sees them; edges are made by hand."""

    def __init__(self) -> None:
        self.step = Guard(50_000).step
        self.now_ms = 0
        self.supplied = 1
        self.woken = False
        self._level_a = 0
        self._level_b = 1
        self.motion = Motion(self, self, lambda _now_ms: None)  # type: ignore[arg-type]

    def permit(self) -> None:
        put(self.step, PERMITS, self.step[PERMITS] + 1)

    def encoder_a(self) -> int:
        return self._level_a

    def encoder_b(self) -> int:
        return self._level_b

    def ticks_ms(self) -> int:
        return self.now_ms

    def on_encoder_edge(self, callback: Any) -> None:
        self._callback = callback

    def supply(self, level: int) -> None:
        self.supplied = level

    def edge(self, forward: bool = True) -> None:
        self._level_a = 1 - self._level_a
        self._level_b = 1 - self._level_a if forward else self._level_a
        self._callback(None)

    def edges_until_cut(self) -> int:
        """Forward edges without a permit, 10 ms apart, until the supply is cut."""
        count = 0
        while self.supplied:
            self.now_ms += 10
            self.edge()
            count += 1
            assert count < 100
        return count


def test_two_steps_beyond_the_permits_are_the_most() -> None:
    bench = Bench()
    bench.permit()
    assert bench.edges_until_cut() == 2 + 4 + 1
    assert bench.motion.tripped
    assert bench.woken


def test_half_steps_do_not_add_up_to_a_credit() -> None:
    bench = Bench()
    for _ in range(20):
        bench.permit()
        bench.edge()
    assert bench.supplied
    assert bench.edges_until_cut() <= 1 + 4 + 1


def test_backward_motion_is_no_credit_once_another_permit_came() -> None:
    bench = Bench()
    for _ in range(20):
        bench.permit()
        bench.edge(forward=False)
    bench.permit()
    assert bench.edges_until_cut() <= 2 + 4 + 1


def test_half_a_step_too_much_at_every_permit_adds_up() -> None:
    bench = Bench()
    permits = 0
    while bench.supplied:
        permits += 1
        bench.permit()
        bench.now_ms += 100
        for _ in range(3):
            bench.edge()
    assert permits <= 5
