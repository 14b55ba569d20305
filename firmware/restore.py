"""Going on after a reset: from the records on the flash to a pump as it was, or to an alarm.

First, before the loop turns, what therapy needs; between its steps then what only makes sure of
the flash. Never a silent stop: where therapy was on and cannot go on, a critical alarm says why.
Nothing that was missed is caught up.
"""

from firmware import records
from firmware.event_log import WRITE_MS
from firmware.self_test import self_test
from firmware.task import Task
from protocol.wire import events, schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from firmware.pump import Pump

# What a reset ends: the condition is gone, and stays on record until somebody acknowledges it.
_ENDED_BY_RESET = (
    schema.UNPERMITTED_MOTION,
    schema.INVARIANT_BROKEN,
    schema.WATCHDOG_RESET,
    schema.SELF_TEST_FAILED,  # tested anew
)
_AGAIN_MS = 1_000  # what failed
_TURNS_MAX = 12  # of which a start has five


class Rest(Task):
    """The rest of a start: folders, log. One thing at a time, where the next step leaves room; a
    flash that is slow takes seconds for all. Then the other tasks, and the serial line.

    Until a folder is settled what is written there may be lost by a power failure that comes
    later. What is relied upon meanwhile is in two of them (Record.load, Keeper.reserve), and one
    power failure spoils one.
    """

    def __init__(self, pump: "Pump", tasks: "Tuple[Task, ...]") -> None:
        super().__init__()
        self._pump = pump
        self._tasks = tasks
        self._turns = 0
        self.due_ms = 0

    def poll(self, now_ms: int) -> None:
        """The next of it. What fails is tried again, and left in the end: no alarm comes, and
        nobody is answered, while the others wait.
        """
        pump = self._pump
        now_ms = pump.clock.read()
        if not pump.delivery.has_room(now_ms, WRITE_MS) and pump.ledger.left > 0:
            self.due_ms = pump.delivery.due_ms + 1
            return
        self.due_ms = now_ms + _AGAIN_MS
        self._turns += 1
        pump.loop.beat = True
        try:
            if self._turns < _TURNS_MAX:
                if pump.memory.settle():
                    self.due_ms = pump.clock.read() + 1
                    return
                pump.log.start(now_ms)
            pump.loop.open(self._tasks)
        except MemoryError:
            pump.log.note(events.NO_MEMORY)


def begin(pump: "Pump") -> None:
    """Log the reset, test the board, go on where the reset came.

    The heartbeat's timer feeds the watchdog meanwhile. Where it takes too long, each start ends in
    the next reset, which is heard from the first one on. Events of the log are in memory until its
    end is found.
    """
    log, alarms, board = pump.log, pump.alarms, pump.board
    manifest_start = int.from_bytes(pump.manifest_hash[:4], "big")
    log.note(events.BOOT, int(board.was_watchdog), manifest_start)
    failed, memory_kb = self_test(board)
    if board.was_watchdog:
        pump.annunciator.sound()
    log.note(events.SELF_TEST, failed, memory_kb)
    lost = restore(pump, pump.clock.read(), failed)
    pump.loop.beat = True
    if board.was_watchdog:
        alarms.raise_alarm(schema.WATCHDOG_RESET, 0)
        alarms.clear(schema.WATCHDOG_RESET)
    pump.boluses.restore()
    if pump.memory.damaged & 1 << records.BOLUSES:
        lost |= 1 << records.BOLUSES
        _tell(pump, lost)
    pump.loop.beat = True
    if lost:
        pump.keeper.write(pump.clock.read())  # before a ledger is there again, and says nothing
    log.checkpoint()
    if pump.keeper.start(pump.clock.read()):
        pump.memory.begun()


def restore(pump: "Pump", now_ms: int, failed: int) -> int:
    """Set the pump up, prescribe, and start or hold, as the records say. failed: of the self-test.

    Returns a bit per record that is lost.
    """
    memory = pump.memory
    alarms = pump.alarms
    memory.open()
    pump.loop.beat = True  # the first start of all takes a dozen erases
    setup = memory.load_setup()
    wall_s = memory.load_ledger(pump.ledger, setup["conc_mcg_ml"] if setup else 0)
    condition = memory.load_condition(alarms)
    for alarm in _ENDED_BY_RESET:
        alarms.table[alarm].active = False
    alarms.seal()
    if alarms.is_active(schema.OCCLUSION):
        pump.pressure.look_for_release(now_ms)
    if failed:
        alarms.raise_alarm(schema.SELF_TEST_FAILED, failed)
    if setup is not None:
        pump.step_pl = setup.pop("step_pl")
        pump.delivery.calibrate(pump.step_pl, True)
        pump.ledger.recalibrate(pump.step_pl)
        pump.commissioned(setup, now_ms)
        prescription = memory.load_therapy(setup)
        pump.therapy.load(prescription)
        if prescription is not None:
            pump.log.prescribed(prescription.digest(setup["serial"]))
    if wall_s:
        pump.wall.set(wall_s, now_ms)
        pump.keeper.wall_changed(now_ms)  # the day of the record, whatever it is when it goes on
        pump.log.note(events.CLOCK_SET, 0, wall_s)
        alarms.raise_alarm(schema.CLOCK_LOST, 0)
    pump.ledger.boots = pump.ledger.boots + 1 & schema.U32_MAX
    is_on = bool(condition and condition["is_on"])
    lost = _lost(pump, setup, is_on)
    if lost:
        _tell(pump, lost)
    if pump.therapy.prescription is None:
        return lost
    if is_on:
        pump.resume(now_ms)
    else:
        pump.care.go_on(now_ms, condition["stopped_h"] if condition else 0)
    return lost


def _tell(pump: "Pump", lost: int) -> None:
    """Bit per record. Waits until somebody acknowledges it."""
    pump.alarms.raise_alarm(schema.RESTORE_FAILED, lost)
    pump.alarms.clear(schema.RESTORE_FAILED)


def _lost(pump: "Pump", setup: "Optional[Dict[str, Any]]", is_on: bool) -> int:
    """Bit per record that was there, or must have been, and is not; 0: nothing is missing."""
    memory = pump.memory
    if not memory.present and not memory.is_new:
        memory.damaged = records.ALL
    lost = memory.damaged
    was_set_up = memory.present & 1 << records.THERAPY or pump.ledger.commanded.value()
    if setup is None and was_set_up:
        lost |= 1 << records.SETUP
    if setup is not None and not memory.present & 1 << records.LEDGER:
        lost |= 1 << records.LEDGER
    if is_on and pump.therapy.prescription is None:
        lost |= 1 << records.THERAPY
    if pump.therapy.prescription is not None and not memory.present & 1 << records.CONDITION:
        lost |= 1 << records.CONDITION
    return lost
