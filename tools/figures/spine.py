"""Figures of the spine: dose, ledgers, parity, framing, legality, detection."""

import os
import random
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path

from emulator import scenario
from emulator.story import scenario_file
from emulator.world import START_US
from firmware.guard import Guard
from firmware.rate import StepRate
from protocol.wire import codec, schema
from tests.exact import Action, Segments, live
from tests.fault.test_occlusion import kinked, run_until_alarm
from tests.parity.record import SPAN_MS, record
from tests.parity.runtimes import PLAY, compiled, device_files, on_cpython, on_unix, on_wasm
from tests.pumps import Bed
from tests.wire import test_framing as framing
from tests.wire import test_state_x_command as legality
from tools.figures.figure import at_least, at_most

ROOT = Path(__file__).parents[2]
DAY_MS = 86_400_000
LIVES = 200
YEARS = 10


def _random_segments(draw: random.Random) -> Segments:
    count = draw.choice([1, 1, 2, 3, 8, 24])
    starts = sorted(draw.sample(range(1_440), count)) if count > 1 else [0]
    rates = [draw.choice([0, 48_000, draw.randrange(48_000, 4_000_000)]) for _ in starts]
    rates[draw.randrange(count)] = draw.choice([24_000_000, draw.randrange(48_000, 4_000_000)])
    return list(zip(starts, rates))


def _random_action(draw: random.Random) -> Action:
    what = draw.choice(["prescribe", "clock", "stop", "start"])
    if what == "prescribe":
        return what, _random_segments(draw)
    return what, draw.randrange(schema.WALL_S_MAX) if what == "clock" else None


@at_most(
    "SPINE-01", "commanded steps against the exact integral, at every event", "steps", 0.999, 0.6
)
def exact_dose() -> tuple[float, str]:
    """The worst distance in random lives: segments, edges, stops, clock settings."""
    worst = Fraction(0)
    steps = 0
    for seed in range(LIVES):
        draw = random.Random(seed)
        actions = [(_random_action(draw), draw.randrange(10_000_000)) for _ in range(8)]
        checker = live(_random_segments(draw), actions, draw.randrange(45_000, 55_001))
        worst = max(worst, checker.worst)
        steps += checker.checked
    return round(float(worst), 4), f"{LIVES} lives, {steps:,} steps"


@at_most("SPINE-02", "error of the rate engine after ten virtual years", "steps", 0.5)
def ten_years() -> tuple[float, str]:
    """A rate that has no whole period, stepped for ten years; beside it a rounded period."""
    rate_nl_day, step_pl = 487_331, 50_021
    engine = StepRate(Guard(step_pl))
    engine.set_rate(rate_nl_day, 0)
    end_ms = YEARS * 365 * DAY_MS
    steps = 0
    for _ in range(YEARS * 365):
        while engine.due_ms <= DAY_MS:
            engine.take_step()
            steps += 1
        engine.rebase(DAY_MS)
    exact = Fraction(rate_nl_day * 1000 * end_ms, DAY_MS * step_pl)
    rounded_ms = round(Fraction(DAY_MS * step_pl, rate_nl_day * 1000))
    drift_nl = float((Fraction(end_ms, rounded_ms) - exact) * step_pl / 1000)
    error = float(abs(exact - steps))
    return round(error, 4), (
        f"{steps:,} steps at {rate_nl_day:,} nL/day; a period rounded to {rounded_ms:,} ms "
        f"would be off by {drift_nl:,.0f} nL"
    )


@at_most("SPINE-03", "plant's steps against verified steps, over all scenarios", "steps", 1)
def two_ledgers() -> tuple[int, str]:
    """The largest difference that no scenario names as a loss."""
    worst = 0
    paths = sorted((ROOT / "docs/scenarios").glob("*.toml"))
    for path in paths:
        found = scenario.run(scenario_file.read(path)).account
        named = found.unasked_steps + found.hidden_steps
        worst = max(worst, abs(found.steps_apart) - named)
    return worst, f"{len(paths)} scenarios"


@at_most("SPINE-04", "different traces of one stimulus on three runtimes", "traces", 1)
def parity() -> tuple[int, str]:
    """CPython, MicroPython unix and wasm; from just before both wraps, and from 0."""
    most = 0
    outputs = 0
    for start_us in (START_US, 0):
        data, digest, count, verified = record(start_us)
        traces = {f"{digest} {count} {verified} None"}
        outputs += count
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "stimulus.bin"
            path.write_bytes(data)
            words = (str(start_us), str(SPAN_MS))
            traces.add(on_cpython(PLAY, str(path), *words, "loop"))
            traces.add(on_unix(PLAY, str(path), *words, "loop"))
            traces.add(on_wasm(PLAY, "/files/stimulus.bin", *words, files=(path,)))
        most = max(most, len(traces))
    return most, f"2 stimuli, {outputs:,} outputs"


@at_least("SPINE-05", "steps delivered with the heap locked, on both MicroPythons", "steps", 1_000)
def heap_lock() -> int:
    """The lesser of unix and wasm; 0 where the lock itself did not hold."""
    found = [runtime("heap_lock.py").split()[:4] for runtime in (on_unix, on_wasm)]
    return min(int(steps) if caught == "True" else 0 for steps, _, _, caught in found)


@at_most("SPINE-06", "device files that do not compile for armv6m", "files", 0)
def cross_compiles() -> tuple[int, str]:
    """Every file of firmware/ and protocol/wire/, with mpy-cross."""
    paths = device_files()
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            out = str(Path(folder) / "out.mpy")
            command = [sys.executable, "-m", "mpy_cross", "-march=armv6m", "-o", out, str(path)]
            failed += subprocess.run(command, capture_output=True, check=False).returncode != 0
    return failed, f"{len(paths)} files"


@at_most("SPINE-07", "heap that the device's files take once imported, on wasm", "bytes", 100_000)
def heap_import() -> tuple[int | None, str]:
    """31-bit ints and 32-bit pointers, as on RP2040. None: not all were imported."""
    with tempfile.TemporaryDirectory() as folder:
        board = compiled(Path(folder))
        heap_bytes, modules = map(int, on_wasm("heap_import.py", board=board).split())
    if modules != len(device_files()):
        return None, f"{modules} of {len(device_files())} files imported"
    return heap_bytes, f"{modules} files"


@at_most(
    "SPINE-08", "different traces of one seed: same process, another, another hash", "traces", 1
)
def determinism() -> int:
    """The JSONL trace of a scenario, byte for byte."""
    traces = set()
    words = ["-m", "emulator.cli", "run", "docs/scenarios/kink_and_release.toml", "--trace"]
    with tempfile.TemporaryDirectory() as folder:
        for number, hash_seed in enumerate(("0", "0", "1", "4711")):
            path = Path(folder) / f"{number}.jsonl"
            subprocess.run(
                [sys.executable, *words, str(path)],
                env={**os.environ, "PYTHONHASHSEED": hash_seed},
                cwd=ROOT,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            traces.add(path.read_bytes())
    return len(traces)


@at_most("SPINE-09", "frames lost by one damaged byte; none wrongly accepted", "frames", 1)
def framing_damage() -> tuple[int, str]:
    """All substitutions, deletions and insertions over 14 frames."""
    mutants, lost, wrong = framing.damage()
    return lost if not wrong else 99, f"{mutants:,} mutants, {wrong} wrong frames accepted"


@at_most("SPINE-10", "cells of state x command that answer otherwise than the table", "cells", 0)
def state_x_command() -> tuple[int, str]:
    """Each cell walked on a pump brought into that state."""
    wrong = 0
    for state, kind in legality.CELLS:
        bed = legality.arranged(state, kind)
        payload = codec.encode(kind, legality.request_for(bed, kind))
        answer, got = bed.programmer.exchange(kind, payload, bed.programmer.counter + 1)
        expected = schema.STATE_X_COMMAND[kind][state]
        if kind == schema.ACKNOWLEDGE and state < schema.HELD:
            expected = schema.ALARM_NOT_ACTIVE
        code = got["code"] if answer == schema.REFUSED else schema.OK
        wrong += code != expected
    return wrong, f"{len(legality.CELLS)} cells"


def _occlusion_min(rate_nl_day: int) -> tuple[float, str]:
    bed = kinked(rate_nl_day)
    before_nl = bed.plant.snapshot()["tip_nl"]
    took_min = run_until_alarm(bed, 60 * 24)
    found = bed.plant.snapshot()
    missed_ul = (rate_nl_day * took_min / 1_440 - (found["tip_nl"] - before_nl)) / 1_000
    return round(took_min, 1), f"{missed_ul:.1f} uL missed by then"


@at_most("SPINE-11", "full block told, at 1 mL/day", "min", 20, 17)
def occlusion_fast() -> tuple[float, str]:
    """By the threshold on outlet pressure; the field needs hours at a quarter of this rate."""
    return _occlusion_min(1_000_000)


@at_most("SPINE-12", "full block told, at 0.24 mL/day (10 uL/h)", "min", 90, 60)
def occlusion_slow() -> tuple[float, str]:
    """The published anchor: six insulin pumps need up to 5 h at this rate."""
    return _occlusion_min(240_000)


@at_most("SPINE-13", "alarms of a healthy pump in a whole-pump year", "alarms", 0)
def quiet_year() -> tuple[int, str]:
    """365 virtual days at 0.05 mL/day from a 40 mL reservoir, nominal noise."""
    bed = Bed(seed=365, capacity_nl=40_000_000)
    bed.running((0, 50_000))
    bed.run(hours=24 * 365)
    alarms = sum(alarm.count for alarm in bed.pump.alarms.table)
    verified = bed.pump.ledger.verified.value()
    exact = 365 * 50_000 / 50
    return alarms, f"{verified:,} steps verified, {exact:,.0f} prescribed"
