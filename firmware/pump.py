"""The pump put together, and what it does as a whole: start, stop, hold, resume, fault.

All from the loop. Delivery stops with the motor supply cut; it starts with the supply on.
"""

from firmware.alarm import Alarms
from firmware.annunciator import Annunciator
from firmware.care import Care
from firmware.clock import Clock, WallClock
from firmware.commands import Commands
from firmware.delivery import Delivery
from firmware.drive import Drive
from firmware.ledger import Ledger
from firmware.loop import Loop
from firmware.magnet import Magnet
from firmware.monitor.heartbeat import Heartbeat
from firmware.monitor.motion import Motion
from firmware.monitor.pressure import Pressure
from firmware.monitor.reservoir import Reservoir
from firmware.session import Session
from firmware.state import State
from firmware.therapy import Therapy
from protocol.wire import schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

    from firmware.board import Board
    from firmware.prescription import Prescription

NO_MANIFEST = bytes(32)  # the firmware was not started as a checked set
_FAULT_UNPERMITTED_MOTION = 1
_FAULT_ILLEGAL_TRANSITION = 2
_FAULT_TASK_RAISED = 3
_FAULT_NO_MEMORY = 4


class Pump:
    """Everything on one board. Blank after each reset: UNCOMMISSIONED until set up.

    setup: the fields of the SETUP message, or None. step_pl: the calibrated volume of a step.
    error: what a task raised, or None. manifest_hash: SHA-256 of the manifest of what runs.
    """

    def __init__(self, board: "Board", manifest_hash: bytes = NO_MANIFEST) -> None:
        self.board = board
        self.manifest_hash = manifest_hash
        self.clock = Clock(board)
        self.wall = WallClock()
        self.state = State()
        self.setup: "Optional[Dict[str, Any]]" = None
        self.step_pl = schema.STEP_PL_NOMINAL
        self.error: "Optional[Exception]" = None
        self.ledger = Ledger(self.step_pl)
        self.alarms = Alarms(self.clock)
        self.annunciator = Annunciator(board, self.alarms)
        self.magnet = Magnet(board, self.annunciator)
        self.care = Care(self.alarms)
        self.reservoir = Reservoir(board, self.alarms)
        self.pressure = Pressure(board, self.alarms)
        drive = Drive(board)
        self.motion = Motion(board, drive, self._on_motion_trip)
        self.delivery = Delivery(drive, self.ledger, self.motion, self.pressure, self.step_pl)
        self.therapy = Therapy(self.wall, self.delivery)
        self.session = Session(board, Commands(self), self.delivery.room_ms)
        self.loop = Loop(
            board,
            self.clock,
            self.wall,
            self.session,
            (
                self.motion,
                self.delivery,
                self.therapy,
                self.pressure,
                self.reservoir,
                self.annunciator,
                self.magnet,
                self.care,
                self.session,
            ),
        )
        self.delivery.may_step = self._may_step
        self.delivery.on_stalled = self._on_stalled
        self.alarms.on_change = self._on_alarms
        self.heartbeat = Heartbeat(board, self.loop)
        if board.was_watchdog:
            self.alarms.raise_alarm(schema.WATCHDOG_RESET, 0)

    def run(self) -> None:
        """Run for ever."""
        while True:
            self.turn()

    def turn(self) -> None:
        """One turn of the loop. What a task raises ends delivery, not alarms and answers."""
        try:
            self.loop.run_once()
        except MemoryError:
            self.fault_stop(_FAULT_NO_MEMORY)
        except Exception as error:
            self.error = error
            self.fault_stop(_FAULT_TASK_RAISED)

    def commission(self, setup: "Dict[str, Any]", now_ms: int) -> None:
        """The pump has been set up, anew or again; a prescription for the old set-up is gone."""
        self.setup = setup
        self.therapy.prescription = None
        self.reservoir.start(now_ms)
        if self.state.state == schema.UNCOMMISSIONED:
            self._enter(schema.STOPPED)

    def calibrate(self, step_pl: int) -> None:
        """A step is ``step_pl`` from now on. Only while stopped."""
        self.step_pl = step_pl
        self.delivery.calibrate(step_pl)
        self.ledger.recalibrate(step_pl)

    def prescribe(self, prescription: "Prescription", now_ms: int) -> None:
        """Put a confirmed prescription in force, at once where therapy runs."""
        self.therapy.prescription = prescription
        if self.state.state == schema.RUNNING:
            self.therapy.begin(now_ms)
        elif self.state.state == schema.STOPPED:
            self.care.stopped(now_ms)

    def start(self, now_ms: int) -> None:
        """STOPPED -> RUNNING, or HELD where an alarm that forbids delivery stands."""
        self._enter(schema.RUNNING)
        self.care.running()
        if self.alarms.holds_delivery():
            self._hold(now_ms)
        else:
            self._deliver(now_ms)

    def stop(self, now_ms: int) -> None:
        """Deliver no more, by order. What stands still now is not caught up."""
        if self.state.state in (schema.RUNNING, schema.HELD):
            self._enter(schema.STOPPED)
            self._still(now_ms)
            self.care.stopped(now_ms)

    def fault_stop(self, reason: int) -> None:
        """A broken invariant: motor off, reason kept, critical alarm; only a reset leads out."""
        self.board.supply(0)
        if self.state.state == schema.FAULT:
            return
        self.state.state = schema.FAULT
        self.state.fault_reason = reason
        self._still(self.clock.now_ms)
        if reason == _FAULT_UNPERMITTED_MOTION:
            self.alarms.raise_alarm(schema.UNPERMITTED_MOTION, 0)
        else:
            self.alarms.raise_alarm(schema.INVARIANT_BROKEN, reason)

    def _enter(self, state: int) -> None:
        if self.state.may_enter(state):
            self.state.state = state
        else:
            self.fault_stop(_FAULT_ILLEGAL_TRANSITION)

    def _deliver(self, now_ms: int) -> None:
        if self.state.state == schema.RUNNING:
            self.board.supply(1)
            self.therapy.begin(now_ms)

    def _still(self, now_ms: int) -> None:
        self.therapy.halt(now_ms)
        self.board.supply(0)

    def _hold(self, now_ms: int) -> None:
        if self.state.state == schema.RUNNING:
            self._enter(schema.HELD)
            self._still(now_ms)

    def _may_step(self) -> bool:
        return self.state.state == schema.RUNNING

    def _on_stalled(self) -> None:
        self.alarms.raise_alarm(schema.MOTOR_STALLED, 0)

    def _on_motion_trip(self, now_ms: int) -> None:
        self.fault_stop(_FAULT_UNPERMITTED_MOTION)

    def _on_alarms(self, raised: bool) -> None:
        """An alarm came, went or was acknowledged: sound it, and hold or resume accordingly."""
        now_ms = self.clock.now_ms
        self.annunciator.look(raised, now_ms)
        if self.alarms.holds_delivery():
            self._hold(now_ms)
        elif self.state.state == schema.HELD:
            self._enter(schema.RUNNING)
            self._deliver(now_ms)
