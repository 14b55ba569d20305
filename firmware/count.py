"""A count modulo 2**32, whose increment allocates nothing."""

from firmware.guard import put
from protocol.wire import schema

_LOW_MAX = 1 << 20

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.guard import Words


class Count:
    """In two small ints, guarded: at a place in words, and the one after it."""

    def __init__(self, words: "Words", place: int) -> None:
        self._words = words
        self._place = place

    def add(self, steps: int) -> None:
        """Add 0 .. 2**20."""
        words = self._words
        place = self._place
        low = words[place] + steps
        if low >= _LOW_MAX:
            low -= _LOW_MAX
            put(words, place + 2, words[place + 2] + 1)
        words[place] = low
        words[place + 1] = ~low

    def value(self) -> int:
        """The count; may be a big int."""
        words = self._words
        return words[self._place + 2] * _LOW_MAX + words[self._place] & schema.U32_MAX

    def set(self, value: int) -> None:
        """Go on from ``value`` (>= 0)."""
        put(self._words, self._place + 2, value // _LOW_MAX)
        put(self._words, self._place, value % _LOW_MAX)
