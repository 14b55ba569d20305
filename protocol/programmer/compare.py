"""Old beside new, the last thing that a person sees before a pump is changed.

The mistakes that have hurt people were units and periods (an hourly dose meant as a daily one,
minutes as hours): so the day's total, its change in per cent and the hour that delivers most stand
beside the rates, computed and not typed.
"""

from fractions import Fraction

from protocol.programmer import amounts, show
from protocol.programmer.answers import ReadSetupAnswer, SetupFields
from protocol.programmer.program import Program
from protocol.programmer.quantity import decimal
from protocol.wire import schema

NOTHING = "-"
_HOURS_AHEAD = (1, 6, 24)

# A change of the day's dose beyond these is unusual, and has to be retyped. Source: label for
# intrathecal baclofen, titration of adults: +10 to +30 % in 24 h (spinal origin), -10 to -20 %.
RISE_USUAL = Fraction(30, 100)
FALL_USUAL = Fraction(20, 100)


def programs(old: Program | None, new: Program) -> str:
    """Two prescriptions side by side, at every time at which one of them changes its rate."""
    rows = [("", "old", "new", "change")]
    rows.append(("therapy", _therapy(old), _therapy(new), ""))
    rows.append(("concentration", _conc(old), _conc(new), ""))
    starts = {one.start_min for held in (old, new) if held for one in held.segments}
    for minute in sorted(starts):
        rows.append((f"from {amounts.clock(minute)}", *_rates(old, new, minute)))
    rows.append(("24 h dose", *_doses(old, new)))
    rows.append(("24 h volume", _volume(old), _volume(new), ""))
    rows.append(("peak hour", _peak(old), _peak(new), _peak_change(old, new)))
    return show.table(rows)


def is_unusual(old: Program | None, new: Program) -> bool:
    """Whether the 24 h dose rises or falls by more than a titration usually does."""
    if old is None or not old.dose_ng_day:
        return False
    change = Fraction(new.dose_ng_day - old.dose_ng_day, old.dose_ng_day)
    return change > RISE_USUAL or change < -FALL_USUAL


def setups(old: ReadSetupAnswer | None, new: SetupFields) -> str:
    """Two set-ups side by side; what changes is marked."""
    rows = [("", "old", "new", "")]
    for field, label in show.SETUP_LABELS.items():
        before = show.setup_value(old, field) if old else NOTHING
        after = show.setup_value(new, field)
        rows.append((label, before, after, "changed" if old and before != after else ""))
    volume = amounts.volume(show.catheter_nl(old)) if old else NOTHING
    rows.append(("catheter, whole", volume, amounts.volume(show.catheter_nl(new)), ""))
    return show.table(rows)


def clocks(held: Program | None, old_s: int | None, new_s: int) -> str:
    """What a jump of the clock does to the place in the schedule, and to the doses that follow.

    Any 24 hours of a schedule hold the same dose; a jump moves where in them it comes.
    old_s: the pump's clock now, None where it is not set. held: the prescription, or None.
    """
    rows = [("", "now", "after"), ("clock", _wall(old_s), amounts.wall(new_s))]
    if old_s is not None:
        rows.append(("jump", "", _jump(new_s - old_s)))
    if held and held.therapy == schema.SCHEDULE:
        rows.append(("segment", _segment(held, old_s), _segment(held, new_s)))
        rows.append(("rate", _rate_at(held, old_s), _rate_at(held, new_s)))
        for hours in _HOURS_AHEAD:
            old, new = (_dose_ahead(held, wall_s, hours) for wall_s in (old_s, new_s))
            rows.append((f"dose of the next {hours} h", old, new))
    return show.table(rows)


def steps(old_pl: int, new_pl: Fraction) -> str:
    """The volume of a step as calibrated and as measured."""
    rows = [
        ("", "old", "measured", "change"),
        (
            "volume of a step",
            amounts.of_field("step_pl", old_pl),
            f"{decimal(new_pl / 1_000, 3)} nL",
            amounts.change(old_pl, new_pl),
        ),
    ]
    return show.table(rows)


def _therapy(held: Program | None) -> str:
    if held is None:
        return NOTHING
    if held.therapy == schema.CONTINUOUS:
        return "continuous"
    return f"schedule of {len(held.segments)}"


def _conc(held: Program | None) -> str:
    return f"{held.conc_mcg_ml} mcg/mL" if held else NOTHING


def _rates(old: Program | None, new: Program, minute: int) -> tuple[str, str, str]:
    """Rates as doses: a change of concentration changes the volume, not what the patient gets."""
    after = amounts.rate(new.rate_at(minute), new.conc_mcg_ml)
    if old is None:
        return NOTHING, after, ""
    before_ng = old.rate_at(minute) * old.conc_mcg_ml
    change = amounts.change(before_ng, new.rate_at(minute) * new.conc_mcg_ml)
    return amounts.rate(old.rate_at(minute), old.conc_mcg_ml), after, change


def _doses(old: Program | None, new: Program) -> tuple[str, str, str]:
    after = amounts.dose_day(new.dose_ng_day)
    if old is None:
        return NOTHING, after, ""
    change = amounts.change(old.dose_ng_day, new.dose_ng_day)
    return amounts.dose_day(old.dose_ng_day), after, change


def _volume(held: Program | None) -> str:
    return amounts.volume_rate(held.total_nl_day) if held else NOTHING


def _peak(held: Program | None) -> str:
    if held is None:
        return NOTHING
    peak_min, peak_ng = held.peak()
    return f"{amounts.dose(peak_ng)} from {amounts.clock(peak_min)}"


def _peak_change(old: Program | None, new: Program) -> str:
    return amounts.change(old.peak()[1], new.peak()[1]) if old else ""


def _minute(wall_s: int) -> int:
    return wall_s % 86_400 // 60


def _wall(wall_s: int | None) -> str:
    return "not set" if wall_s is None else amounts.wall(wall_s)


def _jump(seconds: int) -> str:
    return f"{amounts.duration(abs(seconds))} {'forward' if seconds >= 0 else 'backward'}"


def _segment(held: Program, wall_s: int | None) -> str:
    if wall_s is None:
        return NOTHING
    at = held.segment_at(_minute(wall_s))
    start_min, minutes, _ = held.spans()[at]
    end = amounts.clock((start_min + minutes) % schema.DAY_MIN)
    return f"{at + 1} of {len(held.segments)}, {amounts.clock(start_min)} to {end}"


def _dose_ahead(held: Program, wall_s: int | None, hours: int) -> str:
    if wall_s is None:
        return NOTHING
    return amounts.dose(held.dose_ng(_minute(wall_s), 60 * hours))


def _rate_at(held: Program, wall_s: int | None) -> str:
    if wall_s is None:
        return NOTHING
    return amounts.rate(held.rate_at(_minute(wall_s)), held.conc_mcg_ml)
