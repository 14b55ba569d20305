"""What must hold in every run: the ledgers agree, the dose is exact, nothing is broken.

Nobody has to ask for these checks, and no scenario can leave them out.
"""

from collections.abc import Iterable

from emulator.story.account import Account
from emulator.story.chronicle import Chronicle
from emulator.story.expectations import Check, span
from emulator.world import World

_BOOT_MS_MAX = 2_000


def standing_checks(world: World, chronicle: Chronicle, found: Account) -> list[Check]:
    """The checks of every run but the one of alarms."""
    return [ledgers_agree(found), dose_is_exact(found), nothing_broke(world, chronicle)]


def ledgers_agree(found: Account) -> Check:
    """Rotor steps of the plant against verified steps of the firmware.

    One step may be under way: made, and not yet verified. Differences with a name: the steps of a
    runaway, which the firmware cuts off and does not book; those that a reset hid, which it
    counts as unverified.
    """
    apart = found.steps_apart
    named = f", {found.unasked_steps} of them by a runaway" if found.unasked_steps else ""
    named += f", at most {found.hidden_steps} of them hidden by a reset" if found.resets else ""
    return Check(
        "two ledgers: steps of the plant = verified steps, within one",
        f"{found.head_steps:,} and {found.verified_steps:,}{named}",
        -1 <= apart <= 1 + found.unasked_steps + found.hidden_steps,
    )


def dose_is_exact(found: Account) -> Check:
    """Commanded volume against the exact integral over the time in which delivery was permitted.

    This is also what says that nothing was caught up after a hold, a stop or a reset. A reset
    hides steps, and begins the next one anew.
    """
    apart = found.commanded - found.permitted
    slack = 1 + found.resets
    return Check(
        "exact dose, nothing caught up: commanded = prescribed while permitted, within a step",
        f"{float(found.commanded):,.1f} and {float(found.permitted):,.1f} nL",
        -(slack + found.hidden_steps) * found.step < apart < slack * found.step,
    )


def nothing_broke(world: World, chronicle: Chronicle) -> Check:
    """No interrupt handler of the firmware raised; no reset but when the power came back."""
    faults = [f"{where}: {error!r}" for _, where, error in world.log_errors]
    powered = [t_ms for t_ms, what, amount in chronicle.happenings if what == "power" and amount]
    for t_ms in chronicle.boots[1:]:
        if not any(0 <= t_ms - on_ms <= _BOOT_MS_MAX for on_ms in powered):
            faults.append(f"reset at {span(t_ms)}")
    return Check("no exception in an interrupt, no reset", "; ".join(faults) or "none", not faults)


def only_expected_alarms(chronicle: Chronicle, expected: Iterable[str]) -> Check:
    """An alarm that nobody expected fails the run."""
    welcome = sorted(set(expected) - {""})
    strange = [one for one in chronicle.alarms if one.name not in welcome]
    return Check(
        "no alarm" + (f" but {', '.join(welcome)}" if welcome else ""),
        ", ".join(f"{one.name} at {span(one.raised_ms)}" for one in strange) or "none",
        not strange,
    )
