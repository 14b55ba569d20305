"""A programmer beside a scenario: a port that shares the pump's line with it.

The observer of a scenario looks at the pump over the same line, after a second of quiet: a
programmer that waits longer between two requests finds its session closed.
"""

import select

from emulator.bench.hil_bridge import Bridge
from emulator.rig import Rig
from emulator.serve import Port


class LineTap:
    """Joins a port to the pump's line for as long as the bridge is served."""

    def __init__(self, rig: Rig, bridge: Bridge, port: Port) -> None:
        self._rig = rig
        self._outside = rig.world.chip.outside
        self._port = port
        self._outside.uart_out(lambda data, _done_us: port.send(data))
        bridge.on_turn = self._look

    def _look(self) -> None:
        """Bytes of the programmer go to the pump, but not into a look of the observer."""
        if getattr(self._outside, "private", None) is not None:
            return
        for fd in select.select(self._port.fds(), [], [], 0)[0]:
            self._rig.send(self._port.receive(fd))
