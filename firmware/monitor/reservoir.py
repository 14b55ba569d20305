"""Check of the reservoir: the measured level, once a minute.

Three samples in a row decide. LOW at 4 mL: withdrawal was seen at residual volumes above the
maker's 2 mL and stopped with an alarm at 4 mL (Neurosurgery, Aug 2004). EMPTY at 1.4 mL, above
the residual volume that cannot be extracted (widely stated for a 20 or 40 mL pump, unconfirmed).
"""

from firmware.task import Task
from protocol.wire import schema

LOW_NL = 4_000_000
EMPTY_NL = 1_400_000
_HYSTERESIS_NL = 500_000
_PERIOD_MS = 60_000
_SAMPLES = 3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.alarm import Alarms
    from firmware.board import Board


class Threshold:
    """One alarm that stands while the level is below `at_nl`, and goes 0.5 mL above it."""

    def __init__(self, alarms: "Alarms", alarm: int, at_nl: int) -> None:
        self._alarms = alarms
        self._alarm = alarm
        self._at_nl = at_nl
        self._streak = 0

    def look(self, level_nl: int) -> None:
        """One sample."""
        active = self._alarms.is_active(self._alarm)
        if active:
            contrary = level_nl > self._at_nl + _HYSTERESIS_NL
        else:
            contrary = level_nl <= self._at_nl
        self._streak = self._streak + 1 if contrary else 0
        if self._streak < _SAMPLES:
            return
        self._streak = 0
        if active:
            self._alarms.clear(self._alarm)
        else:
            self._alarms.raise_alarm(self._alarm, level_nl)


class Reservoir(Task):
    """Raises RESERVOIR_LOW and RESERVOIR_EMPTY; starts with the set-up of the pump."""

    def __init__(self, board: "Board", alarms: "Alarms") -> None:
        super().__init__()
        self._sample = board.level_nl
        self._low = Threshold(alarms, schema.RESERVOIR_LOW, LOW_NL)
        self._empty = Threshold(alarms, schema.RESERVOIR_EMPTY, EMPTY_NL)

    def start(self, now_ms: int) -> None:
        """The pump has been set up: look from now on."""
        self.due_ms = now_ms

    def poll(self, now_ms: int) -> None:
        """Once a minute."""
        self.due_ms = now_ms + _PERIOD_MS
        level_nl = self._sample()
        self._low.look(level_nl)
        self._empty.look(level_nl)
