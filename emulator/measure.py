"""What `pump-emulator bench` measures: speed, as ratios taken in one run.

Whole processes are timed by what the system accounts to them, less a run of no length.
"""

import cProfile
import os
import pstats
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from binascii import crc32
from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulator import play, speed
from emulator.bedside import Bedside
from emulator.plant.plant import Plant
from emulator.stimulus import InputRecorder, pack
from emulator.story.ports import PtyPort
from emulator.world import World
from protocol.wire import codec, frame, schema

ROOT = Path(__file__).parents[1]
_STIMULUS_MS = 7_200_000
_STIMULUS_RATE_NL_DAY = 6_000_000
_STIMULUS_STEPS_MIN = 9_000
_UNIX_HEAP = "1m"  # words are twice as long as on the board, and the emulator is in it too
_PYPY_DAYS = 19
_PROFILED_MS = 43_200_000
_PROFILED_FILES = 10
_ROUND_TRIPS = 400
_ROUNDS = 20
_ECHO = """
import os
os.set_blocking(0, True)
while data := os.read(0, 4096):
    os.write(0, data)
"""


def measure(tell: Callable[[str], None] = lambda _what: None) -> dict[str, Any]:
    """All figures, by key. tell: told what is measured next. None where a runtime is missing."""
    tell("the whole pump at 0.5 and 1 mL/day")
    figures: dict[str, Any] = {
        "virtual_s_per_s_500_ul_day": speed.pump_s_per_s(500_000),
        "virtual_s_per_s_1000_ul_day": speed.pump_s_per_s(1_000_000),
    }
    tell("one step against a bare event kernel")
    figures["step_in_kernel_events"] = speed.step_in_kernel_events()
    tell("MicroPython unix against CPython")
    figures["unix_over_cpython"] = unix_over_cpython()
    tell(f"PyPy over {_PYPY_DAYS} virtual days")
    figures["pypy_virtual_s_per_s"] = pypy_s_per_s()
    tell("round trips over a pseudo-terminal")
    figures["pty_over_echo"] = pty_over_echo()
    tell("where the time of the whole pump goes")
    figures.update(where_time_goes())
    return figures


def where_time_goes() -> dict[str, dict[str, float]]:
    """What a delivering pump at 1 mL/day does with its CPU time.

    of_a_step: what happens for each verified step: sleeps of the loop, events of the World, calls
    of our functions. Counted. share_of_time: parts of the time by file, the largest first, as the
    profiler sees it, which makes calls dearer than they are.
    """
    world = speed.delivering(1_000_000)
    steps, events = world.pump.ledger.verified.value(), world.events
    profile = cProfile.Profile()
    profile.runcall(world.run_for_ms, _PROFILED_MS)
    steps = world.pump.ledger.verified.value() - steps
    spent_s: dict[str, float] = {}
    calls = sleeps = 0
    for (name, _, function), (_, called, own_s, _, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        where = "Python itself"
        if Path(name).is_relative_to(ROOT):
            where = Path(name).relative_to(ROOT).as_posix()
            calls += called
            sleeps += called if function == "sleep_ms" else 0
        spent_s[where] = spent_s.get(where, 0.0) + own_s
    counts = {"sleeps": sleeps, "events": world.events - events, "calls": calls}
    whole_s = sum(spent_s.values())
    falling = sorted(spent_s.items(), key=lambda item: -item[1])[:_PROFILED_FILES]
    return {
        "of_a_step": {what: round(count / steps, 1) for what, count in counts.items()},
        "share_of_time": {where: round(own_s / whole_s, 3) for where, own_s in falling},
    }


def unix_over_cpython() -> float | None:
    """Speed of MicroPython unix in parts of CPython's, on one stimulus without plant."""
    micropython = Path(sys.executable).with_name("micropython")
    if not micropython.exists():
        return None
    path = {"MICROPYPATH": f"{ROOT}:.frozen", "PYTHONPATH": str(ROOT)}
    on_unix = [str(micropython), "-X", f"heapsize={_UNIX_HEAP}"]
    with tempfile.TemporaryDirectory() as folder:
        stimulus = Path(folder) / "stimulus.bin"
        stimulus.write_bytes(_stimulus())
        words = [play.__file__, str(stimulus), "0"]
        unix_s = _cpu_s([*on_unix, *words], path)
        cpython_s = _cpu_s([sys.executable, *words], path)
    return cpython_s / unix_s


def pypy_s_per_s() -> float | None:
    """Virtual seconds per CPU second on PyPy, start-up of the compiler included."""
    pypy = shutil.which("pypy3")
    if pypy is None:
        return None
    words = [pypy, "-m", "emulator.speed", "1000000", str(_PYPY_DAYS)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout)


def pty_over_echo() -> float:
    """A STATUS round trip to a served pump against an echo of the request, in turn.

    Of each the best of twenty medians: what disturbs the computer meanwhile disturbs both.

    In a session: without one the pump's loop looks at the line four times a second only.
    """
    request = frame.encode(crc32, 1, schema.STATUS, b"")
    serve = [sys.executable, "-m", "emulator.cli", "serve", "--pty"]
    echo_port = PtyPort()
    with (
        subprocess.Popen(serve, cwd=ROOT, stdout=subprocess.PIPE, text=True) as pump,
        subprocess.Popen([sys.executable, "-c", _ECHO], stdin=echo_port.fds()[0]) as echo,
    ):
        try:
            assert pump.stdout is not None
            pump_fd = os.open(pump.stdout.readline().strip(), os.O_RDWR | os.O_NOCTTY)
            echo_fd = os.open(echo_port.name, os.O_RDWR | os.O_NOCTTY)
            _round_trip_s(pump_fd, _hello(), _answered)
            answers_s, echoes_s = [], []
            for _ in range(_ROUNDS):
                answers_s.append(_round_trip_s(pump_fd, request, _answered))
                echoes_s.append(_round_trip_s(echo_fd, request, lambda got: got == request))
        finally:
            pump.terminate()
            echo.kill()
    return min(answers_s) / min(echoes_s)


def _hello() -> bytes:
    ours = {
        "protocol_version": schema.PROTOCOL_VERSION,
        "schema_hash": schema.SCHEMA_HASH,
        "client": "bench",
    }
    return frame.encode(crc32, 1, schema.HELLO, codec.encode(schema.HELLO, ours))


def _answered(got: bytes) -> bool:
    return len(got) > 1 and got.endswith(b"\x00")


def _round_trip_s(fd: int, request: bytes, complete: Callable[[bytes], bool]) -> float:
    spent_s = []
    for _ in range(_ROUND_TRIPS // _ROUNDS):
        start_s = time.perf_counter()
        os.write(fd, request)
        got = b""
        while not complete(got):
            got += os.read(fd, 4096)
        spent_s.append(time.perf_counter() - start_s)
    return statistics.median(spent_s)


def _stimulus() -> bytes:
    """Two hours of delivery at 6 mL/day: 10,000 steps, without a word on the line."""
    world = World(start_us=0)
    inputs = InputRecorder(world)
    Plant(world)
    world.boot()
    bedside = Bedside(world)
    bedside.commission()
    bedside.prescribe([(0, _STIMULUS_RATE_NL_DAY)])
    bedside.start()
    bedside.goodbye()
    world.run_until(_STIMULUS_MS * 1_000)
    return pack(inputs.rows)


def _cpu_s(command: list[str], variables: dict[str, str]) -> float:
    """CPU seconds of playing the stimulus: the best of three, less a run of no length.

    Raises RuntimeError where the pump did not deliver meanwhile.
    """
    whole = min(_one_cpu_s(command, _STIMULUS_MS, variables) for _ in range(3))
    nothing = min(_one_cpu_s(command, 0, variables) for _ in range(3))
    return whole - nothing


def _one_cpu_s(command: list[str], span_ms: int, variables: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, str(span_ms), "loop"],
        env={**os.environ, **variables},
        check=True,
        capture_output=True,
        text=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if span_ms and int(done.stdout.split()[2]) < _STIMULUS_STEPS_MIN:
        raise RuntimeError("the pump did not deliver: " + done.stdout)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
