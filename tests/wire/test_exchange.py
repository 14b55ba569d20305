"""Stop-and-wait on a line that loses, doubles and damages: done once, answered in the end."""

from collections.abc import Callable

import pytest

from emulator.emu_link import EmuLink
from protocol.programmer import exchange
from protocol.programmer.client import Client
from protocol.programmer.crc import crc32
from protocol.programmer.exchange import NoAnswer
from protocol.wire import frame, schema
from tests.pumps import Bed
from tests.wire.test_client import STEADY, commissioned, programmed

Change = Callable[[int, bytes], bytes]


def sound(_number: int, data: bytes) -> bytes:
    return data


class BadLine(EmuLink):
    """A line that changes what it carries.

    out, back: what becomes of the n-th writing, or of the n-th piece that is read (from 1).
    """

    def __init__(self, bed: Bed, out: Change = sound, back: Change = sound) -> None:
        super().__init__(bed.world)
        self.written: list[bytes] = []
        self._out = out
        self._back = back
        self._pieces = 0

    def write(self, data: bytes) -> None:
        self.written.append(data)
        changed = self._out(len(self.written), data)
        if changed:
            super().write(changed)

    def read(self, timeout_ms: int) -> bytes:
        data = super().read(timeout_ms)
        if data:
            self._pieces += 1
            data = self._back(self._pieces, data)
        return data

    def renew(self, out: Change = sound, back: Change = sound) -> None:
        """From now on another line; counts start anew."""
        self.written.clear()
        self._pieces = 0
        self._out = out
        self._back = back


def lose_first(count: int) -> Change:
    return lambda number, data: b"" if number <= count else data


def double(_number: int, data: bytes) -> bytes:
    return data * 2


def damage_first(count: int) -> Change:
    return lambda number, data: (
        data[:9] + bytes([data[9] ^ 1]) + data[10:] if number <= count else data
    )


FAULTS: dict[str, tuple[Change, Change]] = {
    "request lost": (lose_first(5), sound),
    "answer lost": (sound, lose_first(5)),
    "request damaged": (damage_first(3), sound),
    "answer damaged": (sound, damage_first(3)),
    "request doubled": (double, sound),
    "answer doubled": (sound, double),
    "noise before the request": (lambda number, data: b"\x55\xaa" + data, sound),
    "noise before the answer": (sound, lambda number, data: b"\x00\x55\xaa" + data),
    "half a request": (lambda number, data: data[:-3] if number == 1 else data, sound),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_command_is_carried_out_once_and_answered(fault: str) -> None:
    """ACKNOWLEDGE tells twice from once: the second time it would be refused."""
    bed = Bed()
    line = BadLine(bed)
    client = Client(line)
    programmed(bed, client, STEADY)
    client.start()
    bed.plant.stall(True)
    bed.run(minutes=3)
    bed.plant.stall(False)
    client.hello()
    line.renew(*FAULTS[fault])
    assert client.acknowledge(schema.MOTOR_STALLED)["state"] == schema.RUNNING
    assert client.status()["state"] == schema.RUNNING
    assert client.totals()["step_pl"] == schema.STEP_PL_NOMINAL
    assert bed.pump.alarms.table[schema.MOTOR_STALLED].count == 1


def test_after_the_last_repeat_it_says_so() -> None:
    bed = Bed()
    line = BadLine(bed)
    client = Client(line)
    client.hello()
    line.renew(out=lose_first(99))
    begun_ms = line.now_ms()
    with pytest.raises(NoAnswer) as caught:
        client.totals()
    assert len(line.written) == 1 + exchange.REPEATS_MAX
    assert len(set(line.written)) == 1
    wait_ms = (1 + exchange.REPEATS_MAX) * exchange.TIMEOUT_MS
    assert wait_ms <= line.now_ms() - begun_ms <= wait_ms + 100
    assert caught.value.kind == schema.TOTALS
    assert caught.value.evidence.received_bytes == 0


def test_after_a_failure_hello_begins_anew() -> None:
    bed = Bed()
    line = BadLine(bed)
    client = Client(line)
    commissioned(bed, client)
    for out, back in ((lose_first(6), sound), (sound, lose_first(99))):
        line.renew(out, back)
        with pytest.raises(NoAnswer):
            client.totals()
        line.renew()
        client.hello()
        assert client.totals()["commanded_steps"] == 0


def test_the_next_request_carries_the_next_number() -> None:
    bed = Bed()
    line = BadLine(bed)
    client = Client(line)
    client.hello()
    for _ in range(3):
        client.status()
    client.read_clock()
    decoder = frame.Decoder(crc32)
    counters = [sent.counter for data in line.written for sent in decoder.feed(data)]
    assert counters == list(range(counters[0], counters[0] + 5))


def test_the_number_after_the_highest_is_0(bed: Bed, client: Client) -> None:
    client.exchange._counter = schema.U32_MAX - 2
    client.hello()
    client.status()
    client.read_clock()
    assert client.exchange._counter == 0
    assert client.totals()["commanded_steps"] == 0


def test_two_programmers_do_not_begin_with_the_same_number(bed: Bed) -> None:
    counters = set()
    for _ in range(5):
        client = Client(EmuLink(bed.world))
        counters.add(client.exchange._counter)
        client.hello()
        client.close()
    assert len(counters) == 5


def test_another_programmer_in_between_is_told(bed: Bed, client: Client) -> None:
    client.hello()
    Client(EmuLink(bed.world)).hello()
    with pytest.raises(exchange.Refused, match="OUT_OF_SEQUENCE"):
        client.totals()
