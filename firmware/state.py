"""The state of the pump and the ways between states. Data only; pump.py acts."""

from firmware.guard import STATE, put, take
from protocol.wire import schema

RUNNING = schema.RUNNING  # the only state in which a step is permitted

_WAYS = {
    schema.UNCOMMISSIONED: (schema.STOPPED, schema.FAULT),
    schema.STOPPED: (schema.RUNNING, schema.FAULT),
    schema.RUNNING: (schema.STOPPED, schema.HELD, schema.FAULT),
    schema.HELD: (schema.RUNNING, schema.STOPPED, schema.FAULT),
    schema.FAULT: (),
}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.guard import Guard


class State:
    """Where the pump is. fault_reason: why, once it is in FAULT (fault.py)."""

    def __init__(self, guard: "Guard") -> None:
        self._words = guard.step
        self.fault_reason = 0
        self.state = schema.UNCOMMISSIONED

    @property
    def state(self) -> int:
        """schema.UNCOMMISSIONED .. FAULT. Raises Corrupt."""
        return take(self._words, STATE)

    @state.setter
    def state(self, state: int) -> None:
        """Taken on, whatever it was."""
        put(self._words, STATE, state)

    def may_enter(self, state: int) -> bool:
        """Whether there is a way from here."""
        return state in _WAYS[self.state]
