"""The clinician of a scenario: the real programmer's client, over a line on virtual time.

Each action is a visit: open the session, do one thing, check it as the programmer does, close
the session. No method of the pump is ever called from here.
"""

from emulator.rig import Rig, RigLink
from protocol.programmer import bolus, verify
from protocol.programmer.answers import SetupFields
from protocol.programmer.client import Client
from protocol.programmer.interrogation import program_or_none
from protocol.programmer.prescription import Prescription
from protocol.wire import schema


class Disagreement(Exception):
    """Programmer and pump do not mean the same; the message says where."""


class Clinician:
    """Raises Refused, NoAnswer and the like as the client does, and Disagreement."""

    def __init__(self, rig: Rig) -> None:
        self._client = Client(RigLink(rig))

    def setup(self, fields: SetupFields) -> None:
        """Commission the pump, and read back. Needs the magnet before."""
        with self._client as pump:
            pump.hello()
            pump.setup(fields)
            _agree(verify.field_faults(pump.read_setup(), fields))

    def calibrate(self, steps: int, volume_nl: int) -> None:
        """`steps` moved `volume_nl`. Needs the magnet before."""
        with self._client as pump:
            pump.hello()
            pump.calibrate(steps, volume_nl)

    def set_clock(self, wall_s: int) -> None:
        """Set the local time."""
        with self._client as pump:
            pump.hello()
            pump.set_clock(wall_s)

    def program(self, prescription: Prescription) -> None:
        """Propose, compare, confirm, read back, compare."""
        new = prescription.program
        with self._client as pump:
            serial = pump.hello()["serial"]
            old = program_or_none(pump)
            proposal = pump.propose(new.to_wire())
            _agree(verify.proposal_faults(proposal, serial, new, old))
            pump.confirm(proposal["digest"])
            _agree(verify.read_back_faults(pump.read_back(), serial, new))

    def bolus(self, dose_ng: int, duration_s: int) -> None:
        """Propose, compare, start."""
        with self._client as pump:
            serial = pump.hello()["serial"]
            asked = bolus.of_dose(dose_ng, duration_s, pump.read_setup()["conc_mcg_ml"])
            before = pump.boluses()["count"]
            proposal = pump.propose_bolus(asked.to_wire())
            _agree(bolus.faults(proposal, serial, before, asked))
            pump.start_bolus(proposal["digest"])

    def cancel_bolus(self) -> None:
        """End the bolus under way."""
        with self._client as pump:
            pump.hello()
            pump.cancel_bolus()

    def start(self) -> None:
        """Start therapy."""
        with self._client as pump:
            pump.hello()
            pump.start()

    def stop(self) -> None:
        """Stop therapy."""
        with self._client as pump:
            pump.hello()
            pump.stop()

    def acknowledge(self, alarm: str) -> None:
        """Acknowledge an alarm, by its name."""
        with self._client as pump:
            pump.hello()
            pump.acknowledge([row[0] for row in schema.ALARM_TABLE].index(alarm))


def _agree(faults: list[str]) -> None:
    if faults:
        raise Disagreement("; ".join(faults))
