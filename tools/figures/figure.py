"""A figure: a promise, how it is measured, and what it must reach."""

import traceback
from collections.abc import Callable
from typing import Any


class Figure:
    """One row of `make prove`.

    ident: stable name. promise: in a sentence. unit: of the measured number. gate: what it must
    reach to hold. target: what we would be proud of. at_least: whether more is better. measure:
    returns the number, or (number, remark).
    """

    def __init__(
        self,
        ident: str,
        promise: str,
        unit: str,
        gate: float,
        target: float,
        at_least: bool,
        measure: Callable[[], Any],
    ) -> None:
        self.ident = ident
        self.promise = promise
        self.unit = unit
        self.gate = gate
        self.target = target
        self.at_least = at_least
        self.measure = measure

    def row(self) -> dict[str, Any]:
        """Measure now; the row as it is written. What cannot be measured does not hold."""
        try:
            found = self.measure()
        except Exception as error:
            traceback.print_exc()
            found = None, f"could not be measured: {error!r}"
        measured, remark = found if isinstance(found, tuple) else (found, "")
        holds = measured is not None and (
            measured >= self.gate if self.at_least else measured <= self.gate
        )
        return {
            "id": self.ident,
            "promise": self.promise,
            "measured": measured,
            "unit": self.unit,
            "gate": self.gate,
            "target": self.target,
            "better": "more" if self.at_least else "less",
            "holds": holds,
            "remark": remark,
        }


def at_most(
    ident: str, promise: str, unit: str, gate: float, target: float | None = None
) -> Callable[[Callable[[], Any]], Figure]:
    """Decorator: the measured number must be at most `gate`; target: the gate unless given."""
    return lambda measure: Figure(
        ident, promise, unit, gate, gate if target is None else target, False, measure
    )


def at_least(
    ident: str, promise: str, unit: str, gate: float, target: float | None = None
) -> Callable[[Callable[[], Any]], Figure]:
    """Decorator: the measured number must be at least `gate`."""
    return lambda measure: Figure(
        ident, promise, unit, gate, gate if target is None else target, True, measure
    )
