"""A block of the flash goes bad while the pump runs: each block, in each way."""

from emulator.bedside import Refused
from protocol.wire import schema
from tests.power_loss.images import aged
from tests.power_loss.ward import Ward

KEPT = "goes on with the prescription that it answered for"
ALARMED = "a critical alarm"
OUTCOMES = (KEPT, ALARMED)

RUN_S = 40  # a record of the ledger, and the log


def run(image: int, block: int, defect: str) -> str:
    """What came of it, one of OUTCOMES; anything else is wrong.

    After a prescription, some delivery, and a start with the bad block.
    """
    ward = Ward(aged(image))
    ward.boot()
    ward.flash.defects[block] = defect
    try:
        ward.prescribe((0, 900_000))
    except Refused as refusal:
        if refusal.values["code"] != schema.NOT_STORED:
            return f"refused: {refusal}"
    ward.run(s=RUN_S)
    outcome = _outcome(ward)
    if outcome not in OUTCOMES:
        return f"while it runs: {outcome}"
    ward.reboot()
    return _outcome(ward)


def _outcome(ward: Ward) -> str:
    pump = ward.pump
    if pump.error is not None:
        return f"raised {pump.error!r}"
    if pump.alarms.priority() == schema.CRITICAL:
        told = pump.therapy.prescription
        another = told and ward.unlike({"treatment": (pump.setup, told.fields)})
        return "an alarm, and another prescription" if another else ALARMED
    return "; ".join(ward.wrong_therapy(alarmed=True) + ward.wrong_ledger()) or KEPT
