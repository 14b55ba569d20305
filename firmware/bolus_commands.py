"""The commands about boluses: propose, start, cancel, tell.

Called from the session only, through commands.py. A bolus is proposed, computed by the pump, and
given only after a START_BOLUS with its digest, for which everything is checked anew.
"""

import hashlib

from firmware.boluses import duration_ms
from firmware.prescription import PROPOSAL_S, Prescription
from firmware.readings import setup_of, sound_setup
from firmware.refusal import Refusal
from protocol.wire import codec, schema

_DAY_S = 86_400

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional, Tuple

    from firmware.pump import Pump

    Values = Dict[str, Any]


class BolusCommands:
    """Handlers as those in commands.py."""

    def __init__(self, pump: "Pump") -> None:
        self._pump = pump
        self._proposal: "Optional[Values]" = None
        self._proposed_s = 0

    def forget(self) -> None:
        """Nothing half-said is kept."""
        self._proposal = None

    def told(self, fields: "Values", now_ms: int) -> "Values":
        """The newest boluses, and when the next may follow. Raises Refusal as for totals."""
        boluses = self._pump.boluses
        if not self._pump.ledger.is_sound:
            raise Refusal(schema.FAULTED)
        return {
            "count": boluses.count,
            "wait_s": boluses.wait_s(),
            "boluses": boluses.rows(),
        }

    def propose(self, fields: "Values", now_ms: int) -> "Values":
        """What it would be, and what it would make of the day."""
        pump = self._pump
        basal_ng_day, basal_nl_day = self._check(fields)
        self._proposal = fields
        self._proposed_s = pump.clock.uptime_s()
        dose_ng = _dose_ng(fields)
        given_ng = pump.boluses.day_ng()
        return {
            "digest": self._digest(fields),
            "dose_ng": dose_ng,
            "duration_ms": duration_ms(fields["volume_nl"], fields["rate_nl_day"]),
            "peak_nl_day": basal_nl_day + fields["rate_nl_day"],
            "boluses_ng_day": given_ng,
            "total_ng_day": basal_ng_day + given_ng + dose_ng,
        }

    def start(self, fields: "Values", now_ms: int) -> "Values":
        """Give what was proposed, from now on."""
        pump = self._pump
        proposal = self._proposal
        if proposal is None or pump.clock.uptime_s() - self._proposed_s > PROPOSAL_S:
            raise Refusal(schema.NO_PROPOSAL)
        if fields["digest"] != self._digest(proposal):
            raise Refusal(schema.DIGEST_MISMATCH, "digest")
        self._check(proposal)
        self._proposal = None
        lasts_ms = pump.boluses.begin(
            proposal["volume_nl"], proposal["rate_nl_day"], proposal["conc_mcg_ml"]
        )
        return {"rate_nl_day": pump.therapy.rate_nl_day, "duration_ms": lasts_ms}

    def cancel(self, fields: "Values", now_ms: int) -> "Values":
        """End the bolus under way."""
        pump = self._pump
        if not pump.boluses.is_under_way:
            raise Refusal(schema.NO_BOLUS)
        pump.boluses.stop(schema.CANCELLED, now_ms)
        ended = pump.boluses.rows()[-1]
        return {
            "volume_nl": ended["volume_nl"],
            "verified_nl": ended["verified_nl"],
            "possible_nl": ended["possible_nl"],
            "rate_nl_day": pump.therapy.rate_nl_day,
        }

    def _check(self, fields: "Values") -> "Tuple[int, int]":
        """What is delivered beside it: (ng a day, fastest rate in nL/day). Raises Refusal where it
        must not be given now, Corrupt.
        """
        pump = self._pump
        setup = sound_setup(pump)
        basal_ng_day, basal_nl_day = _basal(pump)
        volume_nl = fields["volume_nl"]
        if pump.boluses.is_under_way:
            raise Refusal(schema.BOLUS_UNDER_WAY)
        if pump.alarms.mask(False) | pump.alarms.mask(True):
            raise Refusal(schema.ALARM_STANDS)
        conc_mcg_ml = setup["conc_mcg_ml"]
        if fields["conc_mcg_ml"] != conc_mcg_ml:
            raise Refusal(schema.CONCENTRATION_MISMATCH, "conc_mcg_ml", conc_mcg_ml, conc_mcg_ml)
        if abs(fields["dose_ng"] * 1000 - volume_nl * conc_mcg_ml) > conc_mcg_ml:
            raise Refusal(schema.DOSE_MISMATCH, "dose_ng", _dose_ng(fields), _dose_ng(fields))
        slowest_nl_day = max(schema.RATE_NL_DAY_MIN, -(-volume_nl * _DAY_S // schema.BOLUS_S_MAX))
        fastest_nl_day = schema.RATE_NL_DAY_MAX - basal_nl_day
        if not slowest_nl_day <= fields["rate_nl_day"] <= fastest_nl_day:
            raise Refusal(schema.OUT_OF_RANGE, "rate_nl_day", slowest_nl_day, fastest_nl_day)
        wait_s = pump.boluses.wait_s()
        if wait_s:
            raise Refusal(schema.BOLUS_LOCKED_OUT, "wait_s", wait_s, schema.BOLUS_LOCKOUT_S)
        left_ng = setup["dose_ng_day_limit"] - basal_ng_day - pump.boluses.day_ng()
        left_ng = max(0, min(left_ng, schema.BOLUS_NG_MAX))
        if volume_nl * conc_mcg_ml > left_ng * 1000:
            raise Refusal(schema.DOSE_LIMIT, "dose_ng", 0, left_ng)
        return basal_ng_day, basal_nl_day

    def _digest(self, fields: "Values") -> bytes:
        """Stands for this bolus in this pump, once: how many there were before is part of it."""
        payload = codec.encode(schema.PROPOSE_BOLUS, fields)
        count = self._pump.boluses.count.to_bytes(4, "little")
        serial = setup_of(self._pump)["serial"]
        return hashlib.sha256(serial.encode() + payload + count).digest()[:16]


def _basal(pump: "Pump") -> "Tuple[int, int]":
    """(ng a day, fastest rate in nL/day) of the prescription, by the segments that are delivered;
    Refusal where they are not those that were confirmed. Raises Corrupt.
    """
    told = pump.therapy.prescription
    if told is None:
        return 0, 0
    fields = dict(told.fields)
    fields["segments"] = pump.therapy.segments()
    prescription = Prescription(fields)
    return prescription.total_ng_day(), max(prescription.rates_nl_day)


def _dose_ng(fields: "Values") -> int:
    """Rounded down."""
    dose_ng: int = fields["volume_nl"] * fields["conc_mcg_ml"] // 1000
    return dose_ng
