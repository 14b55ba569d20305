"""The plant refuses to be what it cannot be."""

from __future__ import annotations


def require(what: str, value: float, low: float, high: float) -> None:
    """Raise ValueError unless low <= value <= high. ``what`` names the value and its unit."""
    if not low <= value <= high:
        raise ValueError(f"{what} is {value:g}: possible are {low:g} .. {high:g}")
