"""Check of the outlet pressure: a threshold tells a blocked catheter.

`blocked` is asked by delivery before each step (no allocation); `poll` looks for the release
while delivery is held. Two samples in a row decide, so that one disturbed conversion does not.

50 kPa: a fully blocked catheter of 0.24 uL/kPa reaches it within 17 min at 1 mL/day and stores
12 uL (derived in docs/limits.md); ambulatory pumps trip at 55 to 186 kPa. 25 kPa, half of it, is
the release.
"""

from firmware.task import NEVER, Task
from protocol.wire import schema

OCCLUSION_PA = 50_000
RELEASE_PA = 25_000
_HELD_PERIOD_MS = 10_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from firmware.alarm import Alarms
    from firmware.board import Board


class Pressure(Task):
    """Raises OCCLUSION, and clears it when the pressure has gone.

    pa: the last sample, in Pa.
    """

    def __init__(self, board: "Board", alarms: "Alarms") -> None:
        super().__init__()
        self._sample = board.pressure_pa
        self._alarms = alarms
        self._doubtful = False
        self.pa = 0

    def blocked(self, now_ms: int) -> bool:
        """Sample; True when delivery must stop now. The alarm has been raised then."""
        self.pa = self._sample()
        if self.pa < OCCLUSION_PA:
            self._doubtful = False
            return False
        if not self._doubtful:
            self._doubtful = True
            return False
        self._doubtful = False
        self.due_ms = now_ms + _HELD_PERIOD_MS
        self._alarms.raise_alarm(schema.OCCLUSION, self.pa)
        return True

    def look_for_release(self, now_ms: int) -> None:
        """The occlusion stood before a reset."""
        self.due_ms = now_ms

    def poll(self, now_ms: int) -> None:
        """While the occlusion stands: has the pressure gone?"""
        self.due_ms = now_ms + _HELD_PERIOD_MS
        self.pa = self._sample()
        if self.pa > RELEASE_PA:
            self._doubtful = False
        elif not self._doubtful:
            self._doubtful = True
        else:
            self._doubtful = False
            self.due_ms = NEVER
            self._alarms.clear(schema.OCCLUSION)
