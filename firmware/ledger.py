"""The step ledger: the only source of a "delivered" figure.

Written by delivery, from the loop; read by commands. Commanded is an edge made, verified a step
that the encoder saw, unverified an edge that it did not see. What was delivered lies between
verified and verified + unverified. Memory only: it starts at zero with the pump.
"""

_LOW_MAX = 1 << 20


class Count:
    """A count that never wraps, in two small ints, so that an increment allocates nothing."""

    def __init__(self) -> None:
        self._low = 0
        self._high = 0

    def add(self, steps: int) -> None:
        """Add 0 .. 2**20 steps."""
        self._low += steps
        if self._low >= _LOW_MAX:
            self._low -= _LOW_MAX
            self._high += 1

    def value(self) -> int:
        """The count; may be a big int."""
        return self._high * _LOW_MAX + self._low


class Ledger:
    """Steps since boot, and their volume at the calibration that held when each was made."""

    def __init__(self, step_pl: int) -> None:
        self.commanded = Count()
        self.verified = Count()
        self.unverified = Count()
        self._half = 0  # an encoder edge whose partner has not come
        self._step_pl = step_pl
        self._verified_at_calibration = 0
        self._unverified_at_calibration = 0
        self._verified_pl_before = 0
        self._unverified_pl_before = 0

    def book(self, made: bool, edges: int) -> bool:
        """Book one permit: whether its edge was made, and the encoder edges since the last
        booking.

        edges: forward minus backward. Returns whether a made step was seen to arrive. Allocates
        nothing.
        """
        self._half += edges
        steps = self._half // 2 if self._half > 0 else 0
        if steps:
            self._half -= 2 * steps
            self.verified.add(steps)
        if not made:
            return True
        self.commanded.add(1)
        if not steps:
            self.unverified.add(1)
        return steps > 0

    def recalibrate(self, step_pl: int) -> None:
        """From now on a step is ``step_pl``; what was delivered before keeps its volume."""
        self._verified_pl_before = self._verified_pl()
        self._unverified_pl_before = self._unverified_pl()
        self._verified_at_calibration = self.verified.value()
        self._unverified_at_calibration = self.unverified.value()
        self._step_pl = step_pl

    def verified_nl(self) -> int:
        """Lower end of what was delivered, in nL."""
        return self._verified_pl() // 1000

    def possible_nl(self) -> int:
        """Upper end of what was delivered, in nL."""
        return (self._verified_pl() + self._unverified_pl() + 999) // 1000

    def _verified_pl(self) -> int:
        steps = self.verified.value() - self._verified_at_calibration
        return self._verified_pl_before + steps * self._step_pl

    def _unverified_pl(self) -> int:
        steps = self.unverified.value() - self._unverified_at_calibration
        return self._unverified_pl_before + steps * self._step_pl
