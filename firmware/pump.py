"""The pump put together, and what it does as a whole: start, stop, hold, resume, fault.

All from the loop. Delivery stops with the motor supply cut; it starts with the supply on.
"""

from firmware import fault, records
from firmware.alarm import Alarms
from firmware.annunciator import Annunciator
from firmware.boluses import Boluses
from firmware.care import Care
from firmware.clock import Clock, WallClock
from firmware.commands import Commands
from firmware.delivery import Delivery
from firmware.drive import Drive
from firmware.event_log import EventLog
from firmware.guard import STEP_PL, Corrupt, Guard, take
from firmware.keeper import Keeper
from firmware.ledger import Ledger
from firmware.loop import Loop
from firmware.magnet import Magnet
from firmware.memory import Memory
from firmware.monitor.heartbeat import Heartbeat
from firmware.monitor.motion import Motion
from firmware.monitor.pressure import Pressure
from firmware.monitor.queue import Queue
from firmware.monitor.reservoir import Reservoir
from firmware.monitor.time_base import TimeBase
from firmware.restore import Rest, begin
from firmware.session import Session
from firmware.state import State
from firmware.therapy import Therapy
from firmware.upkeep import Upkeep
from protocol.wire import events, schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

    from firmware.board import Board
    from firmware.prescription import Prescription

NO_MANIFEST = bytes(32)  # the firmware was not started as a checked set


class Pump:
    """Everything on one board. It goes on after a reset as its records say (restore.py).

    setup: the fields of the SETUP message, or None. step_pl: the volume of a step, to be shown.
    is_on: whether therapy is on by order, be it held by an alarm or in FAULT.
    error: what a task raised, or None. manifest_hash: SHA-256 of the manifest of what runs.
    """

    def __init__(self, board: "Board", manifest_hash: bytes = NO_MANIFEST) -> None:
        self.board = board
        self.manifest_hash = manifest_hash
        self.setup: "Optional[Dict[str, Any]]" = None
        self.step_pl = schema.STEP_PL_NOMINAL
        self.is_on = False
        self.guard = guard = Guard(self.step_pl)
        self.clock = clock = Clock(board, guard)
        self.wall = WallClock(guard)
        self.state = State(guard)
        self.error: "Optional[Exception]" = None
        self.ledger = Ledger(guard, self.step_pl)
        self.alarms = Alarms(clock)
        self.annunciator = Annunciator(board, self.alarms)
        self.magnet = Magnet(board, self.annunciator)
        self.care = Care(self.alarms)
        self.reservoir = Reservoir(board, self.alarms)
        self.pressure = Pressure(board, self.alarms)
        self.motion = Motion(board, guard, self._on_motion_trip)
        self.delivery = Delivery(
            guard, clock, Drive(board, guard), self.ledger, self.motion, self.pressure
        )
        self.therapy = Therapy(guard, self.wall, self.delivery)
        self.memory = Memory(board.files)
        self.keeper = Keeper(
            self.memory, self.ledger, self.delivery, clock, self.wall, self.alarms
        )
        self.keeper.rate_nl_day = self._rate_nl_day
        self.log = EventLog(board.files, clock, self.wall, self.ledger, self.delivery, self.alarms)
        self.boluses = Boluses(
            clock, self.ledger, self.therapy, self.keeper, self.memory, self.log
        )
        self.session = Session(board, Commands(self), self.delivery.has_room, self.log.note)
        upkeep = Upkeep(board, clock, self.delivery, self.log.note)
        first = (self.motion, guard, self.delivery, self.therapy)
        others = (
            self.pressure,
            self.reservoir,
            self.annunciator,
            self.magnet,
            self.care,
            TimeBase(board, self.alarms, self.log.note),
            Queue(board, self.log.note),
        )
        rest = Rest(self, first + (self.keeper,) + others + (self.log, upkeep, self.session))
        tasks = first + others + (rest,)
        self.loop = Loop(board, guard, clock, self.wall, self.session, tasks)
        self.delivery.on_stalled = self._on_stalled
        self.delivery.on_block_end = self.keeper.block_ends
        self.keeper.savers[records.CONDITION] = self._save_condition
        self.care.on_hour = self.keeper.condition_changed
        self.heartbeat = Heartbeat(board, self.loop)
        self.alarms.on_change = self._on_alarms
        self.alarms.on_event = guard.note = self.delivery.note = self.log.note
        self.therapy.on_rate = self.log.rate_changed
        self.log.on_written = self.keeper.log_written
        begin(self)

    def run(self) -> None:
        """Run for ever."""
        while True:
            self.turn()

    def turn(self) -> None:
        """One turn of the loop. What a task raises ends delivery, not alarms and answers."""
        try:
            self.loop.run_once()
        except Corrupt:
            self.fault_stop(fault.MEMORY_CORRUPT)
        except MemoryError:
            self.fault_stop(fault.NO_MEMORY)
        except Exception as error:
            self.error = error
            self.fault_stop(fault.TASK_RAISED)

    def commission(self, setup: "Dict[str, Any]", now_ms: int) -> None:
        """Set the pump up, anew or again; a prescription for the old set-up is gone.

        Raises StoreError: nothing has changed.
        """
        self.keeper.checkpoint(now_ms)  # what may have been delivered was of the old concentration
        step_pl = take(self.guard.rest, STEP_PL)
        self.keeper.commit(records.SETUP, lambda: self.memory.save_setup(setup, step_pl))
        self.commissioned(setup, now_ms)

    def commissioned(self, setup: "Dict[str, Any]", now_ms: int) -> None:
        """The pump has been set up, now or before a reset."""
        self.setup = setup
        self.ledger.concentrate(setup["conc_mcg_ml"])
        self.therapy.load(None)
        self.reservoir.start(now_ms)
        if self.state.state == schema.UNCOMMISSIONED:
            self._enter(schema.STOPPED)

    def calibrate(self, step_pl: int) -> None:
        """A step is ``step_pl`` from now on. Only while stopped. Raises StoreError."""
        setup = self.setup or {}
        self.keeper.commit(records.SETUP, lambda: self.memory.save_setup(setup, step_pl))
        self.log.note(events.CALIBRATED, self.step_pl, step_pl)
        self.step_pl = step_pl
        self.delivery.calibrate(step_pl)
        self.ledger.recalibrate(step_pl)

    def prescribe(self, prescription: "Prescription", now_ms: int) -> None:
        """Put a confirmed prescription in force, at once where therapy runs.

        Raises StoreError: nothing has changed.
        """
        setup = self.setup or {}
        if not self.memory.present & 1 << records.CONDITION:
            self.keeper.commit(records.CONDITION, self._save_condition)
        self.keeper.commit(records.THERAPY, lambda: self.memory.save_therapy(prescription, setup))
        self.therapy.load(prescription)
        self.log.prescribed(prescription.digest(setup["serial"]))
        if self.state.state == schema.RUNNING:
            self._reserve(now_ms)
            self.therapy.begin(self.clock.read())
        elif self.state.state == schema.STOPPED:
            self.care.stopped(now_ms)

    def start(self, now_ms: int) -> None:
        """STOPPED -> RUNNING, or HELD where an alarm that forbids delivery stands.

        Raises StoreError: nothing has changed.
        """
        self.keeper.commit(records.CONDITION, lambda: self._save_condition(True))
        self.resume(now_ms)

    def resume(self, now_ms: int) -> None:
        """Therapy is on, by an order of now or of before a reset."""
        self.is_on = True
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
            self.boluses.stop(schema.ENDED_BY_STOP, now_ms)
            self.care.stopped(now_ms)
        if self.is_on:
            self.is_on = False
            self.keeper.write(now_ms)

    def fault_stop(self, reason: int) -> None:
        """A broken invariant: motor off, reason kept, critical alarm; only a reset leads out."""
        self.board.supply(0)
        if self.state.fault_reason:
            return
        self.alarms.seal()  # no delivery comes of them any more
        self.state.fault_reason = reason
        try:
            self.therapy.halt(self.clock.now_ms)
        except Corrupt:
            self._abandon()
        self._set_state(schema.FAULT)
        self.log.note(events.FAULT, self.state.fault_reason)
        if reason == fault.UNPERMITTED_MOTION:
            self.alarms.raise_alarm(schema.UNPERMITTED_MOTION, 0)
        else:
            self.alarms.raise_alarm(schema.INVARIANT_BROKEN, self.state.fault_reason)

    def _abandon(self) -> None:
        """Deliver by none of the guarded numbers; time goes on from where it was last right."""
        self.state.fault_reason = fault.MEMORY_CORRUPT
        self.ledger.is_sound = False
        self.therapy.abandon()
        self.clock.go_on()
        self.guard.accept()

    def _enter(self, state: int) -> None:
        if self.state.may_enter(state):
            self._set_state(state)
        else:
            self.fault_stop(fault.ILLEGAL_TRANSITION)

    def _set_state(self, state: int) -> None:
        self.log.note(events.STATE, self.state.state, state)
        self.state.state = state

    def _deliver(self, now_ms: int) -> None:
        if self.state.state == schema.RUNNING:
            self._reserve(now_ms)
            self.board.supply(1)
            self.therapy.begin(self.clock.read())

    def _reserve(self, now_ms: int) -> None:
        """The first steps, for the therapy that makes them. It begins when this is written."""
        if self.therapy.prescription is not None:
            self.ledger.deliver_as(self.therapy.prescription.therapy)
        self.keeper.reserve(now_ms)

    def _still(self, now_ms: int) -> None:
        self.therapy.halt(now_ms)
        self.board.supply(0)

    def _hold(self, now_ms: int) -> None:
        if self.state.state == schema.RUNNING:
            self._enter(schema.HELD)
            self._still(now_ms)

    def _save_condition(self, starts: bool = False) -> None:
        state = self.state.state
        if state != schema.FAULT and self.is_on != (state in (schema.RUNNING, schema.HELD)):
            self.is_on = not self.is_on  # the state is guarded, and right
            raise Corrupt()
        is_on = starts or self.is_on
        self.memory.save_condition(is_on, self.state.fault_reason, self.care.hours, self.alarms)

    def _rate_nl_day(self) -> int:
        """For the keeper."""
        return self.therapy.rate_nl_day if self.state.state == schema.RUNNING else -1

    def _on_stalled(self) -> None:
        self.alarms.raise_alarm(schema.MOTOR_STALLED, 0)

    def _on_motion_trip(self, now_ms: int) -> None:
        self.fault_stop(fault.UNPERMITTED_MOTION)

    def _on_alarms(self, raised: bool) -> None:
        """An alarm came, went or was acknowledged: sound it, and hold or resume accordingly."""
        now_ms = self.clock.now_ms
        self.keeper.condition_changed()
        self.annunciator.look(raised, now_ms)
        if self.alarms.holds_delivery():
            self._hold(now_ms)
        elif self.state.state == schema.HELD:
            self._enter(schema.RUNNING)
            self._deliver(now_ms)
        if raised:
            self.boluses.stop(schema.ENDED_BY_ALARM, now_ms)
