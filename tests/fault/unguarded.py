"""Every number that the pump holds outside the guarded words, and why a flipped bit of it decides
no dose untold; and how they are found.
"""

from array import array
from typing import Any

_WATCHED = "a wrong wake is found by comparing it with its guarded copy (loop.py, delivery.py)"
_SCRATCH = "written before it is read, within one call"
_MONITOR = "the motion monitor's own: it cuts the supply, and delivers nothing"
_SHOWN = "shown and stamped; nothing is delivered by it"
_SEALED = "sealed, looked at before a bolus and before it is written (test_bolus_account.py)"
_LEFT_STOPPED = "how soon a pump that was stopped says so"
_WINDOW = "whether the magnet's minutes are over; no set-up without a session and a person"
_WHEN = "when a record is written; the ledger's reservation is guarded"
NOT_GUARDED = {  # every number on the delivery path that is no guarded word, and why
    "Delivery.due_ms": _WATCHED,
    "Therapy.due_ms": _WATCHED,
    "StepRate._whole": _SCRATCH,
    "StepRate._part": _SCRATCH,
    "Clock.now_ms": "written anew from the guarded epoch at each reading",
    "State.fault_reason": _SHOWN,
    "Guard.due_ms": "when the pairs are looked at; the sums are taken before each step anyway",
    "Guard._rest_sum": "what the sum must be: a flip in it is a mismatch",
    "Guard._crc": "what the seal must be: a flip in it is a mismatch",
    "Motion.due_ms": _MONITOR,
    "Motion._ticks_mask": _MONITOR,
    "Motion._level_a": _MONITOR,
    "Motion._seen_permits": _MONITOR,
    "Motion._permit_at": _MONITOR,
    "Motion._surplus": _MONITOR,
    "Motion.tripped": _MONITOR,
    "Pressure.due_ms": "when the release of an occlusion is looked for, while delivery is held",
    "Pressure._doubtful": "one sample more or less before an occlusion is told",
    "Pressure.pa": _SHOWN,
    "Therapy.prescription": "for reading back; delivery, and what it leaves a bolus, go by guarded"
    " segments",
    "Ledger.boots": _SHOWN,
    "Ledger.powered_s": _SEALED,
    "Ledger.log_number": "where the log ended, for the next start",
    "Ledger.is_sound": "says only that totals are not to be told or written",
    "Count._place": "where the count stands; a wrong place is a mismatch of two pairs",
    "Pump.is_on": "compared with the guarded state before it is written (test_held_twice.py)",
    "Pump.setup": "compared with its hash before a dose, and before it is written",
    "Pump.step_pl": _SHOWN,
    "Pump.manifest_hash": _SHOWN,
    "Memory._setup_hash": "what the set-up must be: a flip in it is a mismatch",
    "Memory._chain": "a wrong one is told at the next start",
    "Memory._records": "where they lie, and their sequences; what is written is read back",
    "Memory.damaged": "looked at in a start",
    "Memory.present": "looked at in a start, and before the first prescription",
    "Alarms.table": "held twice (test_held_twice.py)",
    "Alarms._seal": "what the table must be: a flip in it is a mismatch",
    "Boluses._rows": _SEALED,
    "Boluses._locked_until_s": _SEALED,
    "Boluses._possible_nl": _SEALED,
    "Boluses._seal": "what the account must be: a flip in it is a mismatch",
    "Boluses._verified_nl": _SHOWN,
    "Boluses._is_under_way": "one that is under way locks out the next, too",
    "Boluses.count": "part of the digest: what was proposed before is refused",
    "Care.due_ms": _LEFT_STOPPED,
    "Care.hours": _LEFT_STOPPED,
    "Magnet.due_ms": _WINDOW,
    "Magnet._held_since_ms": _WINDOW,
    "Magnet._window_until_ms": _WINDOW,
    "Reservoir.due_ms": "when the reservoir is looked at next",
    "Memory._unsettled": "which folders are still to be written anew",
    "Memory.is_new": "whether a start without any record is an alarm",
    "Keeper._reserved": "set in the call that writes it",
    "Keeper._spare": "how soon a record follows; the other generation brackets the truth as well",
    "Keeper.savers": "how each record is written",
    "Keeper.due_ms": _WHEN,
    "Keeper._changed": _WHEN,
    "Keeper._failed": _WHEN,
    "Keeper._tried": _WHEN,
    "Keeper._again_at_ms": _WHEN,
    "Keeper._hour_at_ms": _WHEN,
    "Keeper._midnight_at_ms": "when the span since midnight begins anew; the others go on",
    "Keeper._day": "whether the span since midnight begins anew; the others go on",
    "Keeper.commits": "that it changes says that something was written",
}
PATH = ("Delivery", "StepRate", "Drive", "Therapy", "State", "Clock", "WallClock", "Guard")
PATH += ("Motion", "Pressure", "Ledger", "Count")
# They decide what a command may change, and what the next start goes on with.
PATH += ("Pump", "Memory", "Alarms", "Boluses", "Care", "Magnet", "Reservoir", "Keeper")


def numbers_on_the_path(pump: Any) -> tuple[set[str], set[int]]:
    """Class.attribute of all that holds a number, and the ids of the arrays among them."""
    names: set[str] = set()
    arrays: set[int] = set()
    seen: set[int] = set()

    def walk(owner: Any) -> None:
        if id(owner) in seen or type(owner).__name__ not in PATH:
            return
        seen.add(id(owner))
        for attribute, value in vars(owner).items():
            name = f"{type(owner).__name__}.{attribute}"
            if isinstance(value, array):
                arrays.add(id(value))
            elif type(value).__module__.startswith("firmware") and not callable(value):
                if type(value).__name__ == "Prescription":
                    names.add(name)
                walk(value)
            elif not callable(value) and value is not None:
                names.add(name)

    walk(pump)
    return names, arrays
