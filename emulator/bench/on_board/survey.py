"""Run on a board by pump-board: prints [path, SHA-256] of every file as JSON, a line each.

An empty folder counts as a file with a "/" at its end: it can hide a module. The lines come as the
files are read, so that a host that waits can tell a slow board from a dead one.
"""

import binascii
import hashlib
import json
import os

FOLDER = 0x4000  # of the mode that os.stat gives


def sha256(path: str) -> str:
    """Of a file as it lies in the flash, in hex."""
    digest = hashlib.sha256()
    view = memoryview(bytearray(1_024))
    with open(path, "rb") as file:
        while True:
            count = file.readinto(view)
            if not count:
                return binascii.hexlify(digest.digest()).decode()
            digest.update(view[:count])


def survey(folder: str) -> None:
    """Everything below it."""
    for name in os.listdir(folder or "/"):
        path = folder + "/" + name
        if not os.stat(path)[0] & FOLDER:
            print(json.dumps([path[1:], sha256(path)]))
        elif os.listdir(path):
            survey(path)
        else:
            print(json.dumps([path[1:] + "/", ""]))


survey("")
