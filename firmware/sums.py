"""Large sums in guarded words (firmware/guard.py): three numbers of 28 bits each, lowest first.

A sum holds 0 .. 2**84 - 1. Reading and writing may allocate; that the words are sound is for the
caller to know.
"""

from firmware.guard import put

SUM_WORDS = 6
_BITS = 28
_MASK = (1 << _BITS) - 1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.guard import Words


def read(words: "Words", number: int) -> int:
    """The sum with this number."""
    at = number * SUM_WORDS
    return words[at] | words[at + 2] << _BITS | words[at + 4] << 2 * _BITS


def write(words: "Words", number: int, value: int) -> None:
    """Write it anew."""
    at = number * SUM_WORDS
    for place in range(at, at + SUM_WORDS, 2):
        put(words, place, value & _MASK)
        value >>= _BITS
