"""The state of the pump and the ways between states. Data only; pump.py acts."""

from protocol.wire import schema

_WAYS = {
    schema.UNCOMMISSIONED: (schema.STOPPED, schema.FAULT),
    schema.STOPPED: (schema.RUNNING, schema.FAULT),
    schema.RUNNING: (schema.STOPPED, schema.HELD, schema.FAULT),
    schema.HELD: (schema.RUNNING, schema.STOPPED, schema.FAULT),
    schema.FAULT: (),
}


class State:
    """Where the pump is. fault_reason: why, once it is in FAULT (schema.FAULTS)."""

    def __init__(self) -> None:
        self.state = schema.UNCOMMISSIONED
        self.fault_reason = 0

    def may_enter(self, state: int) -> bool:
        """Whether there is a way from here."""
        return state in _WAYS[self.state]
