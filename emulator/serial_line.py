"""The two wires of a serial line, and the pace at which bytes move on them.

Exact: instants are integer ratios counted from the start of a burst, so no rounding adds up. No
events: what has arrived is counted when somebody looks.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

_US_PER_S = 1_000_000


class _Burst:
    """Bytes that follow each other without a gap."""

    def __init__(self, start_us: int, data: bytes) -> None:
        self.start_us = start_us
        self.data = data
        self.arrived = 0  # this many have been handed on


class SerialLine:
    """Bytes on their way in and out. incoming: what is still coming; empty for nothing."""

    def __init__(self) -> None:
        self.incoming: "List[_Burst]" = []
        self._baud = 115_200
        self._bits_us = 10 * _US_PER_S  # bits of a byte, times 1e6: over the baud rate, its us
        self._out_start_us = 0
        self._out_count = 0

    def set_pace(self, baud: int, bits: int) -> None:
        """baud: bits a second. bits: of one byte on the line, start and stop included."""
        self._baud = baud
        self._bits_us = bits * _US_PER_S

    def send_in(self, data: bytes, now_us: int) -> None:
        """Bytes begin to arrive: now, or after those that are still coming."""
        if not data:
            return
        start_us = now_us
        if self.incoming:
            last = self.incoming[-1]
            start_us = max(now_us, self._instant(last.start_us, len(last.data)))
        self.incoming.append(_Burst(start_us, data))

    def latest_arrivals_us(self) -> "List[int]":
        """When the bytes sent in last arrive, one by one."""
        burst = self.incoming[-1]
        return [self._instant(burst.start_us, count + 1) for count in range(len(burst.data))]

    def next_arrival_us(self) -> int:
        """When the next of the bytes that are coming arrives; there must be one."""
        burst = self.incoming[0]
        return self._instant(burst.start_us, burst.arrived + 1)

    def arrived(self, until_us: int) -> bytes:
        """The bytes that have arrived by ``until_us`` and were not handed on before."""
        data = b""
        while self.incoming:
            burst = self.incoming[0]
            count = (until_us - burst.start_us) * self._baud // self._bits_us
            if count > burst.arrived:
                data += burst.data[burst.arrived : count]
                burst.arrived = count
            if count < len(burst.data):
                break
            self.incoming.pop(0)
        return data

    def send_out(self, count: int, now_us: int) -> int:
        """``count`` bytes follow those that are still leaving. Returns when the last has left."""
        if self.left_us(0) <= now_us:
            self._out_start_us = now_us
            self._out_count = 0
        self._out_count += count
        return self.left_us(0)

    def left_us(self, waiting: int) -> int:
        """When no more than ``waiting`` of the bytes sent out are still to leave."""
        return self._instant(self._out_start_us, max(self._out_count - waiting, 0))

    def stop(self) -> None:
        """The chip was reset: what has not left will not."""
        self._out_count = 0

    def _instant(self, start_us: int, count: int) -> int:
        """When ``count`` bytes have passed since ``start_us``, rounded up to the us."""
        return start_us - (-count * self._bits_us // self._baud)
