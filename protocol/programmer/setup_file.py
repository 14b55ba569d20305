"""What commissioning needs to know: the pump, the drug, the reservoir, the catheter, the limit.

From the tables [pump], [drug] and [setup] of a TOML file, from options, or from both: an option
holds over the file. The same file may carry the prescription; [therapy] is passed over here.

    [setup]
    reservoir = "20 mL"
    catheter_length = "89 cm"
    catheter_volume = "2.2 uL/cm"
    dose_limit = "1000 mcg/day"
"""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from protocol.programmer import prescription, quantity, toml_file
from protocol.programmer.quantity import QuantityError, decimal
from protocol.programmer.toml_file import FileError, text_of
from protocol.wire import schema

Reader = Callable[[object], Any]


def _reservoir(value: object) -> int:
    volume_nl = quantity.volume_nl(value)
    if volume_nl not in schema.RESERVOIR_NL_ACCEPTED:
        accepted = [f'"{one // 1_000_000} mL"' for one in schema.RESERVOIR_NL_ACCEPTED]
        raise QuantityError(
            f'"{value}" is no reservoir of this pump', f"write {' or '.join(accepted)}"
        )
    return volume_nl


def _bounded(field: str, read: Callable[[object], int], per: int, unit: str) -> Reader:
    """`read`, held to the range of the field in SETUP; per and unit are for the message."""
    low, high = next(
        (low, high) for name, _, low, high in schema.MESSAGES[schema.SETUP] if name == field
    )

    def bounded(value: object) -> int:
        amount = read(value)
        if not low <= amount <= high:
            span = f"{decimal(Fraction(low, per))} to {decimal(Fraction(high, per))}"
            raise QuantityError(f'"{value}" is out of range', f"accepted: {span} {unit}")
        return amount

    return bounded


def _text(length_max: int) -> Reader:
    return lambda value: text_of(value, length_max)


# (name of the field on the wire, table and key in the file, how it is read), in the wire's order.
FIELDS: tuple[tuple[str, str, str, Reader], ...] = (
    ("serial", "pump", "serial", _text(prescription.SERIAL_CHARS_MAX)),
    ("patient_label", "pump", "patient_label", _text(prescription.PATIENT_LABEL_CHARS_MAX)),
    ("drug", "drug", "name", _text(prescription.DRUG_CHARS_MAX)),
    ("conc_mcg_ml", "drug", "concentration", quantity.conc_mcg_ml),
    ("reservoir_nl", "setup", "reservoir", _reservoir),
    (
        "catheter_um", "setup", "catheter_length",
        _bounded("catheter_um", quantity.length_um, 10_000, "cm"),
    ),
    (
        "catheter_nl_cm", "setup", "catheter_volume",
        _bounded("catheter_nl_cm", quantity.volume_nl_cm, 1_000, "uL/cm"),
    ),
    (
        "dose_ng_day_limit", "setup", "dose_limit",
        _bounded("dose_ng_day_limit", quantity.dose_ng_day, 1_000, "mcg/day"),
    ),
)  # fmt: skip


def read(path: Path | None, options: dict[str, str]) -> dict[str, Any]:
    """The fields of SETUP. Raises FileError for the first that is missing or wrong.

    options: by field name, as typed ("20 mL"); each holds over the file.
    """
    given = {} if path is None else _read_file(path)
    for field, text in options.items():
        reader = next(reader for name, _, _, reader in FIELDS if name == field)
        given[field] = _read_option(field, text, reader)
    for field, table, key, _ in FIELDS:
        if field not in given:
            where = f"{path.name}, [{table}], {key}" if path else option_of(field)
            raise FileError(where, "is missing", f"give {option_of(field)}")
    return {field: given[field] for field, _, _, _ in FIELDS}


def option_of(field: str) -> str:
    """The command line option of a field: its name without the unit."""
    names = {
        "conc_mcg_ml": "--concentration",
        "reservoir_nl": "--reservoir",
        "catheter_um": "--catheter-length",
        "catheter_nl_cm": "--catheter-volume",
        "dose_ng_day_limit": "--dose-limit",
    }
    return names.get(field, "--" + field.replace("_", "-"))


def _read_option(field: str, text: str, reader: Reader) -> Any:
    try:
        return reader(text)
    except QuantityError as error:
        raise FileError(option_of(field), error.what, error.suggestion) from None


def _read_file(path: Path) -> dict[str, Any]:
    root = toml_file.load(path)
    root.drop("therapy")
    given: dict[str, Any] = {}
    for name in ("pump", "drug", "setup"):
        if not root.has(name):
            continue
        table = root.table(name)
        for field, _, key, reader in (row for row in FIELDS if row[1] == name):
            if table.has(key):
                given[field] = table.take(key, reader)
        table.close()
    root.close()
    return given
