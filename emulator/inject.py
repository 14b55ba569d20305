"""Lets `import machine`, `rp2`, `utime`, `uos`, `micropython` succeed where they do not exist.

The firmware names them as the defaults of Board's arguments; a World passes its own chip, clock
and disk, so the stand-ins are never used. Using one all the same raises NoWorld. Modules that the
runtime has built in stay in place.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class NoWorld(RuntimeError):
    """A hardware module was used without a World."""


class Absent:
    """Stands for a module that only the chip has."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> "Any":
        if name.startswith("__"):
            raise AttributeError(name)  # the import system looks for some of these
        raise NoWorld(
            "%s.%s was used outside a World: let World.boot() start the firmware, or pass "
            "world.chip, world.clock and world.disk to Board" % (self._name, name)
        )


class Compiler(Absent):
    """Stands for `micropython`: what its names mean where code is not compiled for a chip."""

    def const(self, _value: "Any") -> "Any":
        """The value itself."""
        return _value

    def alloc_emergency_exception_buf(self, _size: int) -> None:
        """Memory for exceptions in interrupts; there is no shortage of it here."""


_STAND_INS = (
    ("machine", Absent),
    ("rp2", Absent),
    ("utime", Absent),
    ("uos", Absent),
    ("micropython", Compiler),
)


def install() -> None:
    """Fill in what is missing in sys.modules. Cheap; callable any number of times."""
    modules: "Any" = sys.modules
    for name, stand_in in _STAND_INS:
        if name not in modules and not _is_built_in(name):
            modules[name] = stand_in(name)


def _is_built_in(name: str) -> bool:
    """Asked of MicroPython only: elsewhere another file of this name might lie in the path."""
    if sys.implementation.name != "micropython":
        return False
    try:
        __import__(name)
    except ImportError:
        return False
    return True
