"""The stepper motor with its driver: does a STEP edge move the rotor?

It does if the driver is enabled and supplied, the rotor has settled since the last step, and the
torque suffices. Else the step is lost: the rotor springs back to where it was.

Called at step edges. Knows no pin and no fluid.
"""

from __future__ import annotations

from typing import Callable

from emulator.plant import constants
from emulator.plant.ranges import require

_NEVER_US = 1 << 62


class Motor:
    """A rotor that follows its driver, or does not.

    random_u16: gives 0 .. 65_535; drawn only while slipping.
    direction: what DIR says, 1 forward, -1 backward. supplied: whether the motor supply is on.
    stalled: the rotor is jammed. lost_steps: those that moved nothing, whatever the reason.
    unasked_steps: those that a broken driver made by itself.
    """

    def __init__(self, random_u16: Callable[[], int]) -> None:
        self._random_u16 = random_u16
        self._enabled_us = _NEVER_US  # since when the driver is on, and supplied
        self._supplied_us = _NEVER_US
        self._settled_us = -_NEVER_US
        self._slip_u16 = 0
        self.direction = 1
        self.supplied = False
        self.stalled = False
        self.lost_steps = 0
        self.unasked_steps = 0

    def set_enable(self, enabled: bool, t_us: int) -> None:
        """The driver's outputs go on or off. On, the rotor needs 2 ms to take its detent."""
        self._enabled_us = t_us if enabled else _NEVER_US

    def set_supply(self, supplied: bool, t_us: int) -> None:
        """The motor supply comes or goes."""
        self.supplied = supplied
        self._supplied_us = t_us if supplied else _NEVER_US

    def set_slip(self, fraction: float) -> None:
        """Lose this fraction of the steps from now on, at random. 0 .. 1, else ValueError."""
        require("slipping fraction", fraction, 0.0, 1.0)
        self._slip_u16 = round(fraction * 65_536)

    def step(self, t_us: int, load_unm: float) -> bool:
        """A STEP edge at ``t_us`` against ``load_unm``: whether the rotor moved a step."""
        driven_us = max(self._enabled_us, self._supplied_us)
        return self._move(t_us, load_unm, t_us >= driven_us + constants.ENERGISE_US)

    def step_unasked(self, t_us: int, load_unm: float) -> bool:
        """A broken driver commutates by itself: EN has no say, only the supply has."""
        moved = self._move(t_us, load_unm, self.supplied)
        self.unasked_steps += moved
        return moved

    def _move(self, t_us: int, load_unm: float, driven: bool) -> bool:
        if (
            driven
            and t_us >= self._settled_us
            and load_unm <= constants.PULL_OUT_TORQUE_UNM
            and not self.stalled
            and not (self._slip_u16 and self._random_u16() < self._slip_u16)
        ):
            self._settled_us = t_us + constants.SETTLE_US
            return True
        self.lost_steps += 1
        return False
