"""The compiled set: equal sources give equal bytes, and nothing is in it that no board needs."""

import re

from emulator.bench import file_set
from emulator.bench.file_set import ROOT
from protocol.wire import schema


def test_what_is_folded_into_the_code_has_left_no_name() -> None:
    """Private constants, and what only the type checker reads."""
    compiled = file_set.modules(release=True)
    count = 0
    for path, data in compiled.items():
        source = (ROOT / path).with_suffix(".py").read_text()
        names = re.findall(
            r"^(_[A-Z]\w*) = (?:-?[\dxA-F_]+|\"\w+\")(?:$|  #)", source, re.MULTILINE
        )
        count += len(names)
        for name in (*names, "TYPE_CHECKING", "typing"):
            assert name.encode() + b"\0" not in data, (path, name)
    assert count > 40


def test_a_constant_that_only_tests_ask_for_is_folded_and_one_that_others_ask_for_is_not() -> None:
    compiled = file_set.modules(release=True)
    for path, gone, kept in (
        ("firmware/delivery.mpy", b"MISSED_STEPS_MAX", b"SETTLE_MS"),
        ("firmware/session.mpy", b"IDLE_MS", b"Session"),
        ("protocol/wire/schema.mpy", b"BOLUS_NL_MAX", b"SCHEMA_HASH"),
    ):
        assert gone + b"\0" not in compiled[path], (path, gone)
        assert kept in compiled[path], (path, kept)


def test_what_a_board_says_is_what_the_source_says() -> None:
    """Renaming a constant must not rename it in a text, an attribute or a keyword."""
    data = file_set.modules(release=True)["protocol/wire/schema.mpy"]
    for refusal in schema.REFUSALS:
        assert refusal.encode() + b"\0" in data, refusal
        assert b"_" + refusal.encode() not in data, refusal


def test_a_set_that_is_built_again_has_the_same_bytes() -> None:
    once = dict(file_set.slot_files())
    for cached in (file_set._compile, file_set.modules, file_set.slot_files):
        cached.cache_clear()
    assert file_set.slot_files() == once
