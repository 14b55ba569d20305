"""The pump's event log as the programmer reads it: pages to events, and whether all is as it was.

The chain and the CRC are computed here anew, from their description; nothing is taken from the
firmware. They show damage and omission. They are no signature: whoever computes them anew for a
whole log is not found.
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Any

from protocol import names
from protocol.programmer import amounts
from protocol.programmer.answers import LogAnswer
from protocol.programmer.client import Client
from protocol.programmer.crc import crc32
from protocol.wire import events, schema

_SIGN = 1 << 31


@dataclass(frozen=True)
class Event:
    """One record. record: its bytes, RECORD_BYTES of them; the rest is what they say."""

    record: bytes
    sequence: int
    boot: int
    ms: int
    uptime_s: int
    wall_s: int
    kind: int
    a: int
    b: int

    @property
    def name(self) -> str:
        """Of the kind."""
        return names.EVENTS[self.kind][0] if self.kind < len(names.EVENTS) else str(self.kind)

    @property
    def arguments(self) -> dict[str, int]:
        """The arguments that the kind has, by name."""
        if self.kind >= len(names.EVENTS):
            return {"a": self.a, "b": self.b}
        _, *named = names.EVENTS[self.kind]
        return {name: _value(name, one) for name, one in zip(named, (self.a, self.b)) if name}

    @property
    def chain(self) -> bytes:
        """The chain that the record carries."""
        return self.record[events.CONTENT_BYTES :][: events.CHAIN_BYTES]

    def follows(self, chain: bytes) -> bool:
        """Whether the record is sound, and chained to one with this chain."""
        content = self.record[: events.CONTENT_BYTES]
        if hashlib.sha256(chain + content).digest()[: events.CHAIN_BYTES] != self.chain:
            return False
        body = self.record[: events.CONTENT_BYTES + events.CHAIN_BYTES]
        return self.record[len(body) :] == crc32(body, 0).to_bytes(4, "little")


def event(record: bytes) -> Event:
    """The event in a record. Raises ValueError for a wrong length."""
    if len(record) != events.RECORD_BYTES:
        raise ValueError(f"a record has {events.RECORD_BYTES} bytes, not {len(record)}")
    fields = struct.unpack(events.FORMAT, record[: events.CONTENT_BYTES])
    return Event(record, *fields)


@dataclass(frozen=True)
class Part:
    """Records that follow each other. first: number of the first. before: the chain before it."""

    first: int
    before: bytes
    events: list[Event]


class Log:
    """A log as far as it has been read.

    first: number of the first record that is wanted; 0: the oldest there is. oldest, newest:
    numbers of the first and last record that there should be. before: the chain before the first.
    misread: numbers of events that a file tells otherwise than their records do.
    """

    def __init__(self, first: int = 0) -> None:
        self.parts: list[Part] = []
        self.oldest = first
        self.newest = 0
        self.before = b""
        self.misread: list[int] = []

    @property
    def events(self) -> list[Event]:
        """All of them, in the order of the log."""
        return [one for part in self.parts for one in part.events]

    def read_on(self, client: Client) -> None:
        """Read from where it stands to the end. After a failure of the link: call it again."""
        while self.add(client.log(self._next())):
            pass

    def add(self, page: LogAnswer) -> bool:
        """Take the next page. Returns whether there may be more."""
        self.oldest = self.oldest or page["oldest_event"]
        self.before = self.before or page["before"]
        self.newest = page["newest_event"]
        found = [event(row["record"]) for row in page["records"]]
        if not found:
            return False
        part = Part(page["first_event"], page["before"], found)
        last = self.parts[-1] if self.parts else None
        if last and part.first == self._next() and part.before == last.events[-1].chain:
            last.events.extend(found)
        else:
            self.parts.append(part)
        return True

    def faults(self) -> list[str]:
        """What is missing or was altered, in words; none: the log is whole."""
        told: list[str] = []
        chains: list[bytes] = []  # that the next record may follow
        number = self.oldest
        for part in self.parts:
            if part.first != number:
                told.append(_missing(number, part.first - 1))
                chains = []
            elif chains and part.before not in chains:
                told.append(f"the chain before event {number} was altered")
            chains = chains or [part.before]
            number = part.first
            for one in part.events:
                if one.sequence == number and any(one.follows(chain) for chain in chains):
                    chains = [one.chain]
                    if one.kind == events.LOG_GAP:
                        told.append(_told_gap(one))
                else:
                    told.append(f"event {number} was altered")
                    chains = [chains[0], one.chain]
                number += 1
        if number <= self.newest:
            told.append(_missing(number, self.newest))
        return told + [
            f"event {one}: its line does not say what its record does" for one in self.misread
        ]

    def _next(self) -> int:
        """Number of the record to ask for."""
        last = self.parts[-1] if self.parts else None
        return last.first + len(last.events) if last else self.oldest


def readable(one: Event) -> dict[str, Any]:
    """An event for people and programs: names beside numbers, the record itself at the end."""
    row: dict[str, Any] = {
        "sequence": one.sequence,
        "boot": one.boot,
        "uptime_ms": one.uptime_s * 1_000 + one.ms,
        "wall": amounts.wall(one.wall_s) if one.wall_s else "",
        "event": one.name,
    }
    for name, value in one.arguments.items():
        row[name] = value
        if said := _name_of(name, value):
            row[f"{name}_name"] = said
    row["record"] = one.record.hex()
    return row


_HEX = ("digest_start", "digest_next", "manifest_start")


def _name_of(name: str, value: int) -> str:
    """What a number stands for; "" where it is just a number."""
    if name == "command":
        return names.MESSAGES[value] if value in schema.MESSAGES else ""
    if name == "code":
        return amounts.name_of(value, schema.REFUSALS)
    if name == "gap_cause":
        return amounts.name_of(value, names.GAP_CAUSES)
    if name in _HEX:
        return f"{value:08x}"
    if name.removeprefix("old_") in amounts.ENUMERATIONS:
        return amounts.of_field(name.removeprefix("old_"), value)
    return ""


def _value(name: str, raw: int) -> int:
    return raw - (_SIGN << 1) if name in names.SIGNED and raw >= _SIGN else raw


def _missing(first: int, last: int) -> str:
    return (
        f"event {first} is missing" if first == last else f"events {first} to {last} are missing"
    )


def _told_gap(one: Event) -> str:
    return (
        f"event {one.sequence}: the pump itself has lost {one.a} "
        f"({amounts.name_of(one.b, names.GAP_CAUSES)})"
    )
