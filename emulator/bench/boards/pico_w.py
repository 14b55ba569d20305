"""Raspberry Pi Pico W: RP2040 with a radio chip, 2 MB of flash.

The radio has GPIO 23, 24, 25 and 29 to itself; the pump needs none of them and does not use it.
Flash layout: ports/rp2/boards/RPI_PICO_W/mpconfigboard.h of MicroPython (848 kB for files).
Contacts as on the Pico: Raspberry Pi Pico W datasheet, figure 2.
"""

from emulator.bench.boards.kind import BoardKind
from emulator.bench.boards.pico import CONTACTS, PINS, RP2040_FAMILY

BOARD = BoardKind(
    name="pico_w",
    title="Raspberry Pi Pico W",
    machine="Raspberry Pi Pico W with RP2040",
    image="RPI_PICO_W",
    uf2_family=RP2040_FAMILY,
    flash_bytes=2 * 1024 * 1024,
    fs_bytes=848 * 1024,
    pins=PINS,
    contacts=CONTACTS,
)
