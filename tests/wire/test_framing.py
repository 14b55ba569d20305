"""Framing: no damage on the line gets a wrong frame accepted or costs more than one."""

import binascii
import random
from collections.abc import Iterator

import crcmod
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire import frame, schema

_crcmod_fun = crcmod.mkCrcFun(0x104C11DB7, initCrc=0, rev=True, xorOut=0xFFFFFFFF)


def _crcmod_crc32(data: bytes, start: int) -> int:
    value: int = _crcmod_fun(data, start)
    return value


def _stream() -> tuple[list[bytes], list[tuple[int, int, bytes]]]:
    """14 frames: every payload length that COBS or the limits make special, zeros and ones."""
    draw = random.Random(14)
    sizes = [0, 1, 2, 7, 16, 33, 40, 64, 100, 128, 200, 215, 216, 5]
    contents = []
    for number, size in enumerate(sizes):
        kind = schema.HELLO if number == 3 else schema.PROPOSE
        payload = bytes(draw.choice((0, 0, 1, 255, draw.randrange(256))) for _ in range(size))
        contents.append((number, kind, payload))
    lines = [frame.encode(binascii.crc32, *content) for content in contents]
    return lines, contents


def _mutants(line: bytes) -> Iterator[bytes]:
    for at in range(len(line)):
        for value in range(256):
            if value != line[at]:
                yield line[:at] + bytes([value]) + line[at + 1 :]
        yield line[:at] + line[at + 1 :]
    for at in range(len(line) + 1):
        for value in (0, 1, 0x42, 0xFE, 0xFF):
            yield line[:at] + bytes([value]) + line[at:]


def damage() -> tuple[int, int, int]:
    """Every substitution by 255 values, deletion and insertion, at every place of 14 frames.

    A damaged byte can reach its own frame and its two neighbours only, because a zero ends each:
    so each is walked between its neighbours. Returns (mutants, most frames lost by one, frames
    that were accepted and never sent).
    """
    lines, contents = _stream()
    mutants = most_lost = wrong = 0
    for place, line in enumerate(lines):
        before = lines[place - 1] if place else b""
        after = lines[place + 1] if place + 1 < len(lines) else b""
        near = contents[max(0, place - 1) : place + 2]
        for mutant in _mutants(line):
            got = _decode(before + mutant + after)
            most_lost = max(most_lost, sum(content not in got for content in near))
            wrong += sum(content not in near for content in got)
            mutants += 1
    return mutants, most_lost, wrong


def test_one_damaged_byte_costs_at_most_one_frame_and_none_is_wrongly_accepted() -> None:
    mutants, most_lost, wrong = damage()
    assert mutants > 300_000
    assert most_lost == 1
    assert wrong == 0


def test_damage_in_a_whole_stream_stays_where_it_is() -> None:
    lines, _ = _stream()
    for place, line in enumerate(lines):
        damaged = line[:-3] + b"\x07" + line[-2:]
        stream = b"".join(lines[:place]) + damaged + b"".join(lines[place + 1 :])
        assert len(_decode(stream)) >= len(lines) - 1


def _decode(data: bytes) -> list[tuple[int, int, bytes]]:
    decoder = frame.Decoder(binascii.crc32)
    return [(got.counter, got.kind, got.payload) for got in decoder.feed(data)]


def test_the_two_crcs_are_equal_on_every_frame_and_on_damaged_ones() -> None:
    lines, _ = _stream()
    for line in lines:
        for start in (0, schema.SCHEMA_HASH, 0xFFFFFFFF):
            assert binascii.crc32(line, start) == _crcmod_crc32(line, start)
        for at in range(len(line)):
            mutant = line[:at] + bytes([line[at] ^ 0x55]) + line[at + 1 :]
            seed = schema.SCHEMA_HASH
            assert binascii.crc32(mutant, seed) == _crcmod_crc32(mutant, seed)


def test_crc_has_the_published_check_value() -> None:
    """CRC-32/ISO-HDLC: 0xCBF43926 over "123456789"."""
    assert binascii.crc32(b"123456789") == _crcmod_crc32(b"123456789", 0) == 0xCBF43926


@given(st.binary(max_size=frame.RAW_MAX))
def test_cobs_equals_the_published_library(raw: bytes) -> None:
    assert frame.cobs_encode(raw) == cobs.encode(raw)
    assert frame.cobs_decode(cobs.encode(raw)) == raw


@given(st.binary(min_size=1, max_size=255))
def test_cobs_refuses_what_the_published_library_refuses(noise: bytes) -> None:
    text = noise.replace(b"\x00", b"\x01")
    try:
        expected = cobs.decode(text)
    except cobs.DecodeError:
        expected = None
    assert frame.cobs_decode(text) == expected


@given(st.lists(st.binary(max_size=40), max_size=5), st.integers(1, 7))
def test_frames_may_come_in_any_pieces(payloads: list[bytes], size: int) -> None:
    line = b"".join(
        frame.encode(binascii.crc32, number, schema.SETUP, payload)
        for number, payload in enumerate(payloads)
    )
    decoder = frame.Decoder(binascii.crc32)
    got = []
    for at in range(0, len(line), size):
        got += decoder.feed(line[at : at + size])
    assert [f.payload for f in got] == payloads
    assert decoder.damaged == 0


@given(st.binary(max_size=2_000))
def test_noise_is_never_a_frame_and_never_kept_beyond_its_bound(noise: bytes) -> None:
    decoder = frame.Decoder(binascii.crc32)
    assert decoder.feed(noise) == []
    good = frame.encode(binascii.crc32, 7, schema.STATUS, b"")
    assert [f.counter for f in decoder.feed(good)] == [7]


def test_longest_frame_fits_the_line() -> None:
    line = frame.encode(binascii.crc32, 0xFFFFFFFF, schema.PROPOSE, b"\x01" * schema.PAYLOAD_MAX)
    assert len(line) <= frame.LINE_MAX <= 255
    assert len(_decode(line)) == 1


def test_payload_over_the_maximum_is_damage() -> None:
    line = frame.encode(binascii.crc32, 1, schema.PROPOSE, b"\x01" * (schema.PAYLOAD_MAX + 1))
    assert _decode(line) == []


def test_another_schema_is_damage_but_its_hello_is_heard() -> None:
    assert frame.seed_of(schema.HELLO) == 0
    assert frame.seed_of(schema.HELLO | schema.ANSWER) == 0
    assert frame.seed_of(schema.VERSION_REFUSED) == 0
    assert frame.seed_of(schema.REFUSED) == schema.SCHEMA_HASH != 0


def test_a_session_or_flags_that_do_not_exist_yet_are_damage() -> None:
    for at in (0, 1, 2, 3):
        raw = bytearray(b"\x01\x00\x00\x00\x05\x00\x00\x00" + bytes([schema.STATUS]))
        raw[at] ^= 0x02
        crc = binascii.crc32(bytes(raw), schema.SCHEMA_HASH).to_bytes(4, "little")
        assert _decode(b"\x00" + cobs.encode(bytes(raw) + crc) + b"\x00") == []
