"""What the pump remembers: its objects to records on the flash and back.

From the loop only. Each save has been read back on return, or raises StoreError. Nothing here
decides when to write (keeper.py) or what a record that is lost means (restore.py).
"""

import hashlib

from firmware import records
from firmware.prescription import Prescription
from firmware.store import Record, StoreError
from protocol.wire import codec

_ACTIVE = 1
_WAITING = 2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

    from firmware.alarm import Alarms
    from firmware.files import Files
    from firmware.ledger import Ledger

    Values = Dict[str, Any]


class Memory:
    """The records of one pump.

    damaged: bit per kind of record (firmware/records.py) that was there and could not be read.
    present: bit per kind that was read or written. is_new: it says that there was none before.
    """

    def __init__(self, files: "Files") -> None:
        self.damaged = 0
        self.present = 0
        self.is_new = False
        self._unsettled = list(records.FOLDERS)
        self._setup_hash = b""
        self._chain = bytes(8)
        self._files = files
        self._records: "List[Record]" = []

    def open(self) -> None:
        """Before anything else. Makes what is not there."""
        files, kinds = self._files, range(1, len(records.NAMES))
        files.restore()
        names = _made(files)
        self.is_new = records.NEW in names
        self._records = [_record(files, kind, names) for kind in kinds]

    def settle(self) -> bool:
        """After a reset, one folder: what a cut has left there becomes certain. False: all are.

        What has changed by it is seen then, and written again.
        """
        if not self._unsettled:
            return False
        self._files.settle(self._unsettled[-1])
        if len(self._unsettled) == 1:
            for record in self._records:
                record.load()
        self._unsettled.pop()
        return True

    def begun(self) -> None:
        """The first record is there: from now on a pump without any has lost them."""
        if self.is_new:
            try:
                self._files.remove(records.FOLDER + "/" + records.NEW)
            except OSError:
                return

    def halves(self) -> int:
        """Bit per kind of record of which the other generation is still to be written. Allocates
        nothing.
        """
        mask = 0
        bit = 1 << records.SETUP
        for record in self._records:
            if record.is_half:
                mask |= bit
            bit <<= 1
        return mask

    def complete(self, kind: int) -> None:
        """Write the other generation of a record too. Raises StoreError."""
        self._records[kind - 1].complete()

    def load_setup(self) -> "Optional[Values]":
        """The fields of SETUP, and step_pl."""
        found = self._load(records.SETUP)
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
        self._save(records.SETUP, values)
        self._setup_hash = _setup_hash(values)

    def load_therapy(self, setup: "Values") -> "Optional[Prescription]":
        """The prescription in force for this set-up; None where there is none.

        One that is not what a person confirmed counts as damaged.
        """
        found = self._load(records.THERAPY)
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
        self._save(records.THERAPY, values)

    def load_condition(self, alarms: "Alarms") -> "Optional[Values]":
        """Whether therapy is on, or how long it has been off; the alarms become as they were."""
        found = self._load(records.CONDITION)
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
        self._save(records.CONDITION, values)

    def load_ledger(self, ledger: "Ledger", conc_mcg_ml: int) -> int:
        """Totals go on from the record. Returns the wall time of the record; 0: none.

        conc_mcg_ml: of the set-up. Format 1 knows no doses: there was one concentration then.
        """
        found = self._load(records.LEDGER)
        if found is None:
            return 0
        record = self._records[records.LEDGER - 1]
        form = record.format
        payload = codec.pack(records.FORMATS[records.LEDGER][form - 1], found)
        self._chain = _hash8(payload)
        older = record.older
        if older is not None and older != payload and found["chain"] != _hash8(older):
            self.damaged |= 1 << records.LEDGER  # one of the two is not what the pump wrote
        if form == 1:
            for span in found["spans"]:
                span["verified_fg"] = span["verified_pl"] * conc_mcg_ml
                span["unverified_fg"] = span["unverified_pl"] * conc_mcg_ml
        if form < 3:  # formats 1 and 2 know no bolus
            found["is_bolus"] = found["powered_s"] = 0
            found["spans"].append(dict.fromkeys(found["spans"][0], 0))
        if form < 4:  # nor where the log ends
            found["log_number"] = 0
        # What an older firmware reserved did not go on to the record after the next.
        if (record.damaged and form < 4) or self.damaged & 1 << records.LEDGER:
            found["reserved_steps"] += records.BLOCK_STEPS_MAX
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
        record = self._records[records.LEDGER - 1]
        try:
            record.save(payload)
        except StoreError:
            if not self.settle():
                raise
            while self.settle():  # cells that waver, perhaps
                pass
            record.save(payload)
        self._chain = chain

    def load_boluses(self) -> "Optional[Values]":
        """Those given last; None: there was none, or they are lost (`damaged`)."""
        return self._load(records.BOLUSES)

    def save_boluses(self, values: "Values") -> None:
        """The fields of records.BOLUSES_2."""
        self._save(records.BOLUSES, values)

    def _load(self, kind: int) -> "Optional[Values]":
        record = self._records[kind - 1]
        try:
            payload = record.load()
            if payload is None:
                if record.damaged:
                    self.damaged |= 1 << kind
                return None
            found = codec.unpack(records.FORMATS[kind][record.format - 1], payload)
        except codec.WireError:
            self.damaged |= 1 << kind
            return None
        self.present |= 1 << kind
        return found

    def _save(self, kind: int, values: "Values") -> None:
        self._records[kind - 1].save(codec.pack(records.FORMATS[kind][-1], values))
        self.present |= 1 << kind


def _made(files: "Files") -> "List[str]":
    """The names of all that lies beside the folders of the records, which are made where they are
    not there. One that cannot be made fails again where something is written to it.

    Both blocks of the folders that they lie in then know them.
    """
    names: "List[str]" = []
    try:
        names = files.list(records.FOLDER)
        if records.MADE not in names:
            above = (records.FOLDER,) + records.ABOVE
            for folder in above + records.FOLDERS:
                files.list(folder)
            for folder in above:
                files.settle(folder)
            files.write(records.FOLDER + "/" + records.MADE, b"")
    except OSError:
        pass
    return names


def _record(files: "Files", kind: int, names: "List[str]") -> Record:
    """names: of what lies there; a folder of each kind is of an older firmware."""
    name = records.NAMES[kind]
    at = 2 if kind == records.LEDGER else 0
    first, second = records.FOLDERS[at : at + 2]
    paths: "Tuple[str, ...]" = (first + "/" + name, second + "/" + name)
    if name in names:
        old = records.FOLDER + "/" + name
        paths += (old + "/0", old + "/1", old + "/settle", old)
    return Record(files, paths, kind, len(records.FORMATS[kind]), kind != records.LEDGER)


def _setup_hash(values: "Values") -> bytes:
    """Stands for a set-up; the calibration may change under a prescription."""
    fields = [field for field in records.SETUP_1 if field[0] != "step_pl"]
    return _hash8(codec.pack(tuple(fields), values))


def _hash8(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:8]
