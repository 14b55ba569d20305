"""A pump as seen by a programmer: one method per command of the schema.

    with connect("/dev/ttyACM0") as pump:
        print(pump.status()["state"])

Every method raises Refused where the pump says no (nothing was changed then); NoAnswer,
WrongAnswer or LinkError where the way to it fails, and it is not known then whether a change took
effect. Nothing is queued, cached or tried in the background.
"""

from types import TracebackType
from typing import Any, cast

from protocol.programmer import answers, held
from protocol.programmer.exchange import Exchange, NoAnswer, Refused, VersionMismatch, WrongAnswer
from protocol.programmer.journal import Recorder
from protocol.programmer.link import Link, LinkError, open_link
from protocol.wire import codec, schema

CLIENT_NAME = "pump-programmer"


class Client:
    """One pump at the other end of a link. `hello` comes first; `status` and `stop` need it not.

    recorder: writes down each change before it is sent, or None. exchange: gives the evidence of
    what came over the link, for a diagnosis.
    """

    def __init__(self, link: Link, recorder: Recorder | None = None) -> None:
        self.link = link
        self.exchange = Exchange(link)
        self._recorder = recorder
        self._serial: str | None = None
        self._is_open = False

    def hello(self) -> answers.HelloAnswer:
        """Open a session. Raises VersionMismatch where the pump speaks another schema."""
        values = self._send(
            schema.HELLO,
            protocol_version=schema.PROTOCOL_VERSION,
            schema_hash=schema.SCHEMA_HASH,
            client=CLIENT_NAME,
        )
        mine = (schema.PROTOCOL_VERSION, schema.SCHEMA_HASH)
        if (values["protocol_version"], values["schema_hash"]) != mine:
            raise VersionMismatch(values)
        self._is_open = True
        self._serial = values["serial"]
        return cast(answers.HelloAnswer, values)

    def goodbye(self) -> None:
        """Close the session; a proposal that was not confirmed is forgotten."""
        self._ask(schema.GOODBYE)
        self._is_open = False

    def status(self) -> answers.StatusAnswer:
        """How the pump is now; in every state, without a session."""
        return cast(answers.StatusAnswer, self._ask(schema.STATUS))

    def alarms(self) -> list[answers.AlarmRow]:
        """The alarms since the last reset."""
        return cast(answers.AlarmsAnswer, self._ask(schema.ALARMS))["alarms"]

    def totals(self) -> answers.TotalsAnswer:
        """What was delivered in the pump's life, from the step ledger."""
        return cast(answers.TotalsAnswer, self._ask(schema.TOTALS))

    def read_clock(self) -> answers.ReadClockAnswer:
        """The pump's clocks."""
        return cast(answers.ReadClockAnswer, self._ask(schema.READ_CLOCK))

    def read_setup(self) -> answers.ReadSetupAnswer:
        """How the pump was commissioned."""
        return cast(answers.ReadSetupAnswer, self._ask(schema.READ_SETUP))

    def read_back(self) -> answers.ReadBackAnswer:
        """The prescription in force. Refused with NO_PRESCRIPTION where there is none."""
        return cast(answers.ReadBackAnswer, self._ask(schema.READ_BACK))

    def log(self, first_event: int) -> answers.LogAnswer:
        """A page of the event log, from this number on."""
        return cast(answers.LogAnswer, self._ask(schema.LOG, first_event=first_event))

    def acknowledge(self, alarm: int) -> answers.AcknowledgeAnswer:
        """Say that somebody has seen this alarm (its id in the schema's table)."""
        return cast(answers.AcknowledgeAnswer, self._ask(schema.ACKNOWLEDGE, alarm=alarm))

    def set_clock(self, wall_s: int) -> answers.SetClockAnswer:
        """Set the local time, in seconds since 2000-01-01 00:00:00."""
        return cast(answers.SetClockAnswer, self._ask(schema.SET_CLOCK, wall_s=wall_s))

    def setup(self, fields: answers.SetupFields) -> answers.StateAnswer:
        """Commission the pump. Needs the magnet; drops the prescription in force."""
        return cast(answers.StateAnswer, self._ask(schema.SETUP, **fields))

    def calibrate(self, steps: int, volume_nl: int) -> answers.CalibrateAnswer:
        """Set the volume of a step: `steps` moved `volume_nl`. Needs the magnet."""
        values = self._ask(schema.CALIBRATE, steps=steps, volume_nl=volume_nl)
        return cast(answers.CalibrateAnswer, values)

    def refilled(self) -> answers.RefilledAnswer:
        """The reservoir has just been refilled. Needs the magnet."""
        return cast(answers.RefilledAnswer, self._ask(schema.REFILLED))

    def propose(self, fields: answers.ProposeFields) -> answers.Proposal:
        """Have a prescription considered. Nothing changes before `confirm`."""
        return cast(answers.Proposal, self._ask(schema.PROPOSE, **fields))

    def confirm(self, digest: bytes) -> answers.DeliveryAnswer:
        """Put the proposal with this digest in force, at once where therapy runs."""
        return cast(answers.DeliveryAnswer, self._ask(schema.CONFIRM, digest=digest))

    def boluses(self) -> answers.BolusesAnswer:
        """The newest boluses, the newest last, and how soon the next may follow."""
        return cast(answers.BolusesAnswer, self._ask(schema.BOLUSES))

    def propose_bolus(self, fields: answers.ProposeBolusFields) -> answers.BolusProposal:
        """Have a bolus considered. Nothing changes before `start_bolus`."""
        return cast(answers.BolusProposal, self._ask(schema.PROPOSE_BOLUS, **fields))

    def start_bolus(self, digest: bytes) -> answers.StartBolusAnswer:
        """Give the bolus with this digest, from now on."""
        return cast(answers.StartBolusAnswer, self._ask(schema.START_BOLUS, digest=digest))

    def cancel_bolus(self) -> answers.CancelBolusAnswer:
        """End the bolus under way; delivery goes on as prescribed."""
        return cast(answers.CancelBolusAnswer, self._ask(schema.CANCEL_BOLUS))

    def start(self) -> answers.DeliveryAnswer:
        """Start therapy as prescribed."""
        return cast(answers.DeliveryAnswer, self._ask(schema.START))

    def stop(self) -> answers.StopAnswer:
        """Stop therapy; in every state, without a session."""
        return cast(answers.StopAnswer, self._ask(schema.STOP))

    def close(self) -> None:
        """Close the session if the pump still listens, and give the link back."""
        try:
            if self._is_open:
                self.goodbye()
        except (Refused, NoAnswer, WrongAnswer, LinkError):
            self._is_open = False  # it is over either way: the pump ends it after 3 minutes
        finally:
            self.link.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ask(self, kind: int, **values: Any) -> dict[str, Any]:
        """Send; a change is in the journal from before it is sent until it is answered."""
        if self._recorder is None or kind not in schema.CHANGING:
            return self._send(kind, **values)
        payload = codec.encode(kind, values)
        before = held.read(self, kind, values) if self._is_open else {}
        end_of_log = self._end_of_log()
        request = (kind, self.exchange.next_counter, payload)
        self._recorder.begin(self._serial, request, end_of_log, before)
        try:
            answer = self._send(kind, **values)
        except Refused:
            self._recorder.end()
            raise
        self._recorder.end()
        return answer

    def _end_of_log(self) -> tuple[int, bytes]:
        """(number, chain) of the newest event; -1 without a session, where nothing comes first."""
        if not self._is_open:
            return -1, b""
        page = self.log(schema.U32_MAX)
        return page["newest_event"], page["before"]

    def _send(self, kind: int, **values: Any) -> dict[str, Any]:
        try:
            return self.exchange.ask(kind, values)
        except (NoAnswer, LinkError):
            self._is_open = False  # the pump may have taken the number or not: hello decides
            raise


def connect(url: str) -> Client:
    """Open the link and the session. The caller closes it, best by `with`."""
    client = Client(open_link(url))
    try:
        client.hello()
    except BaseException:
        client.close()
        raise
    return client
