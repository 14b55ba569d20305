"""What the loop runs: something with a deadline.

Times are milliseconds of firmware/clock.py. Polled from the loop only.
"""

NEVER = 0x1FFF_FFFF  # ms: a deadline that does not come; above any real one (2**27 plus a day)


class Task:
    """A deadline and what to do at it. `poll` sets the next `due_ms`.

    due_ms may be set from outside, by an interrupt too: 0 means at the next turn of the loop.
    """

    def __init__(self) -> None:
        self.due_ms = NEVER

    def poll(self, now_ms: int) -> None:
        """The deadline has come."""
        raise NotImplementedError

    def rebase(self, by_ms: int) -> None:
        """The clock moved its epoch forward by ``by_ms``: so does everything held in its time."""
        if self.due_ms != NEVER:
            self.due_ms -= by_ms


def nobody(*_told: object) -> None:
    """Stands where no listener has been connected yet."""
