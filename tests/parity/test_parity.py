"""One stimulus, the same files: the same outputs at the same microseconds on every runtime."""

from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.kinds import ADC_IN, PIN_IN
from emulator.stimulus import pack, unpack
from emulator.world import START_US
from firmware.pins import ENC_A
from protocol.wire import events, schema
from tests.parity.record import SPAN_MS, record
from tests.parity.runtimes import PLAY, compiled, device_files, on_cpython, on_unix, on_wasm

WRAP_MS = 1 << 30
AGAIN_STEPS = 15  # in the minute after which a day that could not begin is tried again
FILE_BYTES_MIN = 500  # of heap, on average; less has not measured what was imported


@pytest.fixture(scope="module", params=[START_US, 0], ids=["just before both wraps", "from zero"])
def recorded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int, str]:
    """(file with the stimulus, start, what every runtime must print)."""
    data, digest, count, verified = record(request.param)
    assert verified > 1_000
    assert count > 5_000
    path = tmp_path_factory.mktemp("stimulus") / "stimulus.bin"
    path.write_bytes(data)
    return path, request.param, f"{digest} {count} {verified} None"


def test_cpython_repeats_itself_without_the_plant(recorded: tuple[Path, int, str]) -> None:
    path, start_us, expected = recorded
    assert on_cpython(PLAY, str(path), str(start_us), str(SPAN_MS), "loop") == expected


def test_micropython_unix_equals_cpython(recorded: tuple[Path, int, str]) -> None:
    path, start_us, expected = recorded
    assert on_unix(PLAY, str(path), str(start_us), str(SPAN_MS), "loop") == expected


def test_micropython_wasm_equals_cpython(recorded: tuple[Path, int, str]) -> None:
    path, start_us, expected = recorded
    arguments = ("/files/stimulus.bin", str(start_us), str(SPAN_MS))
    assert on_wasm(PLAY, *arguments, files=(path,)) == expected


def test_an_edge_that_comes_later_than_recorded_is_noticed(
    recorded: tuple[Path, int, str],
) -> None:
    path, start_us, _ = recorded
    rows = unpack(path.read_bytes())
    place = next(i for i, row in enumerate(rows) if row[0] and row[1:3] == (PIN_IN, ENC_A))
    rows[place] = (rows[place][0] + 1_000, *rows[place][1:])
    with pytest.raises(AssertionError, match=r"DivergedError: .* at another time"):
        played(path, rows, start_us)


def test_an_answer_that_is_missing_is_noticed(recorded: tuple[Path, int, str]) -> None:
    path, start_us, _ = recorded
    rows = unpack(path.read_bytes())
    rows.remove(next(row for row in rows if row[1] == ADC_IN))
    with pytest.raises(AssertionError, match=r"DivergedError: .* out of turn"):
        played(path, rows, start_us)


def played(path: Path, rows: list[tuple[int, int, int, int]], start_us: int) -> str:
    """What comes out when these are played on CPython."""
    other = path.with_name("other.bin")
    other.write_bytes(pack(rows))
    return on_cpython(PLAY, str(other), str(start_us), str(SPAN_MS), "loop")


def test_worlds_start_so_that_both_ticks_wrap_together() -> None:
    assert START_US // 1000 < WRAP_MS <= (START_US + SPAN_MS * 1000) // 1000
    assert WRAP_MS * 1000 % (1 << 30) == 0


@pytest.mark.parametrize("runtime", [on_unix, on_wasm], ids=["unix", "wasm"])
def test_delivery_path_allocates_nothing_in_a_thousand_steps(runtime: object) -> None:
    assert callable(runtime)
    delivered, answered, boluses, faulted = runtime("heap_lock.py").splitlines()
    steps, verified, segments, caught = delivered.split()
    assert (int(steps), int(segments), caught) == (1_000, 24, "True")
    assert int(verified) >= 999, "the last step may still be settling"
    assert answered == "0 1", "a request that finds no memory waits to be repeated"
    whole, whole_steps, cut, cut_steps = map(int, boluses.split())
    assert (whole, cut) == (schema.WHOLE, schema.ENDED_BY_ALARM)
    assert abs(whole_steps - 125) <= 1, "5 uL in 108 s, on top of 1 mL/day"
    assert 10 < cut_steps <= 12
    assert faulted == f"{schema.FAULT} 0 True True", "and so does a fault, with its alarm"


def test_a_pump_whose_heap_is_full_delivers_on_alarms_and_has_it_in_the_log() -> None:
    """Really full, for an hour, records and log included; what is asked for then is not done."""
    found = on_unix("heap_full.py", heap="2m").splitlines()
    free, pump, alarms, answers, day, noted, *ordered = found
    assert int(free) < 1_024
    state, supply, steps, due = map(int, pump.split())
    assert (state, supply) == (schema.RUNNING, 1)
    assert steps == due > 800
    assert [int(one) for one in alarms.split()] == [schema.STORE_FAILED, schema.LOG_FAILED]
    assert answers == "0 1"
    counted, since_midnight, since_free, life = map(int, day.split())
    assert 0 < since_free - AGAIN_STEPS <= counted <= since_midnight + 1 < life
    state, *kinds = map(int, noted.split())
    assert state == schema.RUNNING
    assert events.LOG_GAP in kinds, "what could not be kept is told"
    assert kinds.count(events.ALARM_CLEARED) == 2
    assert ordered == ["True False"] * 2


@pytest.mark.parametrize("runtime", [on_unix, on_wasm], ids=["unix", "wasm"])
def test_a_pump_whose_scheduler_queue_is_full_delivers_on_and_has_it_in_the_log(
    runtime: Callable[[str], str],
) -> None:
    """For half an hour; afterwards all that waited in the queue is called."""
    before, queue, pump, during, after = runtime("queue_full.py").splitlines()
    assert before == "0"
    queued, called = map(int, queue.split())
    assert queued >= 4
    assert called == 0
    is_running, steps, due = pump.split()
    assert is_running == "True"
    assert abs(int(steps) - int(due)) <= 1
    assert during == "1", "told once"
    assert after == f"1 {queued}"


def test_device_files_take_at_most_100_kb_of_heap_once_imported(tmp_path: Path) -> None:
    """Compiled, as they lie on the board."""
    heap_bytes, modules = map(int, on_wasm("heap_import.py", board=compiled(tmp_path)).split())
    assert modules == len(device_files()), "every file was imported"
    assert FILE_BYTES_MIN * modules < heap_bytes <= 100_000
