"""The pump's end of the serial line: bytes in, exactly one answer for each request.

Polled from the loop when bytes have come. Keeps the order of a session (numbers, repeats, time-
out); what a command means is not its business.
"""

import binascii

from firmware.keeper import ERASE_MS
from firmware.refusal import Refusal
from firmware.task import NEVER, Task
from protocol.wire import codec, events, frame, schema

IDLE_MS = 180_000  # open PCA pump requirements: 3 min without a request end a session
_HALF_FRAME_MS = 200
_ANY_TIME = (schema.STATUS, schema.STOP)
_ROOM_MS = {  # what takes long; all others take below 25 ms on an RP2040
    schema.PROPOSE: 80,  # 58 ms for 24 segments
    # A folder may have to be moved: an erase more.
    schema.CONFIRM: 4 * ERASE_MS,  # the prescription; the ledger twice if its kind is another
    schema.SET_CLOCK: 3 * ERASE_MS,
    schema.REFILLED: 3 * ERASE_MS,
    schema.BOLUSES: 80,
    schema.PROPOSE_BOLUS: 80,
    schema.START_BOLUS: 4 * ERASE_MS,  # the account of boluses, and the ledger twice
    schema.LOG: 80,  # a segment read, and the records of a busy hour made
}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Optional, Tuple

    from firmware.board import Board
    from firmware.commands import Commands

    Answer = Tuple[int, Dict[str, Any]]  # the kind of the message, its values


class Session(Task):
    """One programmer at a time, stop-and-wait.

    A request with the next number is executed; the same number again gets the stored answer
    again, and nothing is done twice. STATUS and STOP are taken at any time.

    awake: whether the line deserves the loop's short slices. has_room: asked, with now_ms, whether
    the loop may stay away for so many ms; a request that takes long waits until it may.
    """

    def __init__(
        self,
        board: "Board",
        commands: "Commands",
        has_room: "Callable[[int, int], bool]",
        note: "Callable[[int, int, int], None]",
    ) -> None:
        super().__init__()
        self._any = board.uart_any
        self._read = board.uart_read
        self._write = board.uart_write
        self._commands = commands
        self._has_room = has_room
        self._note = note
        self._waiting: "Optional[frame.Frame]" = None
        self._decoder = frame.Decoder(binascii.crc32)
        self._counter = 0
        self._request = b""
        self._answer: "Answer" = (schema.REFUSED, {})
        self._idle_at_ms = 0
        self.is_open = False
        self.awake = False

    def poll(self, now_ms: int) -> None:
        """Bytes have come, half a frame got stuck, or the programmer has gone."""
        try:
            self._listen(now_ms)
        except MemoryError:
            self._waiting = None
            self._decoder.drop()
            self._note(events.NO_MEMORY, 0, 0)
        if self.is_open and now_ms >= self._idle_at_ms:
            self.is_open = False
        self.due_ms = self._idle_at_ms if self.is_open else NEVER
        self.awake = self.is_open or self._decoder.in_frame
        if self._waiting is not None:
            self.due_ms = now_ms + 1
        if self._decoder.in_frame:
            self.due_ms = min(self.due_ms, now_ms + _HALF_FRAME_MS)

    def rebase(self, by_ms: int) -> None:
        """See Task."""
        super().rebase(by_ms)
        self._idle_at_ms -= by_ms

    def _listen(self, now_ms: int) -> None:
        """MemoryError: there is no answer now; the request will be repeated."""
        count = self._any()
        if count:
            data = self._read(count)  # without a count it would wait for the line to fall silent
            for heard in self._decoder.feed(data):
                self._hear(heard, now_ms)
        elif self._decoder.in_frame:
            self._decoder.drop()
        request = self._waiting
        if request is not None and self._has_room(now_ms, _ROOM_MS[request.kind]):
            self._waiting = None
            self._take(request, now_ms)

    def _hear(self, request: frame.Frame, now_ms: int) -> None:
        """Take a request now, or let it wait; a new one drives out one that waits.

        A repeat gets the stored answer, which takes no time.
        """
        self._waiting = None
        if request.kind in _ROOM_MS and not self._is_again(request):
            self._waiting = request
        else:
            self._take(request, now_ms)

    def _is_again(self, request: frame.Frame) -> bool:
        """Whether it is the last one, repeated."""
        content = bytes([request.kind]) + request.payload
        return request.counter == self._counter and content == self._request

    def _take(self, request: frame.Frame, now_ms: int) -> None:
        content = bytes([request.kind]) + request.payload
        if request.kind == schema.HELLO:
            self._open(request, content, now_ms)
            return
        is_next = self.is_open and request.counter == (self._counter + 1) & schema.U32_MAX
        if is_next or (self.is_open and self._is_again(request)):
            self._idle_at_ms = now_ms + IDLE_MS
        if self._is_again(request) and (self.is_open or request.kind == schema.GOODBYE):
            self._write(self._bytes(request, self._answer))
        elif is_next:
            answer = self._answered(request, now_ms)
            self._keep(request, content, answer)
            self._write(self._bytes(request, answer))
            if request.kind == schema.GOODBYE:
                self.is_open = False
        elif request.kind in _ANY_TIME:
            self._write(self._bytes(request, self._answered(request, now_ms)))
        elif self.is_open:
            expected = (self._counter + 1) & schema.U32_MAX
            no = self._refused(request, schema.OUT_OF_SEQUENCE, "", expected, expected)
            self._write(self._bytes(request, no))
        else:
            no = self._refused(request, schema.NO_SESSION, "", 0, 0)
            self._write(self._bytes(request, no))

    def _open(self, request: frame.Frame, content: bytes, now_ms: int) -> None:
        answer = self._answered(request, now_ms)
        if self._commands.agreed:
            if not self.is_open or request.counter != self._counter:
                self._commands.forget()
            self.is_open = True
            self._idle_at_ms = now_ms + IDLE_MS
            self._keep(request, content, answer)
        self._write(self._bytes(request, answer))

    def _keep(self, request: frame.Frame, content: bytes, answer: "Answer") -> None:
        """What has been done is kept before its answer is put into bytes: that wants memory, and
        a request that is repeated for want of an answer is not done again.
        """
        self._counter = request.counter
        self._request = content
        self._answer = answer

    def _answered(self, request: frame.Frame, now_ms: int) -> "Answer":
        """Do what is asked: the answer, or the refusal."""
        try:
            answer = self._commands.execute(request.kind, request.payload, now_ms)
        except (codec.WireError, Refusal) as no:
            return self._refused(request, no.code, no.field, no.low, no.high)
        except MemoryError:
            return self._refused(request, schema.NO_MEMORY, "", 0, 0)
        if request.kind in schema.CHANGING:
            self._note(events.COMMAND, request.kind, request.counter)
        return answer

    def _refused(
        self, request: frame.Frame, code: int, field: str, low: int, high: int
    ) -> "Answer":
        self._note(events.REFUSAL, request.kind, code)
        return schema.REFUSED, {
            "command": request.kind,
            "code": code,
            "name": schema.REFUSALS[code],
            "field": field,
            "accepted_low": low,
            "accepted_high": high,
        }

    def _bytes(self, request: frame.Frame, answer: "Answer") -> bytes:
        """An answer as it goes over the line."""
        kind, values = answer
        try:
            payload = codec.encode(kind, values)
        except codec.WireError as no:
            kind, values = self._refused(request, no.code, no.field, no.low, no.high)
            payload = codec.encode(kind, values)
        return frame.encode(binascii.crc32, request.counter, kind, payload)
