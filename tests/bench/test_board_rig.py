"""A rig whose pump is on a board."""

import binascii
from pathlib import Path
from typing import Any

import pytest

from emulator import scenario
from emulator.bench.board_rig import BoardRig
from emulator.bench.wiring import BoardWorld
from emulator.rig import Rig
from emulator.story import scenario_file
from emulator.world import World
from protocol.wire import schema
from protocol.wire.frame import Decoder
from tests.bench.emulated_board import EmulatedBoard

SLEEP_MS = 270  # of the emulated pump's loop, and of the world's around it
LATE_MS = 150  # an answer is heard: so that a look takes more than a second
KINK = """
title = "A kink"
duration = "%d ms"
actions = [ { at = "%d ms", do = "kink", amount = "50 %%" } ]
expect = []
"""
EXAMPLE = Path(__file__).parents[2] / "docs/examples/bench/full_rate.toml"
FULL_RATE = f"""
title = "Ten seconds at 24 mL/day"
duration = "15 s"
actions = [
    {{ at = "500 ms", do = "magnet" }},
    {{ at = "3 s", do = "setup", file = "{EXAMPLE}" }},
    {{ at = "4 s", do = "program", file = "{EXAMPLE}" }},
    {{ at = "5 s", do = "start" }},
]
expect = [ {{ volume = "commanded", at_least = "2650 nL", at_most = "2800 nL" }} ]
"""


class FarBoard(EmulatedBoard):
    """hellos_ms: when it answered those of the observer."""

    def __init__(self) -> None:
        super().__init__()
        self.hellos_ms: list[int] = []

    def _on_answer(self, data: bytes, done_us: int) -> None:
        (one,) = Decoder(binascii.crc32).feed(data)
        if one.kind == schema.HELLO | schema.ANSWER:
            self.hellos_ms.append(done_us // 1_000)
        heard_us = done_us + LATE_MS * 1_000
        self.world.at(heard_us, lambda _: super(FarBoard, self)._on_answer(data, done_us))


def test_the_power_of_a_board_is_not_cut_and_that_is_a_refusal() -> None:
    """A scenario tells it as an action that cannot be done, a console as words."""
    rig = BoardRig(World)  # type: ignore[arg-type]  # any world stands for a board here
    with pytest.raises(ValueError, match=r"not ours to cut.*pump-emulator"):
        rig.happen("power", 0.0)
    Rig().happen("power", 0.0)  # an emulated pump's does


@pytest.mark.parametrize("at_ms", range(10_000, 12_000, 200))
def test_no_look_is_under_way_when_a_scenario_has_something_to_do(
    at_ms: int, tmp_path: Path
) -> None:
    """Also at its end. Regular looks come every ten seconds."""
    path = tmp_path / "kink.toml"
    path.write_text(KINK % (at_ms + 2_000, at_ms))
    board: Any = FarBoard()
    found = scenario.run(
        scenario_file.read(path),
        make_rig=lambda *args, **plant: BoardRig(lambda s: BoardWorld(board, s), *args, **plant),
    )
    ((t_ms, what, _),) = found.chronicle.happenings
    assert what == "kink"
    assert 0 <= t_ms - at_ms <= SLEEP_MS
    first_ms = min(ms for ms in board.hellos_ms if ms > at_ms + 2_000)
    assert first_ms - at_ms - 2_000 <= 2 * SLEEP_MS, "the last look begins at the end"


def test_a_volume_at_the_end_is_that_of_the_last_look_and_not_of_the_one_before(
    tmp_path: Path,
) -> None:
    """24 mL/day are 278 nL a second. The last look begins at the end, and is over after it."""
    path = tmp_path / "full_rate.toml"
    path.write_text(FULL_RATE)
    board: Any = EmulatedBoard()
    found = scenario.run(
        scenario_file.read(path),
        make_rig=lambda *args, **plant: BoardRig(lambda s: BoardWorld(board, s), *args, **plant),
    )
    assert found.holds, found.checks
