"""How the emulated modules read their arguments: as MicroPython's C code does.

In their signatures a leading underscore says positional only: MicroPython has no syntax for it.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WORD_MAX = 0x7FFF_FFFF


def as_int(value: "Any") -> int:
    """What mp_obj_get_int (py/obj.c) makes of ``value`` on a 32-bit chip.

    TypeError for anything but an int or a bool, a float too. OverflowError beyond 32 bits.
    """
    if type(value) is not int and type(value) is not bool:
        raise TypeError("can't convert %s to int" % type(value).__name__)
    if not -_WORD_MAX - 1 <= value <= _WORD_MAX:
        raise OverflowError("overflow converting long int to machine word")
    return int(value)
