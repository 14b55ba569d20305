"""Documents name real things: files, functions, and figures that the code has."""

import ast
import re
from pathlib import Path

import pytest

from protocol import names

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(ROOT.glob("docs/*.md"))]
CODE = [p for room in ("firmware", "protocol", "emulator") for p in ROOT.glob(f"{room}/**/*.py")]


def names_in_code() -> set[str]:
    """Every class, function and Class.method of the project."""
    found: set[str] = set()
    for path in CODE:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                found.add(node.name)
            if isinstance(node, ast.ClassDef):
                found |= {
                    f"{node.name}.{inner.name}"
                    for inner in node.body
                    if isinstance(inner, ast.FunctionDef)
                }
    return found


def test_the_tour_names_functions_that_exist() -> None:
    text = (ROOT / "docs/code_overview.md").read_text()
    named = set(re.findall(r"`([A-Z]\w+\.\w+)`", text))
    assert len(named) > 20
    assert named <= names_in_code()


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_files_that_a_document_names_exist(path: Path) -> None:
    text = path.read_text()
    for name in re.findall(r"`((?:firmware|protocol|emulator|tests|docs|tools)/[\w./*-]+)`", text):
        assert list(ROOT.glob(name.rstrip("/"))), name
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (path.parent / link).exists(), link


def test_units_that_names_end_in_are_explained() -> None:
    from protocol.wire import schema

    text = (ROOT / "docs/units.md").read_text()
    explained = set(re.findall(r"`(_\w+)`", text))
    unitless = {
        "accepted_low", "accepted_high", "command", "code", "field", "name", "protocol_version",
        "schema_hash", "client", "firmware_version", "manifest_hash", "serial", "patient_label",
        "state", "reset_cause", "therapy", "segment", "segments", "alarms", "alarms_active",
        "alarms_waiting", "alarm", "active", "acknowledged", "count", "value", "digest", "drug",
        "set", "was_set", "steps", "commanded_steps", "verified_steps", "unverified_steps",
        "boots", "fault_reason", "dose_ng_day_limit", "before", "records", "boluses", "outcome",
    }  # fmt: skip
    for fields in schema.MESSAGES.values():
        for name, *_ in fields:
            known = any(name.endswith(unit) for unit in explained)
            assert known or name in unitless, name


def test_limits_in_the_document_are_those_of_the_code() -> None:
    from emulator import inject

    inject.install()
    from firmware import annunciator, board, care, delivery, magnet, session
    from firmware.monitor import heartbeat, pressure, reservoir
    from protocol.wire import schema

    text = " ".join((ROOT / "docs/limits.md").read_text().split())
    for words in (
        f"{schema.RATE_NL_DAY_MIN / 1e6:g} to {schema.RATE_NL_DAY_MAX / 1e6:g} mL/day",
        f"{pressure.OCCLUSION_PA / 1e3:g} kPa at the outlet; released at "
        f"{pressure.RELEASE_PA / 1e3:g} kPa",
        f"| {delivery.MISSED_STEPS_MAX} steps in a row without encoder",
        f"more than {delivery.LATE_MS_MAX / 1e3:g} s late",
        f"| {reservoir.LOW_NL / 1e6:g} mL measured",
        f"| {reservoir.EMPTY_NL / 1e6:g} mL measured",
        f"| {care.LEFT_STOPPED_H} h |",
        f"3 s, every {annunciator.CRITICAL_PERIOD_MS / 60_000:g} min",
        f"| {annunciator.SILENCE_MS / 60_000:g} min, broken",
        f"held {magnet.HOLD_MS / 1e3:g} s; window open {magnet.WINDOW_MS / 60_000:g} min",
        f"after {session.IDLE_MS / 60_000:g} min without",
        f"| {board.WATCHDOG_MS / 1e3:g} s; heartbeat looked at every "
        f"{heartbeat.PERIOD_MS / 1e3:g} s",
        f"| segments | {schema.SEGMENTS_MAX} |",
        f"calibrated to {schema.STEP_PL_MIN / 1e3:g} .. {schema.STEP_PL_MAX / 1e3:g} nL",
    ):
        assert words in text, words


def test_the_figures_in_the_page_of_storage_are_those_of_the_code() -> None:
    from emulator import inject

    inject.install()
    from firmware import delivery, keeper, records, store
    from protocol.wire import schema

    text = " ".join((ROOT / "docs/storage.md").read_text().split())
    own_ms = delivery.LEAD_MS + delivery.SETTLE_MS
    period_ms = keeper.COMMIT_MS + own_ms
    fastest = 86_400 * schema.STEP_PL_NOMINAL / period_ms / 1e6
    block_s = keeper.block_steps(24_000_000) * 86_400 * schema.STEP_PL_NOMINAL / 24e9
    for words in (
        f"at most {store.PAYLOAD_MAX + 12} bytes",
        f"| {keeper.BLOCK_STEPS} | {keeper.BLOCK_STEPS * 0.05:g} uL |",
        f"delivered in {block_s:.2f} s: {keeper.block_steps(24_000_000) * 0.05:g} uL at 24",
        f"is at least {keeper.COMMIT_MS} ms away",
        f"up to **{fastest:.2f} mL/day**, where a step is due every {period_ms} ms and {own_ms}",
    ):
        assert words in text, words
    for kind, name in enumerate(records.NAMES[1:], 1):
        assert f"| `{name}` |" in text, names.RECORDS[kind]


def test_the_instants_in_the_tour_are_those_of_the_code() -> None:
    from emulator import inject

    inject.install()
    from firmware import delivery, loop

    text = " ".join((ROOT / "docs/code_overview.md").read_text().split())
    for words in (
        f"{delivery.LEAD_MS} ms before that, `Loop.run_once`",
        f"{delivery.SETTLE_MS} ms after the edge the loop wakes again",
        f"within {loop.IDLE_SLICE_MS} ms, or within {loop.AWAKE_SLICE_MS} ms while a session",
    ):
        assert words in text, words


def test_the_largest_values_in_the_page_of_units_follow_from_the_limits() -> None:
    from protocol.wire import schema

    text = (ROOT / "docs/units.md").read_text()
    slowest_ms = 86_400_000 * schema.STEP_PL_MAX // (1_000 * schema.RATE_NL_DAY_MIN)
    for words in (
        f"| rate | {schema.RATE_NL_DAY_MAX:,} nL/day | 2^{schema.RATE_NL_DAY_MAX.bit_length()} |",
        f"| {slowest_ms:,} ms | 2^{slowest_ms.bit_length()} |",
        f"{schema.STEP_PL_MAX:,} pL at {schema.RATE_NL_DAY_MIN:,} nL/day",
    ):
        assert words in text, words


def test_the_readme_names_every_command_and_no_other() -> None:
    from emulator.bench.cli import main as board
    from emulator.cli import main as emulator
    from protocol.programmer.cli import main as programmer

    text = (ROOT / "README.md").read_text()
    for name, group in (
        ("pump-emulator", emulator),
        ("pump-programmer", programmer),
        ("pump-board", board),
    ):
        row = re.search(rf"^\| `{name}` \| (.*) \|$", text, re.MULTILINE)
        assert row, name
        assert set(re.findall(r"`([a-z]+)`", row[1])) == set(group.commands), name
