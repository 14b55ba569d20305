"""Figures of memory and time: flipped bits, a heap that ends, counters that wrap, ten years."""

from tests import decade, pump_years
from tests.fault import flips, resets, shortage, stored_flips
from tools.figures.cases import failed
from tools.figures.figure import at_most


@at_most("MEMORY-01", "flipped bits of guarded numbers not found before the next step", "bits", 0)
def flipped_bits() -> tuple[int, str]:
    """Every bit, of a full schedule of 24 segments, at three instants of a step."""
    found = [flips.campaign(when, flips.BY_THE_HOUR) for when in flips.UNTIL_MS]
    count = sum(bits for bits, _ in found)
    return sum(len(failed) for _, failed in found), f"{count:,} bits flipped, one at a time"


@at_most(
    "MEMORY-02", "failed allocations that left neither safe state nor what was before", "calls", 0
)
def failed_allocations() -> tuple[int, str]:
    """Each allocating call of each request once, of an hour's records, and of a start."""
    found = [shortage.campaign(name) for name in shortage.REQUESTS]
    count = sum(calls for calls, _ in found)
    wrong = sum(len(failed) for _, failed in found)
    at = 1
    came = True
    while came:
        came, verdict = shortage.in_the_background(at)
        wrong += bool(verdict)
        at += 1
    count += at - 2
    start = shortage.Start()
    at = 1
    came = True
    while came:
        came, verdict = start.run(at)
        wrong += bool(verdict)
        at += 1
    return wrong, f"{count + at - 2:,} calls failed, one at a time"


@at_most("MEMORY-03", "error of any count in ten years of the tasks that count", "counts", 0)
def decade_of_counts() -> tuple[int, str]:
    """Uptime, wall time, second time base, steps at 24 mL/day: hour by hour, all wraps crossed."""
    found = decade.ten_years()
    return max(found.values()), f"{decade.YEARS * 365 * 24:,} hours; clock, wall time, RTC, steps"


@at_most(
    "MEMORY-04", "flipped bits of stored records that are lost untold, or make a step", "bits", 0
)
def flipped_stored_bits() -> tuple[int, str]:
    """Every bit of every record, in one generation and in both."""
    count, failed = stored_flips.campaign()
    return len(failed), f"{count:,} bits flipped, one at a time"


@at_most("MEMORY-05", "resets of a day after which ledger or delivery are wrong", "resets", 0)
def resets_of_a_day() -> tuple[int, str]:
    """At every event of a day the watchdog, and a power failure; an hour after one in seven."""
    found = resets.campaign(2, 7)
    failed = {text.partition(":")[0] for text in found.failed}
    count = sum(found.events.values())
    remark = (
        f"{count:,} events, {found.resets:,} resets; {found.steps:,} steps in {found.hours:,} h"
    )
    return len(failed), remark


@at_most("MEMORY-06", "what ten years of a whole pump have otherwise than arithmetic", "items", 0)
def decade_of_a_pump() -> tuple[int, str]:
    """Every record, event, midnight, edge and tone; all its tasks, but most of its steps."""
    life = pump_years.live(pump_years.DAYS)
    counted = ", ".join(f"{count:,} {name}" for name, count in life.counted.items())
    return len(life.wrong), f"{counted}, {life.order.steps:,} steps"


@at_most(
    "MEMORY-07",
    "full queues and full heaps after which it is not safe or says nothing",
    "cases",
    0,
)
def queues_and_heaps() -> tuple[int, str]:
    """A full heap on MicroPython unix, a full queue there and on wasm; both on CPython."""
    parity = "tests/parity/test_parity.py::test_a_pump_whose_"
    return failed(
        parity + "heap_is_full_delivers_on_alarms_and_has_it_in_the_log",
        parity + "scheduler_queue_is_full_delivers_on_and_has_it_in_the_log",
        "tests/fault/test_no_memory.py",
    )


@at_most(
    "MEMORY-08",
    "clocks, wraps and edges at which a dose changes by more than the edge",
    "cases",
    0,
)
def clocks() -> tuple[int, str]:
    """Settings, DST, zones, leap days, 2038, 2100; ticks at 2**29 and 2**30; midnights."""
    return failed(
        "tests/fault/test_clock.py",
        "tests/fault/test_wraps.py",
        "tests/fault/test_midnight.py",
        "tests/property/test_schedule_edges.py",
    )


@at_most(
    "MEMORY-09", "flipped bits beside the guarded numbers that change a dose untold", "cases", 0
)
def held_twice() -> tuple[int, str]:
    """Limits, latches, the order to deliver, proposals, the account of boluses."""
    return failed("tests/fault/test_held_twice.py", "tests/fault/test_bolus_account.py")
