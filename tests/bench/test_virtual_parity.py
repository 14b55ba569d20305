"""The recorded stimulus gives the outputs of CPython on the virtual Pico, and of unix and wasm.

Same values in the same order. The times differ by what the chip takes for its work, and do not
drift apart:

- The first answer of a visit by the loop's slice of 250 ms: the slices of two pumps that were
  started at other instants have another phase.
- All else follows the instant at which an order was taken. Orders and alarms write records: 50 to
  70 ms of the chip's work each, nothing in a World, whose disk takes no time. One order or alarm
  writes three of them at most.
- The self-test's blink of the alarm light comes when folders have been written anew: at most
  eleven erasures of 45 ms, and a record's work.
"""

from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest

from emulator.bench import board_play
from emulator.bench.board_play import LINE, Told
from emulator.bench.pico import VirtualPico
from emulator.stimulus import Player, unpack
from emulator.world import World
from firmware.pins import ENC_B
from tests.bench.pico_bed import stock_image, unchecked
from tests.parity.record import SHORT_MS, record, short_life
from tests.parity.runtimes import PLAY, on_cpython, on_unix, on_wasm

pytestmark = pytest.mark.xdist_group("virtual_parity")
SLICE_US = 250_000
WORK_US_MAX = 3 * 70_000
START_US = 1_000_000  # by then the loop turns, on both
START_WORK_US_MAX = 11 * 45_000 + 70_000
STEADY_US = 2_000  # two steps of one therapy, on both
STEPS_MIN = 200


@pytest.fixture(scope="module")
def stimulus() -> tuple[bytes, str]:
    """(rows, what every runtime must print)."""
    data, digest, count, verified = record(0, short_life, SHORT_MS)
    assert verified >= STEPS_MIN
    return data, f"{digest} {count} {verified} None"


@pytest.fixture(scope="module")
def reference(stimulus: tuple[bytes, str]) -> Told:
    """What came out on CPython."""
    world = World(start_us=0)
    Player(world, BytesIO(stimulus[0]), (ENC_B,))
    recorder = board_play.OutputRecorder(world)
    world.boot()
    world.run_until(SHORT_MS * 1_000)
    return recorder.told()


@pytest.fixture(scope="module")
def found(stimulus: tuple[bytes, str], reference: Told) -> Told:
    """What came out on the virtual Pico."""
    pico = VirtualPico(stock_image(), unchecked())
    return board_play.play(pico, unpack(stimulus[0]), reference, SHORT_MS)


def test_cpython_unix_and_wasm_agree_on_it(stimulus: tuple[bytes, str], tmp_path: Path) -> None:
    data, expected = stimulus
    path = tmp_path / "stimulus.bin"
    path.write_bytes(data)
    words = ("0", str(SHORT_MS))
    assert on_cpython(PLAY, str(path), *words, "loop") == expected
    assert on_unix(PLAY, str(path), *words, "loop") == expected
    assert on_wasm(PLAY, "/files/stimulus.bin", *words, files=(path,)) == expected


def test_the_same_values_in_the_same_order(reference: Told, found: Told) -> None:
    assert [d.wrong for d in board_play.compare(reference, found)] == [""] * len(reference)
    assert len(found["STEP"]) >= 2 * STEPS_MIN
    assert all(found[channel] for channel in found), "every channel said something"


def test_the_times_are_apart_by_what_the_chip_takes(reference: Told, found: Told) -> None:
    told = (board_play.part(told, START_US, SHORT_MS * 1_000) for told in (reference, found))
    for one in board_play.compare(*told):
        assert not one.wrong
        assert one.worst_us <= WORK_US_MAX + (SLICE_US if one.channel == LINE else 0), one
    begun = (board_play.part(told, -START_US, START_US) for told in (reference, found))
    assert max(one.worst_us for one in board_play.compare(*begun)) <= START_WORK_US_MAX


def test_steps_do_not_drift_apart(reference: Told, found: Told) -> None:
    """From step to step the distance changes where an order was given, and nowhere else."""
    apart_us = [t_us - r_us for (r_us, _), (t_us, _) in zip(reference["STEP"], found["STEP"])]
    orders = len(found["SUPPLY"]) + 2  # and the ends of two segments, by the clock as it was set
    jumps = [a for a, b in pairwise(apart_us) if abs(b - a) > STEADY_US]
    assert len(jumps) <= orders


def test_a_changed_stimulus_is_noticed(reference: Told, found: Told) -> None:
    """The comparison itself: one output another, one missing, one too many."""
    steps = reference["STEP"]
    for other in ([*steps[:8], (steps[8][0], 0), *steps[9:]], steps[:-1], [*steps, steps[-1]]):
        row = board_play.compare({**reference, "STEP": other}, found)[0]
        assert row.channel == "STEP"
        assert row.wrong
