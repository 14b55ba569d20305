"""Stop-and-wait: one numbered request, one answer; repeated unchanged until the answer comes.

A repeat is safe: the pump gives its stored answer for the number again and does nothing twice.
What comes in and is no answer is counted, so that a failure can be explained (diagnosis.py).
"""

from typing import Any

from protocol import names
from protocol.programmer.crc import crc32
from protocol.programmer.link import Link
from protocol.wire import codec, frame, schema

TIMEOUT_MS = 500
REPEATS_MAX = 5
_COUNTER_MASK = 0xFFFF_FFFF
_SAMPLE_BYTES = 256


class Refused(Exception):
    """The pump said no, and changed nothing. The fields are those of the message REFUSED.

    A refusal that does not say so much is Undecided.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self.command: int = values["command"]
        self.code: int = values["code"]
        self.name: str = values["name"]
        self.field: str = values["field"]
        self.low: int = values["accepted_low"]
        self.high: int = values["accepted_high"]
        super().__init__(f"{names.MESSAGES[self.command]} refused: {self.name} {self.field}")


class VersionMismatch(Exception):
    """The pump speaks another protocol or schema; its own words are in `values`."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.protocol_version: int = values["protocol_version"]
        self.schema_hash: int = values["schema_hash"]
        self.firmware_version: str = values["firmware_version"]
        super().__init__(f"schema {self.schema_hash:08X}, firmware {self.firmware_version}")


class Evidence:
    """What came over the link while one answer was awaited.

    sample: the first bytes. damaged: pieces that were no sound frame. echoes: the request itself
    came back. strangers: sound frames that answer something else.
    """

    def __init__(self) -> None:
        self.received_bytes = 0
        self.sample = b""
        self.damaged = 0
        self.echoes = 0
        self.strangers = 0

    def add(self, data: bytes, damaged: int) -> None:
        """Bytes came; with them ended so many damaged pieces."""
        self.received_bytes += len(data)
        self.damaged += damaged
        self.sample = (self.sample + data)[:_SAMPLE_BYTES]


class NoAnswer(Exception):
    """Nothing that answers the request came, after all repeats."""

    def __init__(self, kind: int, evidence: Evidence) -> None:
        super().__init__(f"no answer to {names.MESSAGES[kind]}")
        self.kind = kind
        self.evidence = evidence


class Undecided(NoAnswer):
    """A change was sent, and what came back does not say whether it took effect.

    refused: the answer. With NO_SESSION or OUT_OF_SEQUENCE it is about the number of a repeat: the
    pump may have carried out an earlier copy, and forgotten its answer with the session. With
    FAULTED a fault ended the change halfway, maybe after it was stored. A repeat that is refused
    for the pump's state may be so because of an earlier copy.
    """

    def __init__(self, kind: int, evidence: Evidence, refused: Refused) -> None:
        super().__init__(kind, evidence)
        self.refused = refused


class WrongAnswer(Exception):
    """A sound answer whose content breaks the schema: a fault in the pump or in this program."""

    def __init__(self, kind: int, cause: Exception) -> None:
        super().__init__(f"answer to {names.MESSAGES[kind]} breaks the schema: {cause}")
        self.kind = kind


class Exchange:
    """Requests and answers over one link.

    The first counter is taken from the link's clock: two sessions that follow each other hardly
    ever begin with the number at which the one before ended.

    evidence: what came in since the last request was sent for the first time.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._decoder = frame.Decoder(crc32)
        self._counter = link.now_ms() * 64 & _COUNTER_MASK
        self.evidence = Evidence()

    @property
    def next_counter(self) -> int:
        """The counter that the next request will carry."""
        return (self._counter + 1) & _COUNTER_MASK

    def ask(self, kind: int, values: dict[str, Any]) -> dict[str, Any]:
        """Send a request and give the fields of its answer.

        Raises Refused, VersionMismatch (to HELLO only), NoAnswer (Undecided among it),
        WrongAnswer, LinkError; codec.WireError where `values` are out of the schema's range:
        nothing was sent then.
        """
        payload = codec.encode(kind, values)
        self._counter = self.next_counter
        request = frame.encode(crc32, self._counter, kind, payload)
        self.evidence = Evidence()
        for repeats in range(1 + REPEATS_MAX):
            self._link.write(request)
            answer = self._await(kind)
            if answer is not None:
                return self._open(kind, answer, repeats > 0)
        raise NoAnswer(kind, self.evidence)

    def _await(self, kind: int) -> "frame.Frame | None":
        """The frame that answers the request under way, or None after the time-out."""
        until_ms = self._link.now_ms() + TIMEOUT_MS
        while (left_ms := until_ms - self._link.now_ms()) > 0:
            data = self._link.read(left_ms)
            damaged = self._decoder.damaged
            found = self._decoder.feed(data)
            self.evidence.add(data, self._decoder.damaged - damaged)
            for one in found:
                if self._answers(kind, one):
                    return one
        return None

    def _answers(self, kind: int, found: frame.Frame) -> bool:
        accepted = [kind | schema.ANSWER, schema.REFUSED]
        if kind == schema.HELLO:
            accepted.append(schema.VERSION_REFUSED)
        if found.counter == self._counter and found.kind in accepted:
            return True
        if found.kind == kind:
            self.evidence.echoes += 1
        else:
            self.evidence.strangers += 1
        return False

    def _open(self, kind: int, answer: frame.Frame, is_repeated: bool) -> dict[str, Any]:
        try:
            values = codec.decode(answer.kind, answer.payload)
        except codec.WireError as error:
            raise WrongAnswer(kind, error) from error
        if answer.kind == schema.REFUSED:
            refused = Refused(values)
            if kind in schema.CHANGING and _is_undecided(refused, is_repeated):
                raise Undecided(kind, self.evidence, refused)
            raise refused
        if answer.kind == schema.VERSION_REFUSED:
            raise VersionMismatch(values)
        return values


def _is_undecided(refused: Refused, is_repeated: bool) -> bool:
    """Whether a change that was refused so may have taken effect all the same.

    What is refused for the pump's state was refused before anything was done; a copy before it may
    have brought the pump into that state.
    """
    if is_repeated:
        is_number = refused.code in (schema.NO_SESSION, schema.OUT_OF_SEQUENCE)
        return is_number or refused.field == "state" or refused.code == schema.FAULTED
    return refused.code == schema.FAULTED and refused.field != "state"
