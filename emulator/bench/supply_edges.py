"""Edges of the motor's supply: when a pump on a board began to run, and when it ceased to.

The supply is on while the pump is RUNNING and never else: firmware/pump.py. The log knows what
state it was, the edge when, to the microsecond.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from firmware.pins import SUPPLY
from protocol.programmer.event_log import Event
from protocol.wire import schema

if TYPE_CHECKING:
    from emulator.bench.hil_board import HilBoard
    from emulator.bench.pico import VirtualPico

_EARLY_US = 100_000  # an edge before what the log stamps: by the monitor, or as uptime is known
_LATE_US = 1_000_000  # after it: the worst of a record on the flash lies between


class SupplyEdges:
    """Those that nobody has asked for yet.

    is_talked_to: whether somebody talks to the pump just now.
    """

    def __init__(self, pico: "VirtualPico | HilBoard", is_talked_to: Callable[[], bool]) -> None:
        self._pico = pico
        self._is_talked_to = is_talked_to
        self._edges: list[tuple[int, int]] = []  # (t_us, state)
        pico.watch(SUPPLY, self._on_supply)

    def of(self, t_us: int, one: Event) -> int:
        """When the state of this event was entered: at its edge, or at t_us where it has none."""
        if schema.RUNNING in (one.a, one.b):
            self._edges = [edge for edge in self._edges if edge[0] >= t_us - _EARLY_US]
            for at, (edge_us, state) in enumerate(self._edges):
                is_its = (state == schema.RUNNING) == (one.b == schema.RUNNING)
                if is_its and edge_us <= t_us + _LATE_US:
                    del self._edges[: at + 1]
                    return edge_us
        return t_us

    def take(self) -> list[tuple[int, int]]:
        """(t_us, state) where no log says more.

        Off without anybody talking to the pump, an alarm holds delivery.
        """
        found, self._edges = self._edges, []
        return found

    def _on_supply(self, level: int) -> None:
        state = schema.STOPPED if self._is_talked_to() else schema.HELD
        self._edges.append((self._pico.now_us, schema.RUNNING if level else state))
