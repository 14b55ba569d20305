"""The kinds of board that are known: every file of this folder that defines BOARD."""

import importlib
import pkgutil
from functools import cache

from emulator.bench.boards.kind import BoardKind

DEFAULT = "pico_w"  # the one that the virtual Pico is


@cache
def known() -> dict[str, BoardKind]:
    """All kinds, by name."""
    found = [importlib.import_module(f"{__name__}.{one.name}") for one in _files()]
    kinds = [module.BOARD for module in found if hasattr(module, "BOARD")]
    return {kind.name: kind for kind in kinds}


def by_machine(machine: str) -> BoardKind | None:
    """The kind that MicroPython calls so, or None."""
    return next((kind for kind in known().values() if kind.machine == machine), None)


def _files() -> list[pkgutil.ModuleInfo]:
    return sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name)
