"""Curves for the report, out of a chronicle: (times in ms since power-on, values).

Delivered is the plant's ledger at the catheter's tip, smoothed over a stated window; nothing
here comes from rate x time.
"""

from bisect import bisect_right
from collections.abc import Callable

from emulator.story.chronicle import Chronicle, Sample

WINDOW_MS = 900_000  # a quarter of an hour: 45 steps at 0.2 mL/day, so a step more or less is 2 %
GRID_MS = 120_000
_SMALL_PA = 500.0  # a pressure that differs by less from the last one plotted waits for the grid

Curve = tuple[list[int], list[float]]


def mcg_h(rate_nl_day: float, conc_mcg_ml: int) -> float:
    """A rate as dose per hour."""
    return rate_nl_day * conc_mcg_ml / 24e6


def prescribed(chronicle: Chronicle) -> Curve:
    """What was ordered, in mcg/h: a value at each change, holding until the next."""
    orders = chronicle.orders
    times = [*orders.edges_ms(chronicle.end_ms), chronicle.end_ms]
    rates = [orders.rate_nl_day(t_ms) for t_ms in times]
    return times, [mcg_h(rate, orders.conc_mcg_ml) for rate in rates]


def delivered(chronicle: Chronicle) -> Curve:
    """What left by the tip, in mcg/h, over WINDOW_MS around each instant of a grid."""
    conc = chronicle.orders.conc_mcg_ml
    tip = _between(chronicle.samples, lambda sample: sample.tip_nl)
    times, rates = [], []
    for t_ms in range(0, chronicle.end_ms + 1, GRID_MS):
        from_ms, until_ms = _window(t_ms, chronicle.end_ms)
        nl_day = (tip(until_ms) - tip(from_ms)) / (until_ms - from_ms) * 86.4e6
        times.append(t_ms)
        rates.append(mcg_h(nl_day, conc))
    return times, rates


def behind(chronicle: Chronicle) -> Curve:
    """Prescribed so far and not delivered, in mcg: what is missed."""
    orders = chronicle.orders
    times, doses = [], []
    for sample in _thinned(chronicle.samples):
        missed_nl = float(orders.volume_nl(0, sample.t_ms)) - sample.tip_nl
        times.append(sample.t_ms)
        doses.append(missed_nl * orders.conc_mcg_ml / 1e6)
    return times, doses


def pressure(chronicle: Chronicle) -> Curve:
    """At the pump's outlet, in kPa."""
    kept = _thinned(chronicle.samples)
    return [sample.t_ms for sample in kept], [sample.outlet_pa / 1_000 for sample in kept]


def reservoir(chronicle: Chronicle) -> Curve:
    """What is in it, in mL."""
    kept = _thinned(chronicle.samples)
    return [sample.t_ms for sample in kept], [sample.reservoir_nl / 1e6 for sample in kept]


def _thinned(samples: list[Sample]) -> list[Sample]:
    """Samples at about the grid's distance, closer where the pressure moves; both ends kept."""
    kept = samples[:1]
    for before, sample in zip(samples, samples[1:]):
        if abs(sample.outlet_pa - kept[-1].outlet_pa) > _SMALL_PA:
            if kept[-1] is not before:
                kept.append(before)
            kept.append(sample)
        elif sample.t_ms - kept[-1].t_ms >= GRID_MS or sample is samples[-1]:
            kept.append(sample)
    return kept


def _window(t_ms: int, end_ms: int) -> tuple[int, int]:
    """The window around t_ms, moved into the run; the whole run, if that is shorter."""
    width_ms = max(1, min(WINDOW_MS, end_ms))
    from_ms = min(max(0, t_ms - width_ms // 2), max(0, end_ms - width_ms))
    return from_ms, from_ms + width_ms


def _between(samples: list[Sample], value: Callable[[Sample], float]) -> Callable[[float], float]:
    """The value at any instant: on the straight line between two samples."""
    times = [sample.t_ms for sample in samples]

    def at(t_ms: float) -> float:
        place = bisect_right(times, t_ms)
        if place == 0 or place == len(samples):
            return value(samples[max(0, place - 1)])
        before, after = samples[place - 1], samples[place]
        part = (t_ms - before.t_ms) / (after.t_ms - before.t_ms)
        return value(before) + part * (value(after) - value(before))

    return at
