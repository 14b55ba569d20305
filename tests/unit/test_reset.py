"""A reset forgets all but the files, here as on the board: nothing lives outside the objects.

What comes back from the files: tests/fault/test_restore.py.
"""

import sys
from typing import Any

from emulator.bedside import Bedside
from emulator.ram_disk import RamDisk
from protocol import names
from protocol.wire import schema
from tests.pumps import Bed, bytes_of_state

PORTABLE = ("firmware", "protocol.wire")


def globals_of_the_board() -> dict[str, str]:
    """What every module of the device holds, as text."""
    return {
        f"{name}.{key}": repr(value)
        for name, module in sorted(sys.modules.items())
        if name.startswith(PORTABLE) and module is not None
        for key, value in sorted(vars(module).items())
        if not key.startswith("__") and not callable(value)
    }


def a_life(bed: Bed) -> None:
    bed.running((0, 300_000), (600, 900_000))
    bed.run(hours=1)
    bed.plant.stall(True)
    bed.run(hours=1)
    bed.plant.stall(False)
    bed.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    bed.ask(schema.STOP)


def test_no_module_of_the_board_changes_in_a_life() -> None:
    Bed()
    before = globals_of_the_board()
    a_life(Bed())
    assert globals_of_the_board() == before


def test_a_pump_that_lost_its_files_is_blank_and_says_so() -> None:
    bed = Bed()
    new = Bed()
    new.run(s=2)
    fresh = bytes_of_state(new.pump)
    a_life(bed)
    bed.world.disk = RamDisk()
    bed.world.reset(bed.world.chip.PWRON_RESET)
    bed.run(s=2)
    assert bytes_of_state(bed.pump) == fresh
    steps = len(bed.steps)
    bed.run(hours=2)
    assert len(bed.steps) == steps, "nothing is delivered by a pump that knows no prescription"
    hello: dict[str, Any] = Bedside(bed.world).hello()
    assert names.STATES[hello["state"]] == "UNCOMMISSIONED"
    assert (hello["serial"], hello["patient_label"]) == ("", "")
    assert names.RESETS[hello["reset_cause"]] == "POWER_ON"


def test_two_worlds_in_one_process_do_not_touch_each_other() -> None:
    alone = Bed()
    a_life(alone)
    left, right = Bed(), Bed(seed=2)
    left.running((0, 300_000), (600, 900_000))
    right.running((0, 24_000_000))
    for _ in range(6):
        left.run(minutes=10)
        right.run(minutes=7)
    left.plant.stall(True)
    right.plant.kink(1.0)
    for _ in range(6):
        left.run(minutes=10)
        right.run(minutes=7)
    left.plant.stall(False)
    left.ask(schema.ACKNOWLEDGE, alarm=schema.MOTOR_STALLED)
    left.ask(schema.STOP)
    assert bytes_of_state(left.pump) == bytes_of_state(alone.pump)
    assert left.steps == alone.steps
