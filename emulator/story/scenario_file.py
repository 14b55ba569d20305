"""A scenario file: what happens when, and what is expected. Read strictly.

    title = "A kink at 14:00, opened at 17:00"
    duration = "24 h"
    seed = 1                                        # may be left out: 1

    actions = [
        { at = "1 min", do = "magnet" },
        { at = "2 min", do = "setup", file = "../examples/demo.toml" },
        { at = "6 h", do = "kink", amount = "100 %" },
    ]
    expect = [
        { alarm = "OCCLUSION", after = "6 h", by = "8 h" },
    ]

Times count from power-on. All actions: docs/scenarios/README.md. The kinds of expectation and
what each means: expectations.py.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.story import expectations, units
from emulator.story.expectations import ALARMS, Expectation
from emulator.story.happenings import HAPPENINGS, Reader
from protocol.programmer import prescription, quantity, setup_file, toml_file
from protocol.programmer.quantity import QuantityError
from protocol.programmer.toml_file import FileError, Table
from protocol.wire import schema

_REFUSALS = units.OneOf(schema.REFUSALS[1:], "refusal")

# What the clinician can do: its keys. It goes over the wire, and the pump may refuse it.
CLINICAL: dict[str, dict[str, Reader]] = {
    "setup": {"file": lambda path: setup_file.read(path, {})},
    "calibrate": {"steps": units.count, "volume": quantity.volume_nl},
    "clock": {"to": units.moment_s},
    "program": {"file": prescription.read},
    "bolus": {"dose": quantity.dose_ng, "over": quantity.duration_s},
    "cancel_bolus": {},
    "start": {},
    "stop": {},
    "acknowledge": {"alarm": ALARMS},
}
# The plant before power-on: key in [pump], override of the plant, how it is read.
PLANT: dict[str, tuple[str, Reader]] = {
    "reservoir": ("capacity_nl", quantity.volume_nl),
    "content": ("volume_nl", quantity.volume_nl),
    "tolerance": ("tolerance", units.ratio),
}


@dataclass(frozen=True)
class Action:
    """At at_ms, do this.

    values: by key, as read. refused: the refusal that the pump is to answer with, or "". place:
    file and number, for messages.
    """

    at_ms: int
    do: str
    values: dict[str, Any]
    refused: str
    place: str


@dataclass(frozen=True)
class Scenario:
    """A whole file. plant: overrides of the plant (emulator/plant/plant.py)."""

    title: str
    seed: int
    duration_ms: int
    plant: dict[str, float]
    actions: tuple[Action, ...]
    expected: tuple[Expectation, ...]


def read(path: Path) -> Scenario:
    """The scenario in a file. Raises FileError with file, action, key and what to write."""
    root = toml_file.load(path)
    title = root.take("title", _text)
    duration_ms = root.take("duration", units.duration_ms)
    seed = root.take("seed", units.seed) if root.has("seed") else 1
    plant = _plant(root.table("pump")) if root.has("pump") else {}
    actions = tuple(_action(row, path) for row in _rows(root, path, "actions", "action"))
    expected = tuple(
        expectations.read(row, duration_ms) for row in _rows(root, path, "expect", "expectation")
    )
    root.close()
    _check_order(actions, duration_ms)
    return Scenario(title, seed, duration_ms, plant, actions, expected)


def _rows(root: Table, path: Path, key: str, name: str) -> list[Table]:
    rows = root.take(key, _list_of_tables)
    return [Table(path.name, f"{name} {number}", row) for number, row in enumerate(rows, 1)]


def _list_of_tables(value: object) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(row, dict) for row in value):
        return value
    raise QuantityError("is no list of tables", 'write [ { at = "1 min", do = "start" }, ... ]')


def _plant(table: Table) -> dict[str, float]:
    found = {}
    for key, (override, reader) in PLANT.items():
        if table.has(key):
            found[override] = float(table.take(key, reader))
        else:
            table.drop(key)  # so that the message of `close` names it as known
    table.close()
    return found


def _action(row: Table, path: Path) -> Action:
    at_ms = row.take("at", units.duration_ms)
    do = row.take("do", units.OneOf((*CLINICAL, *HAPPENINGS), "action"))
    place = row.place("do")
    readers = CLINICAL.get(do) or HAPPENINGS.get(do) or {}
    values = {}
    for key, reader in readers.items():
        values[key] = row.take(key, _beside(path, reader) if key == "file" else reader)
    refused = ""
    if do in CLINICAL and row.has("refused"):
        refused = row.take("refused", _REFUSALS)
    row.close()
    return Action(at_ms, do, values, refused, place)


def _beside(path: Path, reader: Reader) -> Reader:
    """A reader for a file named relative to the scenario's own folder."""

    def read_file(value: object) -> Any:
        if not isinstance(value, str):
            raise QuantityError(f"{value} is no file name", 'write it in quotes, as "night.toml"')
        return reader(path.parent / value)

    return read_file


def _check_order(actions: tuple[Action, ...], duration_ms: int) -> None:
    """Actions are told as a story: in the order of time, and within it."""
    last_ms = 0
    for action in actions:
        if action.at_ms < last_ms:
            raise FileError(action.place, "is earlier than the action before it", "sort by `at`")
        last_ms = action.at_ms
    if last_ms > duration_ms:
        raise FileError(actions[-1].place, "is after the end", "make `duration` longer")


def _text(value: object) -> str:
    if isinstance(value, str) and value:
        return value
    raise QuantityError(f'"{value}" is no text', 'write it in quotes, as "A quiet day"')
