"""A count modulo 2**32, whose increment allocates nothing."""

from protocol.wire import schema

_LOW_MAX = 1 << 20


class Count:
    """In two small ints."""

    def __init__(self) -> None:
        self._low = 0
        self._high = 0

    def add(self, steps: int) -> None:
        """Add 0 .. 2**20."""
        self._low += steps
        if self._low >= _LOW_MAX:
            self._low -= _LOW_MAX
            self._high += 1

    def value(self) -> int:
        """The count; may be a big int."""
        return self._high * _LOW_MAX + self._low & schema.U32_MAX

    def set(self, value: int) -> None:
        """Go on from ``value`` (>= 0)."""
        self._high = value // _LOW_MAX
        self._low = value % _LOW_MAX
