"""Raspberry Pi Pico 2: RP2350 (Arm cores), 4 MB of flash.

Same contacts and same pin map as the Pico. Flash layout: ports/rp2/boards/RPI_PICO2 of
MicroPython (4 MB less 1 MB for the image). Not run on hardware, and not in the virtual Pico,
which is an RP2040.
"""

from emulator.bench.boards.kind import BoardKind
from emulator.bench.boards.pico import CONTACTS, PINS

RP2350_ARM_FAMILY = 0xE48B_FF59  # uf2families.json of the UF2 specification

BOARD = BoardKind(
    name="pico2",
    title="Raspberry Pi Pico 2",
    machine="Raspberry Pi Pico2 with RP2350",
    image="RPI_PICO2",
    uf2_family=RP2350_ARM_FAMILY,
    flash_bytes=4 * 1024 * 1024,
    fs_bytes=3 * 1024 * 1024,
    pins=PINS,
    contacts=CONTACTS,
)
