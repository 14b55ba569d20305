"""What a bolus gave, by the steps of the plant: the truth that the pump's bracket must hold."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from protocol import names
from protocol.wire import schema

STEP_NL = schema.STEP_PL_NOMINAL // 1_000
_ENDS = (schema.CANCELLED, schema.ENDED_BY_RESET)
# A step at either end of the bolus, asked for or answered, may have been none of its steps; and
# the pump shares the steps out in whole ones.
_FEWER = 3
_MORE = 1


class Given(NamedTuple):
    """A bolus. number: how many there were with it. begun, ended: steps that the plant had made
    when it was asked for, and when it was heard to be over, or the power failed; None: not yet."""

    number: int
    bolus_nl_day: int
    basal_nl_day: int
    begun: int
    ended: int | None = None

    @property
    def total_nl_day(self) -> int:
        """The rate while it is given."""
        return self.bolus_nl_day + self.basal_nl_day

    def over(self, steps: int) -> "Given":
        """It is over since then, if it was not before."""
        return self if self.ended is not None else self._replace(ended=steps)

    def wrong(self, row: Mapping[str, Any], hidden_max: int | None) -> list[str]:
        """What is not as it may be in the pump's account of it after a restart, in words.

        hidden_max: steps that its bracket may be wide; None: as wide as it is.
        """
        assert self.ended is not None
        share = Fraction(self.bolus_nl_day, self.total_nl_day) * (self.ended - self.begun)
        least, most = (row[name] for name in ("verified_nl", "possible_nl"))
        wrong = []
        if row["outcome"] not in _ENDS:
            wrong.append(f"bolus {names.BOLUS_OUTCOMES[row['outcome']]} after a power failure")
        if not (least <= (share + _MORE) * STEP_NL and (share - _FEWER) * STEP_NL <= most):
            wrong.append(f"bolus [{least}, {most}] nL, plant {float(share * STEP_NL):.0f}")
        if hidden_max is not None and most - least > hidden_max * STEP_NL:
            wrong.append(f"bolus [{least}, {most}] nL, {hidden_max} steps wide at most")
        return wrong
