"""A prescription file: for whom, of what, how much. Typed units; nothing is guessed or rounded.

    [pump]
    serial = "OITB-0001"            # may be left out: then the programmer asks for them
    patient_label = "Bed 4"

    [drug]
    name = "baclofen"
    concentration = "2000 mcg/mL"

    [therapy]
    mode = "continuous"
    dose = "300 mcg/day"           # or rate = "12.5 mcg/h", "0.15 mL/day"

or, for a day in segments, each lasting to the next and the last one past midnight to the first:

    [therapy]
    mode = "schedule"
    dose = "354 mcg/day"           # may be left out; else it must be what the segments add up to

    [[therapy.segment]]
    start = "06:00"
    rate = "12 mcg/h"

A [setup] table in the same file belongs to commissioning (setup_file.py) and is passed over here.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from protocol.programmer import quantity, toml_file
from protocol.programmer.program import Program, Segment
from protocol.programmer.quantity import QuantityError, decimal
from protocol.programmer.toml_file import FileError, Table
from protocol.wire import schema

SERIAL_CHARS_MAX = 16
PATIENT_LABEL_CHARS_MAX = 24
DRUG_CHARS_MAX = 16
_MODES = {"continuous": schema.CONTINUOUS, "schedule": schema.SCHEDULE}


@dataclass(frozen=True)
class Prescription:
    """serial, patient_label: "" where the file leaves them out. drug: the name on the setup."""

    serial: str
    patient_label: str
    drug: str
    program: Program


def read(path: Path) -> Prescription:
    """The prescription in a file. Raises FileError with file, table, key and what to write."""
    root = toml_file.load(path)
    root.drop("setup")
    serial, patient_label = _read_pump(root)
    drug, conc_mcg_ml = read_drug(root)
    program = _read_therapy(root.table("therapy"), conc_mcg_ml)
    root.close()
    return Prescription(serial, patient_label, drug, program)


def read_drug(root: Table) -> tuple[str, int]:
    """Name of the drug and its concentration in mcg/mL, from the table [drug]."""
    table = root.table("drug")
    name = table.text("name", DRUG_CHARS_MAX)
    conc_mcg_ml = table.take("concentration", quantity.conc_mcg_ml)
    table.close()
    return name, conc_mcg_ml


def _read_pump(root: Table) -> tuple[str, str]:
    if not root.has("pump"):
        return "", ""
    table = root.table("pump")
    serial = table.text("serial", SERIAL_CHARS_MAX) if table.has("serial") else ""
    has_label = table.has("patient_label")
    label = table.text("patient_label", PATIENT_LABEL_CHARS_MAX) if has_label else ""
    table.close()
    return serial, label


def _read_therapy(table: Table, conc_mcg_ml: int) -> Program:
    therapy = table.take("mode", _mode)
    if therapy == schema.CONTINUOUS:
        segments = (Segment(0, _continuous_rate(table, conc_mcg_ml)),)
        program = Program(conc_mcg_ml, therapy, segments)
    else:
        program = Program(conc_mcg_ml, therapy, _read_segments(table, conc_mcg_ml))
        if table.has("dose"):
            table.take("dose", lambda dose: _check_total(dose, program))
    table.close()
    if not program.dose_ng_day:
        raise FileError(table.place("mode"), "this delivers nothing", "to stop therapy: `stop`")
    return program


def _mode(value: object) -> int:
    if isinstance(value, str) and value in _MODES:
        return _MODES[value]
    raise QuantityError(f'"{value}" is no mode', 'write "continuous" or "schedule"')


def _continuous_rate(table: Table, conc_mcg_ml: int) -> int:
    if table.has("dose") and table.has("rate"):
        raise FileError(table.place("rate"), "dose and rate say the same", "write one of them")
    if table.has("dose"):
        return table.take("dose", lambda dose: quantity.dose_nl_day(dose, conc_mcg_ml))
    return table.take("rate", lambda rate: quantity.rate_nl_day(rate, conc_mcg_ml))


def _read_segments(table: Table, conc_mcg_ml: int) -> tuple[Segment, ...]:
    rows = table.rows("segment")
    if not 1 <= len(rows) <= schema.SEGMENTS_MAX:
        raise FileError(
            table.place("segment"),
            f"a schedule has 1 to {schema.SEGMENTS_MAX} segments, not {len(rows)}",
        )
    segments: list[Segment] = []
    for row in rows:
        start_min = row.take("start", quantity.time_min)
        rate_nl_day = row.take("rate", lambda rate: quantity.rate_nl_day(rate, conc_mcg_ml))
        row.close()
        if segments and start_min <= segments[-1].start_min:
            raise FileError(
                row.place("start"),
                "is not later than the segment before it",
                "write the segments in the order of the day, from midnight on",
            )
        segments.append(Segment(start_min, rate_nl_day))
    return tuple(segments)


def _check_total(dose: object, program: Program) -> None:
    """The stated 24-hour dose must be what the segments add up to, to a thousandth of a mcg."""
    stated_ng_day = quantity.dose_ng_day(dose)
    if abs(stated_ng_day - program.dose_ng_day) > 1:
        total = decimal(Fraction(program.dose_ng_day, 1_000), 3)
        raise QuantityError(
            f'the segments add up to {total} mcg/day, not to "{dose}"',
            "correct the segments or the dose: one of them is not what was meant",
        )
