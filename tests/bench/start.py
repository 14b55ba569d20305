"""Runs on MicroPython unix: starts a board's flash as the chip does, up to the pump's first pin.

    micropython start.py IMAGE

Prints what came of it as JSON: `said` by the root, and where the firmware was started `root`,
`digest` as handed to it, `version`, and `modules`: the files that it was loaded from.
"""

import binascii
import builtins
import json
import os
import sys

sys.path.insert(0, sys.argv[0].rpartition("/")[0])

import disk
import micropython
import utime

SUPPLY = 5  # firmware/pins.py: the first output that the firmware switches


class Booted(BaseException):
    """The firmware has come to the hardware."""


class Waits(BaseException):
    """The root has said what it has to say."""


class Pin:
    """Nothing is connected; the first output of the firmware ends the show."""

    IN = OUT = PULL_UP = IRQ_RISING = IRQ_FALLING = 0

    def __init__(self, gpio, *args, **kwargs):
        if gpio == SUPPLY:
            raise Booted

    def value(self):
        return 1


class WDT:
    """Nothing hangs here."""

    def __init__(self, timeout):
        pass

    def feed(self):
        pass


def reset_cause():
    """Of a power-on."""
    return 1


class UART:
    """The programmer's line."""

    def __init__(self, number, baudrate):
        pass

    def write(self, text):
        said.append("uart: " + text.strip())


class USBDevice:
    """USB."""

    def active(self, on):
        said.append("usb: %s" % on)


class Time:
    """utime, but nobody waits."""

    ticks_ms = utime.ticks_ms
    ticks_diff = utime.ticks_diff


class Compiler:
    """micropython, with what the chip's has and this one lacks."""

    const = micropython.const
    schedule = staticmethod(micropython.schedule)

    @staticmethod
    def alloc_emergency_exception_buf(size):
        pass


class Port:
    """rp2: the firmware comes to its first output before it asks for the flash."""


def wait(ms):
    raise Waits


def say(*words):
    said.append(" ".join([str(word) for word in words]))


said = []
handed = []
machine = disk.Machine
machine.Pin, machine.UART, machine.USBDevice, machine.WDT = Pin, UART, USBDevice, WDT
machine.reset_cause, machine.WDT_RESET = staticmethod(reset_cause), 3
Time.sleep_ms = wait
sys.modules["utime"] = Time
sys.modules["micropython"] = Compiler
sys.modules["rp2"] = Port
printed = builtins.print
builtins.print = say
result = {}
try:
    for name in ("boot.py", "main.py"):
        if name in os.listdir("/"):
            with open("/" + name) as file:
                exec(file.read(), globals())
except Booted:
    modules = [m for n, m in sys.modules.items() if n.startswith(("firmware", "protocol"))]
    files = [m.__file__ for m in modules if hasattr(m, "__file__")]
    result = {
        "root": globals()["root"],
        "digest": binascii.hexlify(globals()["digest"]).decode(),
        "version": sys.modules["firmware.version"].VERSION,
        "modules": sorted(files),
    }
except Waits:
    pass
result["said"] = said
printed(json.dumps(result))
