"""Raspberry Pi Pico: RP2040, 2 MB of flash.

Flash layout: ports/rp2/boards/RPI_PICO/mpconfigboard.h of MicroPython (1,408 kB for files).
Contacts: Raspberry Pi Pico datasheet, figure 2.
"""

from emulator.bench.boards.kind import BoardKind

PINS = {
    "UART_TX": 0,
    "UART_RX": 1,
    "STEP": 2,
    "DIR": 3,
    "EN": 4,
    "SUPPLY": 5,
    "ENC_A": 6,
    "ENC_B": 7,
    "MAGNET": 8,
    "BUZZER": 9,
    "LED": 10,
    "PRESSURE": 26,
    "LEVEL": 27,
}
CONTACTS = {
    0: 1, 1: 2, 2: 4, 3: 5, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12, 10: 14, 22: 29, 26: 31, 27: 32,
}  # fmt: skip
RP2040_FAMILY = 0xE48B_FF56  # uf2families.json of the UF2 specification

BOARD = BoardKind(
    name="pico",
    title="Raspberry Pi Pico",
    machine="Raspberry Pi Pico with RP2040",
    image="RPI_PICO",
    uf2_family=RP2040_FAMILY,
    flash_bytes=2 * 1024 * 1024,
    fs_bytes=1_408 * 1024,
    pins=PINS,
    contacts=CONTACTS,
)
