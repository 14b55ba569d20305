"""Makes the flash image of this release, which every later firmware has to boot.

    python -m tests.upgrade.make_image NAME

Writes images/NAME.bin.gz and images/NAME.json: what the pump said of itself before its power
failed. An image that exists is never written again.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

from emulator.flash import Flash
from emulator.little_disk import LittleDisk
from emulator.world import World
from protocol.wire import schema
from tests.pumps import Bed

IMAGES = Path(__file__).parent / "images"
TOLD = {"setup": schema.READ_SETUP, "prescription": schema.READ_BACK, "totals": schema.TOTALS}
BOLUS_NL = 20_000


def bed_on(flash: Flash) -> Bed:
    """A pump with this flash, just switched on."""

    def connect(world: World) -> None:
        world.disk = LittleDisk(flash)
        world.disk.connect(world._hold_off)

    return Bed(before=connect, capacity_nl=40_000_000)


def told(bed: Bed) -> dict[str, dict[str, Any]]:
    """What the pump says of itself, bytes in hex."""
    found = {name: bed.ask(kind) for name, kind in TOLD.items()}
    found["boluses"] = {"given": bed.ask(schema.BOLUSES)["boluses"]}
    return {
        name: {k: v.hex() if isinstance(v, bytes) else v for k, v in values.items()}
        for name, values in found.items()
    }


def a_life(flash: Flash) -> Bed:
    """Set up, calibrated, a rate, a bolus, a schedule, a stop: each leaves its totals."""
    bed = bed_on(flash)
    bed.running((0, 700_000), patient_label="an older pump")
    bed.run(hours=2)
    bed.programmer.hello()
    bed.programmer.bolus(BOLUS_NL, 4_800_000)
    bed.run(hours=1)
    bed.ask(schema.STOP)
    bed.programmer.hold_magnet()
    bed.ask(schema.CALIBRATE, steps=10_000, volume_nl=512_000)
    bed.programmer.prescribe([(0, 500_000), (360, 900_000), (1_200, 0)])
    bed.ask(schema.START)
    bed.run(hours=5)
    return bed


def main(name: str) -> None:
    """Make it."""
    image, sheet = IMAGES / f"{name}.bin.gz", IMAGES / f"{name}.json"
    if image.exists():
        raise SystemExit(f"{image.name} exists: images of releases are never changed")
    flash = Flash()
    bed = a_life(flash)
    found = told(bed)
    bed.world.power_cut()
    image.write_bytes(gzip.compress(flash.image(), mtime=0))
    sheet.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
