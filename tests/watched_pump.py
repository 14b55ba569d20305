"""A pump on a chip whose clock jumps, and the plain order that all it writes is compared with."""

import binascii
import struct
from collections.abc import Callable
from datetime import datetime
from typing import Any

from emulator.ram_disk import RamDisk
from firmware import ledger, records, sums
from firmware.guard import EDGES, PERMITS, put
from protocol.programmer.event_log import Log
from protocol.wire import codec, events
from tests.jumping_chip import Chip, pump_on
from tests.kept import kind_of, record_of
from tests.plain_order import HOUR_MS, WRAP, PlainOrder

SEGMENTS = [(390, 487_331), (394, 0), (1_090, 211_777), (1_093, 0)]
STEP_PL = 50_021
BLOCK_NL_DAY, BLOCK_STEPS = 125_000, 8  # what one record reserves
TICKS = (1 << 30) - 2
PRESET = WRAP - 2
PRESET_U16 = (1 << 16) - 2
EVENTS_BEFORE = (1 << 31) - 2
POWERED_S = (1 << 31) - 86_400 * 30  # before this start
RTC_FROM = datetime(2023, 12, 1, 11, 7)  # a leap day follows
_PAIRS_SPARED = 60  # of so many comparisons of pairs one is made, where they are spared


TESTED_KB = 250  # as much memory as a start tests at most


class Disk(RamDisk):
    """Tells of each file that is written."""

    def __init__(self) -> None:
        super().__init__()
        self.on_file: Callable[[str, bytes], None] = lambda _path, _data: None

    def keep(self, path: str, data: bytes) -> None:
        super().keep(path, data)
        self.on_file(path, data)


class WatchedPump:
    """One pump. wrong: what differs, in words. counted: how much was compared.

    spared: most of the comparisons of pairs, once a minute, that take three quarters of the time.
    """

    def __init__(self, spared: bool) -> None:
        self.wrong: list[str] = []
        self.counted = {"days": 0, "events": 0, "records": 0, "boluses": 0, "stops": 0}
        self.chip = Chip(TICKS, RTC_FROM)
        self.disk = Disk()
        self.pump = pump_on(self.chip, self.disk)
        self.order = PlainOrder(SEGMENTS, STEP_PL, PRESET)
        for kind, b in ((events.BOOT, 0), (events.SELF_TEST, TESTED_KB), (events.LEDGER, 0)):
            self.order.note(kind, 0, b)
        self.order.next_hour_ms = self.chip.started_ms + HOUR_MS
        self.ordering = False  # a command is being done
        self.logged = False  # events were written since the newest record of the ledger
        # Of the ledger's newest record. block: steps until the next one.
        self.record_ms = self.record_steps = self.reserved = self.block = 0
        self.condition: dict[str, Any] = {}  # the newest record of it
        self._sequence = PRESET
        self._log_at = EVENTS_BEFORE + 1
        self._chain = bytes(events.CHAIN_BYTES)
        self._preset()
        if spared:
            self._spare_pairs()
        self.disk.on_file = self._on_file

    def _preset(self) -> None:
        """Each count that comes to its end in a life stands two before it."""
        pump = self.pump
        for count in (pump.ledger.commanded, pump.ledger.verified):
            count.set(PRESET)
        sums.write(pump.guard.totals, ledger._FOLDED, PRESET)
        put(pump.guard.step, PERMITS, PRESET_U16)
        put(pump.guard.step, EDGES, PRESET_U16)
        pump.motion._edges[0], pump.motion._edges[1] = PRESET_U16, 1
        for kind in (records.LEDGER, records.CONDITION):
            record_of(pump, kind)._sequence = PRESET
        pump.boluses.count = PRESET
        pump.ledger.powered_s = POWERED_S
        pump.boluses._seal = pump.boluses._account()
        pump.log._ring.newest = EVENTS_BEFORE

    def _spare_pairs(self) -> None:
        guard = self.pump.guard
        compare = guard.check_pairs
        turn = [0]

        def now_and_then() -> None:
            turn[0] = (turn[0] + 1) % _PAIRS_SPARED
            if not turn[0]:
                compare()

        guard.check_pairs = now_and_then

    def say(self, what: str) -> None:
        """Something is wrong, now."""
        self.wrong.append(f"{self.chip.now_ms} ms: {what}")

    def compare(self, what: str, found: Any, expected: Any) -> None:
        """They are the same, or it is said."""
        if found != expected:
            self.say(f"{what}: {found}, and not {expected}")

    def _on_file(self, path: str, data: bytes) -> None:
        """Called in the middle of what the pump does: it must not raise."""
        self.logged |= path.startswith("/pump/log/")
        kind = kind_of(path)
        if kind not in (records.LEDGER, records.CONDITION):
            return
        self.order.advance(self.chip.now_ms)
        head, payload = data[:8], data[8:-4]
        form = len(records.FORMATS[kind])
        magic, *found, sequence = struct.unpack("<BBBBI", head)
        self.compare("record", [magic, *found], [0xB1, kind, form, len(payload)])
        self.compare("CRC", data[-4:], binascii.crc32(data[:-4]).to_bytes(4, "little"))
        fields = codec.unpack(records.FORMATS[kind][-1], payload)
        if kind == records.CONDITION:
            self.condition = fields
            if not self.order.runs:
                self.compare("stopped_h", fields["stopped_h"], self.order.stopped_h)
            return
        self._on_record(sequence, fields)

    def _on_record(self, sequence: int, fields: dict[str, Any]) -> None:
        """Of the ledger."""
        order = self.order
        now_ms = self.chip.now_ms
        self.counted["records"] += 1
        self._sequence = (self._sequence + 1) % WRAP
        day_steps, all_steps, bolus_steps = order.day_steps, order.steps, order.given_steps
        rate_nl_day = order.rate_nl_day
        reserved = max(BLOCK_STEPS, -(-rate_nl_day // BLOCK_NL_DAY)) if order.runs else 0
        for name, found, expected in (
            ("sequence", sequence, self._sequence),
            ("verified_steps", fields["verified_steps"], order.verified),
            ("commanded_steps", fields["commanded_steps"], order.verified),
            ("unverified_steps", fields["unverified_steps"], 0),
            ("reserved_steps", fields["reserved_steps"], reserved),
            ("wall_s", fields["wall_s"], order.wall_s),
            ("powered_s", fields["powered_s"], POWERED_S + now_ms // 1_000),
            (
                "volumes",
                [span["verified_pl"] for span in fields["spans"]],
                [n * STEP_PL for n in (0, all_steps, all_steps, day_steps, bolus_steps)],
            ),
        ):
            self.compare(name, found, expected)
        since_ms = now_ms - self.record_ms
        since = all_steps - self.record_steps
        block_ends = self.block > 0 and since == self.block
        if since_ms > HOUR_MS:
            self.say("no record for an hour")
        asked = self.ordering or self.logged or block_ends
        self.logged = False
        if not (since_ms == HOUR_MS or asked or now_ms == order.midnight_ms):
            self.say("a record that nothing asked for")
        # What the record before reserved beyond its block bounds the next one.
        block = reserved - reserved // 2
        if not self.ordering:
            block = min(block, self.reserved - since)
        self.record_ms, self.record_steps, self.reserved = now_ms, all_steps, reserved
        self.block = block

    def read_log(self) -> None:
        """What has come since it was read last: whole, chained, and what was expected."""
        log = Log(self._log_at)
        pages: Any = self
        log.read_on(pages)
        for fault in log.faults():
            self.say(fault)
        self.compare("chain", log.before, self._chain)
        found = log.events
        self.counted["events"] += len(found)
        rows = [
            (one.uptime_s * 1_000 + one.ms, one.wall_s, one.kind, one.a, one.b) for one in found
        ]
        times = [row[0] for row in rows]
        self.compare("order of the log", times == sorted(times), True)
        expected = self.order.events
        for row in sorted(set(rows) ^ set(expected)):
            self.say(f"event {row} is " + ("surplus" if row in rows else "missing"))
        self.compare("how many events", len(rows), len(expected))
        expected.clear()
        if found:
            self._log_at += len(found)
            self._chain = found[-1].chain

    def log(self, first: int) -> Any:
        """As a client does."""
        return self.pump.log.page(first)
