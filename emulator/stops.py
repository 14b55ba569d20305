"""What ends a turn of the firmware from outside.

They derive from BaseException, so that no `except Exception` of the firmware, and no interrupt
that survives a raising handler, can swallow them.
"""


class Stop(BaseException):
    """Base of all of them."""


class Pause(Stop):
    """The stop time of World.run_until has come; raised at the entry of the loop's sleep."""


class ChipReset(Stop):
    """The chip was reset while it ran. cause: what machine.reset_cause() will report."""

    def __init__(self, cause: int) -> None:
        super().__init__(cause)
        self.cause = cause


class PowerCut(Stop):
    """The power failed while the chip ran."""


class OutsideError(Stop):
    """Code outside the chip (plant, recorder, test) raised. error: what; run_until raises that.

    Without it the firmware, which was on the stack, would take the blame: it catches Exception.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class ZenoError(Stop):
    """Endless activity at one instant: virtual time stands still."""


class BudgetError(Stop):
    """The World has used up its event budget."""
