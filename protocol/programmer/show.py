"""What a person reads about one pump: status, set-up, prescription, totals, alarms, clock.

Pure functions from answers to text; nothing here talks to a pump.
"""

from collections.abc import Mapping, Sequence
from typing import cast

from protocol import names
from protocol.programmer import amounts, texts
from protocol.programmer.answers import (
    AlarmRow,
    HelloAnswer,
    ReadClockAnswer,
    ReadSetupAnswer,
    RefilledAnswer,
    SetupFields,
    StatusAnswer,
    TotalsAnswer,
)
from protocol.programmer.program import Program
from protocol.wire import schema

_SPANS = (
    ("continuous", "continuous"),
    ("schedule", "schedule"),
    ("refill", "since refill"),
    ("midnight", "since midnight"),
    ("bolus", "of it by boluses"),
)
_INDENT = "  "

# Labels of the set-up, in the order in which they are shown; a test holds them to the schema.
SETUP_LABELS = {
    "serial": "serial number",
    "patient_label": "patient label",
    "drug": "drug",
    "conc_mcg_ml": "concentration",
    "reservoir_nl": "reservoir",
    "catheter_um": "catheter length",
    "catheter_nl_cm": "catheter volume",
    "dose_ng_day_limit": "limit of 24 h dose",
}


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns, indented; the last column is not padded."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = (
        _INDENT + "   ".join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def identity(hello: HelloAnswer) -> str:
    """Which pump this is, on one line."""
    if not hello["serial"]:
        return "Pump without a serial number (not commissioned)"
    return f'Pump {hello["serial"]}, patient label "{hello["patient_label"]}"'


def state(value: int) -> str:
    """The name of the state and what it means."""
    name = amounts.name_of(value, names.STATES)
    return f"{name}: {texts.STATES.get(name, 'unknown to this programmer')}"


def status(answer: StatusAnswer, conc_mcg_ml: int) -> str:
    """How the pump is. conc_mcg_ml: 0 where the pump is not commissioned."""
    rows = [
        ("state", state(answer["state"])),
        ("therapy", texts.THERAPIES[amounts.name_of(answer["therapy"], names.THERAPIES)]),
        ("rate now", _rate_now(answer, conc_mcg_ml)),
        ("bolus", _goes_on(answer["bolus_left_s"])),
        ("alarms", _alarm_names(answer)),
        ("outlet pressure", amounts.of_field("pressure_pa", answer["pressure_pa"])),
        ("reservoir", amounts.of_field("level_nl", answer["level_nl"])),
        ("clock", amounts.wall(answer["wall_s"]) if answer["wall_s"] else "not set"),
        ("time since reset", amounts.duration(answer["uptime_s"])),
        ("programming window", _open_for(answer["window_s"], "closed")),
        ("tones silenced", _open_for(answer["silence_s"], "no")),
    ]
    if answer["fault_reason"]:
        reason = amounts.name_of(answer["fault_reason"], names.FAULTS)
        rows.append(("fault", f"{reason}: {texts.FAULTS.get(reason, 'unknown')}"))
    return table(rows)


def setup(answer: ReadSetupAnswer) -> str:
    """How the pump was commissioned."""
    rows = [(label, setup_value(answer, field)) for field, label in SETUP_LABELS.items()]
    rows.append(("catheter, whole", amounts.volume(catheter_nl(answer))))
    rows.append(("volume of a step", amounts.of_field("step_pl", answer["step_pl"])))
    return table(rows)


def setup_value(fields: SetupFields, field: str) -> str:
    """One field of the set-up, with its unit."""
    value = dict(fields)[field]
    return amounts.of_field(field, value) if isinstance(value, int) else str(value)


def catheter_nl(fields: SetupFields) -> int:
    """Volume of the whole catheter."""
    return fields["catheter_um"] * fields["catheter_nl_cm"] // 10_000


def program(held: Program) -> str:
    """A prescription: its segments, total and peak hour."""
    rows = [("concentration", f"{held.conc_mcg_ml} mcg/mL", "")]
    for start_min, minutes, rate_nl_day in held.spans():
        end_min = (start_min + minutes) % schema.DAY_MIN
        rows.append(
            (
                f"{amounts.clock(start_min)} to {amounts.clock(end_min)}",
                amounts.rate(rate_nl_day, held.conc_mcg_ml),
                amounts.volume_rate(rate_nl_day),
            )
        )
    peak_min, peak_ng = held.peak()
    rows.append(
        ("24 hours", amounts.dose_day(held.dose_ng_day), amounts.volume_rate(held.total_nl_day))
    )
    rows.append(("peak hour", amounts.dose(peak_ng), f"from {amounts.clock(peak_min)}"))
    return table(rows)


def totals(answer: TotalsAnswer) -> str:
    """What was delivered: a bracket, from the steps that the encoder saw to all that were made."""
    rows = [
        ("", "at least (verified)", "at most (with unverified)"),
        ("volume", amounts.volume(answer["verified_nl"]), amounts.volume(answer["possible_nl"])),
        ("dose", amounts.dose(answer["verified_ng"]), amounts.dose(answer["possible_ng"])),
        (
            "steps",
            f"{answer['verified_steps']:,}",
            f"{answer['verified_steps'] + answer['unverified_steps']:,}",
        ),
        *(_span(label, answer, span) for span, label in _SPANS),
    ]
    commanded = (
        f"{answer['commanded_steps']:,} steps of {amounts.of_field('step_pl', answer['step_pl'])}"
    )
    return f"{table(rows)}\n{_INDENT}commanded: {commanded}"


def _span(label: str, answer: TotalsAnswer, span: str) -> tuple[str, str, str]:
    values = cast(Mapping[str, int], answer)
    low, high = values[f"{span}_verified_nl"], values[f"{span}_possible_nl"]
    return label, amounts.volume(low), amounts.volume(high)


def refilled(answer: RefilledAnswer) -> str:
    """What was delivered between two refills, and what is in the reservoir now."""
    low, high = answer["ended_verified_nl"], answer["ended_possible_nl"]
    return table(
        [
            ("since the refill before", f"{amounts.volume(low)} to {amounts.volume(high)}"),
            ("in the reservoir now", f"{amounts.volume(answer['level_nl'])}, measured"),
        ]
    )


def alarms(rows: Sequence[AlarmRow], uptime_s: int) -> str:
    """Each alarm with what it means and what to do. uptime_s: of now, to say how long ago."""
    if not rows:
        return f"{_INDENT}no alarm"
    return "\n".join(_alarm(row, uptime_s) for row in rows)


def has_alarm(answer: StatusAnswer) -> bool:
    """Whether any alarm stands: active, or not acknowledged."""
    return bool(answer["alarms_active"] or answer["alarms_waiting"])


def stands(row: AlarmRow) -> bool:
    """Whether the alarm is there, or nobody has acknowledged it yet."""
    return bool(row["active"]) or not row["acknowledged"]


def clock(answer: ReadClockAnswer, here_s: int) -> str:
    """The pump's clock against this computer's. here_s: local time here, as wall_s."""
    rows = [("this computer", amounts.wall(here_s))]
    if answer["set"]:
        ahead_s = answer["wall_s"] - here_s
        rows.insert(0, ("pump", amounts.wall(answer["wall_s"])))
        side = "ahead" if ahead_s > 0 else "behind"
        rows.append(("difference", f"{amounts.duration(abs(ahead_s))} {side if ahead_s else ''}"))
    else:
        rows.insert(0, ("pump", "not set"))
    rows.append(("time since reset", amounts.duration(answer["uptime_s"])))
    return table(rows)


def _rate_now(answer: StatusAnswer, conc_mcg_ml: int) -> str:
    if not answer["rate_nl_day"]:
        return "nothing is delivered"
    text = amounts.volume_rate(answer["rate_nl_day"])
    if conc_mcg_ml:
        text = f"{amounts.rate(answer['rate_nl_day'], conc_mcg_ml)}, {text}"
    if answer["next_change_s"]:
        text += (
            f" (segment {answer['segment']}, next in {amounts.duration(answer['next_change_s'])})"
        )
    return text


def _goes_on(left_s: int) -> str:
    return f"under way for {amounts.duration(left_s)} more" if left_s else "none"


def _alarm_names(answer: StatusAnswer) -> str:
    active = amounts.names_in(answer["alarms_active"], amounts.ALARM_NAMES)
    waiting = amounts.names_in(answer["alarms_waiting"], amounts.ALARM_NAMES)
    parts = [
        f"{name} ({'active' if name in active else 'gone'}"
        f"{', not acknowledged' if name in waiting else ''})"
        for name in amounts.ALARM_NAMES
        if name in active or name in waiting
    ]
    return ", ".join(parts) or "none"


def _open_for(seconds: int, closed: str) -> str:
    return f"for {amounts.duration(seconds)}" if seconds else closed


def _alarm(row: AlarmRow, uptime_s: int) -> str:
    name, priority, _ = schema.ALARM_TABLE[row["alarm"]]
    text = texts.ALARMS[name]
    condition = "active" if row["active"] else "gone"
    seen = "acknowledged" if row["acknowledged"] else "NOT acknowledged"
    times = "once" if row["count"] == 1 else f"{row['count']} times"
    ago = amounts.duration(uptime_s - row["raised_s"])
    lines = [
        f"{_INDENT}{name} ({texts.PRIORITIES[priority]}): {condition}, {seen}",
        f"{_INDENT * 2}raised {times}, last {ago} ago"
        + (f", at {amounts.of_field(text.value, row['value'])}" if text.value else ""),
        f"{_INDENT * 2}{text.meaning}",
        f"{_INDENT * 2}{text.action}",
    ]
    return "\n".join(lines)
