"""Runs first on the board, before USB comes up: a release keeps it down.

Whether it is one, the manifest of the set in force says. The service pin, held to ground, lets USB
come up all the same. Without a manifest that can be read it comes up too: main.py has something to
say then. The programmer's UART never carries a REPL: the stock image has none there.
"""

import json

import machine

SERVICE = 22  # GPIO: pin 29 of a Pico, beside the ground of pin 28


def is_release() -> bool:
    """What the manifest of the set in force says."""
    try:
        with open("/slot") as file:
            slot = file.read(1)
        with open("/" + slot + "/manifest.json") as file:
            return bool(json.load(file)["release"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


if machine.Pin(SERVICE, machine.Pin.IN, machine.Pin.PULL_UP).value() and is_release():
    machine.USBDevice().active(False)
