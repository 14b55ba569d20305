"""What the pump remembers: its objects to records on the flash and back.

From the loop only. Each save has been read back on return, or raises StoreError. Nothing here
decides when to write (keeper.py) or what a record that is lost means (restore.py).
"""

import hashlib

from firmware import records
from firmware.prescription import Prescription
from firmware.store import Record
from protocol.wire import codec

_ACTIVE = 1
_WAITING = 2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

    from firmware.alarm import Alarms
    from firmware.files import Files
    from firmware.ledger import Ledger

    Values = Dict[str, Any]


class Memory:
    """The records of one pump.

    damaged: bit per kind of record (firmware/records.py) that was there and could not be read.
    present: bit per kind that was read or written. hidden_steps: reserved by a ledger that knows
    no bolus, where a newer one may have.
    """

    def __init__(self, files: "Files") -> None:
        self.damaged = 0
        self.present = 0
        self.hidden_steps = 0
        self._setup_hash = b""
        self._chain = bytes(8)
        for folder in records.FOLDERS:
            _make(files, folder)
        self._setup = _record(files, records.SETUP, True)
        self._therapy = _record(files, records.THERAPY, True)
        self._condition = _record(files, records.CONDITION, True)
        self._ledger = _record(files, records.LEDGER, False)
        self._boluses = _record(files, records.BOLUSES, True)
        self._twins = (
            (records.SETUP, self._setup),
            (records.THERAPY, self._therapy),
            (records.CONDITION, self._condition),
            (records.BOLUSES, self._boluses),
        )

    def halves(self) -> int:
        """Bit per kind of record of which one generation could not be written."""
        mask = 0
        for kind, record in self._twins:
            if record.damaged:
                mask |= 1 << kind
        return mask

    def load_setup(self) -> "Optional[Values]":
        """The fields of SETUP, and step_pl."""
        found = self._load(self._setup, records.SETUP)
        if found is not None:
            self._setup_hash = _setup_hash(found)
        return found

    def is_setup(self, setup: "Values") -> bool:
        """Whether this is the set-up that was loaded or saved last, bit for bit."""
        try:
            return _setup_hash(setup) == self._setup_hash
        except codec.WireError:  # out of its range
            return False

    def save_setup(self, setup: "Values", step_pl: int) -> None:
        """Another set-up than the one before ends the prescription."""
        values = dict(setup)
        values["step_pl"] = step_pl
        self._save(self._setup, records.SETUP, values)
        self._setup_hash = _setup_hash(values)

    def load_therapy(self, setup: "Values") -> "Optional[Prescription]":
        """The prescription in force for this set-up; None where there is none.

        One that is not what a person confirmed counts as damaged.
        """
        found = self._load(self._therapy, records.THERAPY)
        if found is None or found["setup_hash"] != self._setup_hash:
            return None
        digest = found["digest"]
        fields = {name: found[name] for name in ("conc_mcg_ml", "therapy", "dose_ng_day")}
        fields["segments"] = found["segments"]
        try:
            prescription = Prescription(fields)
        except MemoryError:  # says nothing of the record
            raise
        except Exception:  # a Refusal, or whatever nonsense makes of the arithmetic
            prescription = None
        if (
            prescription is None
            or prescription.digest(setup["serial"]) != digest
            or fields["conc_mcg_ml"] != setup["conc_mcg_ml"]
            or prescription.total_ng_day() > found["dose_ng_day_limit"]
            or found["dose_ng_day_limit"] != setup["dose_ng_day_limit"]
        ):
            self.damaged |= 1 << records.THERAPY
            return None
        return prescription

    def save_therapy(self, prescription: "Prescription", setup: "Values") -> None:
        """Put it in force on the flash."""
        values = dict(prescription.fields)
        values["setup_hash"] = self._setup_hash
        values["dose_ng_day_limit"] = setup["dose_ng_day_limit"]
        values["digest"] = prescription.digest(setup["serial"])
        self._save(self._therapy, records.THERAPY, values)

    def load_condition(self, alarms: "Alarms") -> "Optional[Values]":
        """Whether therapy is on, or how long it has been off; the alarms become as they were."""
        found = self._load(self._condition, records.CONDITION)
        if found is None:
            return None
        for alarm, row in enumerate(found["alarms"]):
            if alarm < len(alarms.table):
                entry = alarms.table[alarm]
                entry.active = bool(row["flags"] & _ACTIVE)
                entry.waiting = bool(row["flags"] & _WAITING)
                entry.count = row["count"]
                entry.value = row["value"]
        alarms.seal()
        return found

    def save_condition(
        self, is_on: bool, fault_reason: int, stopped_h: int, alarms: "Alarms"
    ) -> None:
        """is_on: by order, whether or not an alarm holds delivery."""
        rows = []
        for entry in alarms.table:
            flags = (_ACTIVE if entry.active else 0) | (_WAITING if entry.waiting else 0)
            rows.append({"flags": flags, "count": entry.count, "value": entry.value})
        values = {
            "is_on": int(is_on),
            "fault_reason": fault_reason,
            "stopped_h": stopped_h,
            "alarms": rows,
        }
        self._save(self._condition, records.CONDITION, values)

    def load_ledger(self, ledger: "Ledger", conc_mcg_ml: int) -> int:
        """Totals go on from the record. Returns the wall time of the record; 0: none.

        conc_mcg_ml: of the set-up. Format 1 knows no doses: there was one concentration then.
        """
        found = self._load(self._ledger, records.LEDGER)
        if found is None:
            return 0
        form = self._ledger.format
        payload = codec.pack(records.FORMATS[records.LEDGER][form - 1], found)
        self._chain = _hash8(payload)
        older = self._ledger.older
        if older is not None and older != payload and found["chain"] != _hash8(older):
            self.damaged |= 1 << records.LEDGER  # one of the two is not what the pump wrote
        if form == 1:
            for span in found["spans"]:
                span["verified_fg"] = span["verified_pl"] * conc_mcg_ml
                span["unverified_fg"] = span["unverified_pl"] * conc_mcg_ml
        if form < 3:  # formats 1 and 2 know no bolus
            found["is_bolus"] = found["powered_s"] = 0
            found["spans"].append(dict.fromkeys(found["spans"][0], 0))
        # One that is gone may have been the newer one, with steps of its own reserved.
        if self._ledger.damaged or self.damaged & 1 << records.LEDGER:
            found["reserved_steps"] += records.BLOCK_STEPS_MAX
            if not found["is_bolus"]:
                self.hidden_steps = found["reserved_steps"]
        ledger.concentrate(conc_mcg_ml)
        ledger.restore(found)
        wall_s: int = found["wall_s"]
        return wall_s

    def save_ledger(
        self, ledger: "Ledger", reserved_steps: int, wall_s: int, uptime_s: int
    ) -> None:
        """Totals as they are, and how many steps may follow before the next record."""
        values = ledger.fields(reserved_steps)
        values["chain"] = self._chain
        values["wall_s"] = wall_s
        values["powered_s"] = ledger.powered_s + uptime_s
        payload = codec.pack(records.FORMATS[records.LEDGER][-1], values)
        chain = _hash8(payload)
        self._ledger.save(payload)
        self._chain = chain

    def load_boluses(self) -> "Optional[Values]":
        """Those given last; None: there was none, or they are lost (`damaged`)."""
        return self._load(self._boluses, records.BOLUSES)

    def save_boluses(self, values: "Values") -> None:
        """The fields of records.BOLUSES_1."""
        self._save(self._boluses, records.BOLUSES, values)

    def _load(self, record: Record, kind: int) -> "Optional[Values]":
        try:
            payload = record.load()
            if payload is None:
                if record.damaged:
                    self.damaged |= 1 << kind
                return None
            found = codec.unpack(records.FORMATS[kind][record.format - 1], payload)
        except (OSError, codec.WireError):
            self.damaged |= 1 << kind
            return None
        self.present |= 1 << kind
        return found

    def _save(self, record: Record, kind: int, values: "Values") -> None:
        record.save(codec.pack(records.FORMATS[kind][-1], values))
        self.present |= 1 << kind


def _make(files: "Files", folder: str) -> None:
    """A folder that cannot be made fails again where something is written to it."""
    try:
        files.list(folder)
    except OSError:
        return


def _record(files: "Files", kind: int, twins: bool) -> Record:
    formats = len(records.FORMATS[kind])
    return Record(files, records.FOLDERS[kind], kind, formats, twins)


def _setup_hash(values: "Values") -> bytes:
    """Stands for a set-up; the calibration may change under a prescription."""
    fields = [field for field in records.SETUP_1 if field[0] != "step_pl"]
    return _hash8(codec.pack(tuple(fields), values))


def _hash8(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:8]
