"""A pump on a virtual Pico for the tests: this checkout's set, a plant on its pins, a programmer.

The root of the board takes a sixth of a second of virtual time, and one of this computer's, to
check the set against its manifest. Tests that are about the pump start the same files without
that check; those of the root, of booting and of resets start as a board does.
"""

from functools import cache
from pathlib import Path
from typing import Any

from emulator.bedside import Bedside
from emulator.bench import file_set, image
from emulator.bench.pico import VirtualPico
from emulator.bench.wiring import BoardWorld, as_world
from emulator.plant.plant import Plant
from firmware.pins import SUPPLY

BOOT_MS_MAX = 3_000
_UNCHECKED = b"""import sys
sys.path.append("/a")
from unpack import Program
with Program("/a"):
    from firmware.main import run
run(bytes(32))
"""


@cache
def stock_image() -> Path:
    """MicroPython for the virtual Pico."""
    return image.find()


def unchecked() -> dict[str, bytes]:
    """This checkout's set with a root that starts it without a look at the manifest."""
    files = file_set.build()
    del files["boot.py"]
    return {**files, "main.py": _UNCHECKED}


class PicoBed:
    """One pump on a virtual Pico, booted, with a plant and a wire-level programmer.

    started_us: when the firmware switched its first output.
    """

    def __init__(
        self,
        files: "dict[str, bytes] | None" = None,
        seed: int = 1,
        ticks_us: int = 0,
        **plant: Any,
    ) -> None:
        self.pico = VirtualPico(
            stock_image(), unchecked() if files is None else files, ticks_us=ticks_us
        )
        self.world = BoardWorld(self.pico, seed)
        self.plant = Plant(as_world(self.world), **plant)
        self.programmer = Bedside(as_world(self.world))
        self.started_us = self.await_firmware()
        self.world.boot()

    def await_firmware(self) -> int:
        """Run until the firmware has its outputs; when that was, in us since power-on."""
        until_us = self.pico.now_us + BOOT_MS_MAX * 1_000
        while not self.pico.is_driven(SUPPLY):
            assert self.pico.now_us < until_us, self.said()
            self.pico.run_for_ms(1)
        return self.pico.now_us

    def said(self) -> str:
        """What the board printed on USB."""
        return bytes(self.world._said).decode(errors="replace")

    def run(self, *, minutes: float = 0, s: float = 0, ms: float = 0) -> None:
        self.pico.run_for_ms(ms + s * 1_000 + minutes * 60_000)

    def ask(self, kind: int, **values: Any) -> dict[str, Any]:
        """One request in a session of its own."""
        self.programmer.hello()
        return self.programmer.ask(kind, values)
