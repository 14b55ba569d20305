"""Going on after a reset: from the records on the flash to a pump as it was, or to an alarm.

Called once, before the loop turns. Never a silent stop: where therapy was on and cannot go on, a
critical alarm says why. Nothing that was missed is caught up.
"""

from firmware import records
from protocol.wire import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

    from firmware.pump import Pump

# What a reset ends: the condition is gone, and stays on record until somebody acknowledges it.
_ENDED_BY_RESET = (
    schema.UNPERMITTED_MOTION,
    schema.INVARIANT_BROKEN,
    schema.WATCHDOG_RESET,
    schema.SELF_TEST_FAILED,  # tested anew
)


def restore(pump: "Pump", now_ms: int) -> None:
    """Set the pump up, prescribe, and start or hold, as the records say."""
    memory = pump.memory
    alarms = pump.alarms
    wall_s = memory.load_ledger(pump.ledger)
    condition = memory.load_condition(alarms)
    for alarm in _ENDED_BY_RESET:
        alarms.table[alarm].active = False
    if alarms.is_active(schema.OCCLUSION):
        pump.pressure.look_for_release(now_ms)
    setup = memory.load_setup()
    if setup is not None:
        pump.step_pl = setup.pop("step_pl")
        pump.delivery.calibrate(pump.step_pl)
        pump.ledger.recalibrate(pump.step_pl)
        pump.commissioned(setup, now_ms)
        prescription = memory.load_therapy(setup)
        pump.therapy.load(prescription)
        if prescription is not None:
            pump.log.prescribed(prescription.digest(setup["serial"]))
    if wall_s:
        pump.wall.set(wall_s, now_ms)
        alarms.raise_alarm(schema.CLOCK_LOST, 0)
    pump.ledger.boots += 1
    is_on = bool(condition and condition["is_on"])
    lost = _lost(pump, setup, is_on)
    if lost:
        alarms.raise_alarm(schema.RESTORE_FAILED, lost)
        alarms.clear(schema.RESTORE_FAILED)
    if pump.therapy.prescription is None:
        return
    if is_on:
        pump.start(now_ms)
    else:
        pump.care.go_on(now_ms, condition["stopped_h"] if condition else 0)


def _lost(pump: "Pump", setup: "Optional[Dict[str, Any]]", is_on: bool) -> int:
    """Bit per record that was there, or must have been, and is not; 0: nothing is missing."""
    memory = pump.memory
    lost = memory.damaged
    if setup is None and memory.present:
        lost |= 1 << records.SETUP
    if setup is not None and not memory.present & 1 << records.LEDGER:
        lost |= 1 << records.LEDGER
    if is_on and pump.therapy.prescription is None:
        lost |= 1 << records.THERAPY
    if pump.therapy.prescription is not None and not memory.present & 1 << records.CONDITION:
        lost |= 1 << records.CONDITION
    return lost
