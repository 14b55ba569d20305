"""A TOML file read strictly: every refusal names the file, the table and the key.

A misspelt key is an error, not a default: an unread "dose_limt" would be a missing limit.
"""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import tomllib

from protocol.programmer.quantity import QuantityError

T = TypeVar("T")


class FileError(Exception):
    """A file that cannot be used. place: file, table and key. suggestion: what to write, or ""."""

    def __init__(self, place: str, what: str, suggestion: str = "") -> None:
        self.place = place
        self.what = what
        self.suggestion = suggestion
        super().__init__(f"{place}: {what}" + (f"\n  {suggestion}" if suggestion else ""))


class Table:
    """One table of the file. Each key is taken once; `close` refuses those that nobody took."""

    def __init__(self, file: str, name: str, values: dict[str, Any]) -> None:
        self._file = file
        self._name = name
        self._left = dict(values)
        self._known: list[str] = []

    def has(self, key: str) -> bool:
        """Whether the table holds `key` (and it was not taken yet)."""
        return key in self._left

    def take(self, key: str, read: Callable[[Any], T]) -> T:
        """The value of a key, turned by `read`, which raises QuantityError where it cannot."""
        self._known.append(key)
        if key not in self._left:
            raise FileError(self.place(key), "is missing")
        try:
            return read(self._left.pop(key))
        except QuantityError as error:
            raise FileError(self.place(key), error.what, error.suggestion) from None

    def text(self, key: str, length_max: int) -> str:
        """A text of 1..length_max printable ASCII characters."""
        return self.take(key, lambda value: text_of(value, length_max))

    def table(self, key: str) -> "Table":
        """The table below this one with that name."""
        self._known.append(key)
        values = self._left.pop(key, None)
        name = f"{self._name}.{key}" if self._name else key
        if not isinstance(values, dict):
            raise FileError(f"{self._file}, [{name}]", "this table is missing")
        return Table(self._file, name, values)

    def rows(self, key: str) -> list["Table"]:
        """The tables of an array of tables, [[name.key]]; an empty list where there is none."""
        self._known.append(key)
        rows = self._left.pop(key, [])
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise FileError(self.place(key), f"write each one as [[{self._name}.{key}]]")
        names = (f"{self._name}.{key} {number}" for number in range(1, len(rows) + 1))
        return [Table(self._file, name, row) for name, row in zip(names, rows)]

    def drop(self, *keys: str) -> None:
        """Leave keys to another reader of the same file."""
        for key in keys:
            self._left.pop(key, None)
        self._known.extend(keys)

    def close(self) -> None:
        """Refuse the first key that nobody took."""
        for key in self._left:
            raise FileError(self.place(key), "is not known", "known: " + ", ".join(self._known))

    def place(self, key: str) -> str:
        """File, table and key, for a message."""
        return f"{self._file}, [{self._name}], {key}" if self._name else f"{self._file}, {key}"


def text_of(value: object, length_max: int) -> str:
    """A text of 1..length_max printable ASCII characters, or QuantityError."""
    if not isinstance(value, str):
        raise QuantityError(f"{value} is no text", f'write it in quotes: "{value}"')
    if not 1 <= len(value) <= length_max:
        raise QuantityError(
            f'"{value}" is {len(value)} characters long', f"write 1 to {length_max}"
        )
    if any(not " " <= char <= "~" for char in value):
        raise QuantityError(f'"{value}" has characters that the pump cannot show', "write ASCII")
    return value


def load(path: Path) -> Table:
    """The file as its root table. Raises FileError where it cannot be read or is no TOML.

    A bare decimal keeps its digits, so that a message shows it as it was written.
    """
    try:
        with path.open("rb") as file:
            return Table(path.name, "", tomllib.load(file, parse_float=Decimal))
    except OSError as error:
        raise FileError(str(path), error.strerror or "cannot be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(path.name, f"is no TOML: {error}") from None
