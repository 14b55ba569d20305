"""Run on a board by pump-board before all else: it has just interrupted what ran there.

If that was the pump, its motor goes off at once, and its watchdog, which nothing can stop, is fed
from now on until the next reset.
"""

import sys

import machine

FEED_MS = 1_000
WATCHDOG_MS = 8_388  # the longest that an RP2040 has

if "firmware.board" in sys.modules:
    from firmware import pins

    machine.Pin(pins.SUPPLY, machine.Pin.OUT, value=0)
    machine.Pin(pins.EN, machine.Pin.OUT, value=1)
    dog = machine.WDT(timeout=WATCHDOG_MS)
    dog.feed()
    keeper = machine.Timer(-1)
    keeper.init(
        mode=machine.Timer.PERIODIC, period=FEED_MS, callback=lambda _: dog.feed(), hard=True
    )
