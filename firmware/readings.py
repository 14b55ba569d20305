"""What the pump tells: one handler per message that only reads. Nothing here changes anything.

Called from the session only, through commands.py.
"""

from firmware.guard import Corrupt
from firmware.ledger import OF_BOLUS, OF_CONTINUOUS, OF_SCHEDULE, SINCE_MIDNIGHT, SINCE_REFILL
from firmware.refusal import Refusal
from protocol.wire import schema

_SPANS = (
    ("continuous", OF_CONTINUOUS),
    ("schedule", OF_SCHEDULE),
    ("refill", SINCE_REFILL),
    ("midnight", SINCE_MIDNIGHT),
    ("bolus", OF_BOLUS),
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

    from firmware.pump import Pump

    Values = Dict[str, Any]


class Readings:
    """The pump as it is. Each method gives the values of the answer."""

    def __init__(self, pump: "Pump") -> None:
        self._pump = pump

    def status(self, fields: "Values", now_ms: int) -> "Values":
        """State, rate, alarms, times, sensors: now."""
        pump = self._pump
        prescription = pump.therapy.prescription
        return {
            "state": pump.state.state,
            "therapy": prescription.therapy if prescription else schema.NONE,
            "rate_nl_day": pump.therapy.rate_nl_day,
            "segment": pump.therapy.segment,
            "next_change_s": pump.therapy.next_change_s(now_ms),
            "alarms_active": pump.alarms.mask(False),
            "alarms_waiting": pump.alarms.mask(True),
            "uptime_s": pump.clock.uptime_s(),
            "wall_s": pump.wall.wall_s(now_ms),
            "window_s": pump.magnet.window_s(now_ms),
            "silence_s": pump.annunciator.silence_s(now_ms),
            "pressure_pa": pump.board.pressure_pa(),
            "level_nl": pump.board.level_nl(),
            "fault_reason": pump.state.fault_reason,
            "bolus_left_s": (pump.therapy.bolus_left_ms(now_ms) + 999) // 1000,
        }

    def alarms(self, fields: "Values", now_ms: int) -> "Values":
        """Every alarm that was ever raised."""
        rows = []
        for alarm, entry in enumerate(self._pump.alarms.table):
            if entry.count:
                rows.append(
                    {
                        "alarm": alarm,
                        "active": int(entry.active),
                        "acknowledged": int(not entry.waiting),
                        "count": entry.count,
                        "raised_s": entry.raised_s,
                        "value": entry.value,
                    }
                )
        return {"alarms": rows}

    def totals(self, fields: "Values", now_ms: int) -> "Values":
        """What was delivered: the ledger. Raises Refusal where its numbers are not sound."""
        pump = self._pump
        ledger = pump.ledger
        if not ledger.is_sound:
            raise Refusal(schema.FAULTED)
        values = {
            "commanded_steps": ledger.commanded.value(),
            "verified_steps": ledger.verified.value(),
            "unverified_steps": ledger.unverified.value(),
            "verified_nl": ledger.verified_nl(),
            "possible_nl": ledger.possible_nl(),
            "verified_ng": ledger.verified_ng(),
            "possible_ng": ledger.possible_ng(),
            "step_pl": pump.step_pl,
            "boots": ledger.boots,
        }
        for name, span in _SPANS:
            values[name + "_verified_nl"] = ledger.span_nl(span)
            values[name + "_possible_nl"] = ledger.span_possible_nl(span)
        return values

    def read_clock(self, fields: "Values", now_ms: int) -> "Values":
        """The clocks."""
        wall = self._pump.wall
        return {
            "set": int(wall.is_set),
            "wall_s": wall.wall_s(now_ms),
            "uptime_s": self._pump.clock.uptime_s(),
        }

    def read_setup(self, fields: "Values", now_ms: int) -> "Values":
        """How the pump was commissioned. Raises Refusal."""
        values = dict(setup_of(self._pump))
        values["step_pl"] = self._pump.step_pl
        return values

    def read_back(self, fields: "Values", now_ms: int) -> "Values":
        """The prescription in force. Raises Refusal."""
        prescription = self._pump.therapy.prescription
        if prescription is None:
            raise Refusal(schema.NO_PRESCRIPTION)
        values = dict(prescription.fields)
        values["digest"] = prescription.digest(setup_of(self._pump)["serial"])
        return values

    def log(self, fields: "Values", now_ms: int) -> "Values":
        """A page of the event log."""
        return self._pump.log.page(fields["first_event"])


def setup_of(pump: "Pump") -> "Values":
    """The fields of its set-up. Raises Refusal where there is none."""
    if pump.setup is None:
        raise Refusal(schema.NOT_COMMISSIONED)
    return pump.setup


def sound_setup(pump: "Pump") -> "Values":
    """The same, to be relied upon for limits: as it was loaded or saved, or raises Corrupt."""
    setup = setup_of(pump)
    if not pump.memory.is_setup(setup):
        raise Corrupt()
    return setup
