"""Which faults this plant can do: component x kind, as data.

A scenario names a component, a kind and an amount. A pair that is not in the table is refused, so
that nobody takes a fault that never happened for one that did no harm.
"""

from __future__ import annotations

from typing import Callable, NamedTuple

from emulator.plant import constants
from emulator.plant.plant import Plant
from emulator.plant.ranges import require


class FaultRefused(ValueError):
    """The plant cannot do this fault; the message says what it can do."""


class Fault(NamedTuple):
    """amount_max: an amount goes from 0, which ends the fault, up to here."""

    component: str
    kind: str
    amount_max: float
    meaning: str
    put_on: Callable[[Plant, float], None]


def _stall(plant: Plant, amount: float) -> None:
    if amount not in (0, 1):
        raise ValueError(f"motor stall is {amount:g}: possible are 0 and 1")
    plant.stall(amount == 1)


FAULTS = (
    Fault("catheter", "kink", 1.0, "part of the bore's diameter that is closed", Plant.kink),
    Fault("catheter", "leak", 1.0, "part of the flow lost; 1: connector pulled off", Plant.leak),
    Fault("motor", "stall", 1.0, "1: the rotor is jammed", _stall),
    Fault("motor", "slip", 1.0, "part of the steps that is lost, at random", Plant.slip),
    Fault("motor", "runaway", constants.RUNAWAY_HZ_MAX, "steps a second, unasked", Plant.runaway),
)


def apply(plant: Plant, component: str, kind: str, amount: float) -> None:
    """Put the fault on; an amount of 0 ends it.

    FaultRefused, and the plant is unchanged: unknown pair, amount out of range, or a fault that
    contradicts another one that is on, as a stall does a runaway.
    """
    for fault in FAULTS:
        if (fault.component, fault.kind) == (component, kind):
            break
    else:
        known = ", ".join(f"{fault.component} {fault.kind}" for fault in FAULTS)
        raise FaultRefused(f"this plant cannot do {component} {kind}; it can do: {known}")
    try:
        require(f"{component} {kind}", amount, 0.0, fault.amount_max)
        fault.put_on(plant, amount)
    except ValueError as refusal:
        raise FaultRefused(str(refusal)) from refusal
