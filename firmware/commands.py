"""What each command does that changes something: one handler per message, reached through the
state x command table. Those that only read are in readings.py.

Called from the session only. A handler answers with values, or raises Refusal before it has
changed anything. None of them touches the motor.
"""

from firmware import fault
from firmware.bolus_commands import BolusCommands
from firmware.ledger import SINCE_REFILL
from firmware.prescription import PROPOSAL_S, Prescription
from firmware.readings import Readings, setup_of, sound_setup
from firmware.refusal import Refusal
from firmware.store import StoreError
from firmware.version import VERSION
from protocol.wire import codec, events, schema

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple

    from firmware.pump import Pump

    Values = Dict[str, Any]


class Commands:
    """The pump as a programmer sees it.

    agreed: whether the last HELLO spoke this schema.
    """

    def __init__(self, pump: "Pump") -> None:
        self._pump = pump
        self._proposal: "Optional[Prescription]" = None
        self._proposed_s = 0
        self.agreed = False
        readings = Readings(pump)
        self._boluses = boluses = BolusCommands(pump)
        self._handlers: "Dict[int, Callable[[Values, int], Values]]" = {
            schema.GOODBYE: self._goodbye,
            schema.STATUS: readings.status,
            schema.ALARMS: readings.alarms,
            schema.TOTALS: readings.totals,
            schema.READ_CLOCK: readings.read_clock,
            schema.READ_SETUP: readings.read_setup,
            schema.READ_BACK: readings.read_back,
            schema.LOG: readings.log,
            schema.BOLUSES: boluses.told,
            schema.ACKNOWLEDGE: self._acknowledge,
            schema.SET_CLOCK: self._set_clock,
            schema.SETUP: self._setup,
            schema.CALIBRATE: self._calibrate,
            schema.REFILLED: self._refilled,
            schema.PROPOSE: self._propose,
            schema.CONFIRM: self._confirm,
            schema.PROPOSE_BOLUS: boluses.propose,
            schema.START_BOLUS: boluses.start,
            schema.CANCEL_BOLUS: boluses.cancel,
            schema.START: self._start,
            schema.STOP: self._stop,
        }

    def execute(self, kind: int, payload: bytes, now_ms: int) -> "Tuple[int, Values]":
        """Do one request: (type of the answer, its values). Raises WireError or Refusal.

        MemoryError: nothing has changed. A command that runs out of memory halfway is a broken
        invariant, and so is a STOP of a pump that runs.
        """
        if kind == schema.HELLO:
            return self._hello(codec.decode(kind, payload))
        handler = self._handlers.get(kind)
        if handler is None:
            raise Refusal(schema.UNKNOWN_COMMAND)
        legal = schema.STATE_X_COMMAND[kind]
        code = legal[self._pump.state.state]
        if code != schema.OK:
            raise Refusal(code, "state", _states_mask(legal))
        changes = self._changes()
        try:
            return kind | schema.ANSWER, handler(codec.decode(kind, payload), now_ms)
        except StoreError:
            raise Refusal(schema.NOT_STORED)
        except MemoryError:
            stops = kind == schema.STOP and self._pump.is_on
            if self._changes() == changes and not stops:
                raise
            self._pump.fault_stop(fault.NO_MEMORY)
            raise Refusal(schema.FAULTED)

    def _changes(self) -> int:
        """Counts on with each record written and each event noted: nothing changes without."""
        return self._pump.keeper.commits + self._pump.log.noted

    def forget(self) -> None:
        """A new session begins: nothing half-said is kept."""
        self._proposal = None
        self._boluses.forget()

    def _hello(self, fields: "Values") -> "Tuple[int, Values]":
        pump = self._pump
        setup = pump.setup or {}
        values = {
            "protocol_version": schema.PROTOCOL_VERSION,
            "schema_hash": schema.SCHEMA_HASH,
            "firmware_version": VERSION,
            "manifest_hash": pump.manifest_hash,
            "serial": setup.get("serial", ""),
            "patient_label": setup.get("patient_label", ""),
            "state": pump.state.state,
            "reset_cause": 1 if pump.board.was_watchdog else 0,
        }
        self.agreed = (
            fields["protocol_version"] == schema.PROTOCOL_VERSION
            and fields["schema_hash"] == schema.SCHEMA_HASH
        )
        if not self.agreed:
            return schema.VERSION_REFUSED, values
        return schema.HELLO | schema.ANSWER, values

    def _goodbye(self, fields: "Values", now_ms: int) -> "Values":
        return {}

    def _acknowledge(self, fields: "Values", now_ms: int) -> "Values":
        pump = self._pump
        if not pump.alarms.acknowledge(fields["alarm"]):
            raise Refusal(schema.ALARM_NOT_ACTIVE, "alarm")
        return {"state": pump.state.state, "alarms_active": pump.alarms.mask(False)}

    def _set_clock(self, fields: "Values", now_ms: int) -> "Values":
        pump = self._pump
        was_set = pump.wall.is_set
        old_wall_s = pump.wall.wall_s(now_ms)
        pump.wall.set(fields["wall_s"], now_ms)
        pump.log.note(events.CLOCK_SET, old_wall_s, fields["wall_s"])
        pump.alarms.clear(schema.CLOCK_LOST)
        pump.keeper.wall_changed(now_ms)
        pump.keeper.checkpoint(now_ms)
        if pump.state.state == schema.RUNNING:
            pump.therapy.begin(now_ms)
        return {
            "was_set": int(was_set),
            "old_wall_s": old_wall_s,
            "wall_s": fields["wall_s"],
            "rate_nl_day": pump.therapy.rate_nl_day,
        }

    def _setup(self, fields: "Values", now_ms: int) -> "Values":
        self._need_magnet(now_ms)
        _need_one_of("conc_mcg_ml", fields["conc_mcg_ml"], schema.CONC_MCG_ML_ACCEPTED)
        _need_one_of("reservoir_nl", fields["reservoir_nl"], schema.RESERVOIR_NL_ACCEPTED)
        self._proposal = None
        self._pump.commission(fields, now_ms)
        return {"state": self._pump.state.state}

    def _calibrate(self, fields: "Values", now_ms: int) -> "Values":
        self._need_magnet(now_ms)
        pump = self._pump
        sound_setup(pump)
        step_pl = (fields["volume_nl"] * 1000 + fields["steps"] // 2) // fields["steps"]
        if not schema.STEP_PL_MIN <= step_pl <= schema.STEP_PL_MAX:
            raise Refusal(
                schema.CALIBRATION_BOUND, "volume_nl", schema.STEP_PL_MIN, schema.STEP_PL_MAX
            )
        old_step_pl = pump.step_pl
        self._proposal = None
        pump.calibrate(step_pl)
        return {"old_step_pl": old_step_pl, "step_pl": step_pl}

    def _refilled(self, fields: "Values", now_ms: int) -> "Values":
        self._need_magnet(now_ms)
        pump = self._pump
        values = {
            "level_nl": pump.board.level_nl(),
            "ended_verified_nl": pump.ledger.span_nl(SINCE_REFILL),
            "ended_possible_nl": pump.ledger.span_possible_nl(SINCE_REFILL),
        }
        totals = pump.guard.totals
        pump.ledger.begin(SINCE_REFILL)
        if not pump.keeper.checkpoint(now_ms):
            pump.guard.totals = totals
            raise Refusal(schema.NOT_STORED)
        return values

    def _propose(self, fields: "Values", now_ms: int) -> "Values":
        setup = setup_of(self._pump)
        conc_mcg_ml = setup["conc_mcg_ml"]
        if fields["conc_mcg_ml"] != conc_mcg_ml:
            raise Refusal(schema.CONCENTRATION_MISMATCH, "conc_mcg_ml", conc_mcg_ml, conc_mcg_ml)
        proposal = Prescription(fields)
        total_ng_day = proposal.total_ng_day()
        self._need_dose_left(proposal)
        old = self._pump.therapy.prescription
        old_ng_day = old.total_ng_day() if old else 0
        change = (total_ng_day - old_ng_day) * 1000 // old_ng_day if old_ng_day else 0
        peak_start_min, peak_ng_hour = proposal.peak()
        self._proposal = proposal
        self._proposed_s = self._pump.clock.uptime_s()
        return {
            "digest": proposal.digest(setup["serial"]),
            "total_nl_day": proposal.total_nl_day(),
            "total_ng_day": total_ng_day,
            "old_total_ng_day": old_ng_day,
            "change_permille": change,
            "peak_start_min": peak_start_min,
            "peak_ng_hour": peak_ng_hour,
        }

    def _confirm(self, fields: "Values", now_ms: int) -> "Values":
        pump = self._pump
        proposal = self._proposal
        if proposal is None or pump.clock.uptime_s() - self._proposed_s > PROPOSAL_S:
            raise Refusal(schema.NO_PROPOSAL)
        if fields["digest"] != proposal.digest(setup_of(self._pump)["serial"]):
            raise Refusal(schema.DIGEST_MISMATCH, "digest")
        if pump.boluses.is_under_way:
            raise Refusal(schema.BOLUS_UNDER_WAY)
        proposal = Prescription(proposal.fields)  # all else of it was held for minutes
        self._need_dose_left(proposal)
        if pump.state.state in (schema.RUNNING, schema.HELD):
            self._need_clock(proposal)
        self._proposal = None
        pump.prescribe(proposal, now_ms)
        return {"state": pump.state.state, "rate_nl_day": pump.therapy.rate_nl_day}

    def _start(self, fields: "Values", now_ms: int) -> "Values":
        pump = self._pump
        prescription = pump.therapy.prescription
        if prescription is None:
            raise Refusal(schema.NO_PRESCRIPTION)
        self._need_clock(prescription)
        pump.start(now_ms)
        return {"state": pump.state.state, "rate_nl_day": pump.therapy.rate_nl_day}

    def _stop(self, fields: "Values", now_ms: int) -> "Values":
        pump = self._pump
        pump.stop(now_ms)
        return {
            "state": pump.state.state,
            "commanded_steps": pump.ledger.commanded.value(),
        }

    def _need_magnet(self, now_ms: int) -> None:
        if not self._pump.magnet.window_s(now_ms):
            raise Refusal(schema.MAGNET_NEEDED)

    def _need_dose_left(self, prescription: Prescription) -> None:
        """Any 24 hours: what boluses have given in the last ones counts."""
        pump = self._pump
        left_ng_day = max(0, sound_setup(pump)["dose_ng_day_limit"] - pump.boluses.day_ng())
        if prescription.total_ng_day() > left_ng_day:
            raise Refusal(schema.DOSE_LIMIT, "dose_ng_day", 0, left_ng_day)

    def _need_clock(self, prescription: Prescription) -> None:
        if prescription.therapy == schema.SCHEDULE and not self._pump.wall.is_set:
            raise Refusal(schema.CLOCK_NOT_SET)


def _states_mask(legal: "Tuple[int, ...]") -> int:
    mask = 0
    for state, code in enumerate(legal):
        if code == schema.OK:
            mask |= 1 << state
    return mask


def _need_one_of(field: str, value: int, accepted: "Tuple[int, ...]") -> None:
    if value not in accepted:
        raise Refusal(schema.OUT_OF_RANGE, field, accepted[0], accepted[-1])
