"""The root of the board: starts the set of files in force, if all of it is what its manifest says.

Runs after boot.py, on the board only. It is meant never to change: what changes lies in the sets.

A set is a folder, /a or /b, with its manifest.json. It is sound when the folder holds the files
of the manifest and no other, each with the SHA-256 stated there. /slot names the set in force. If
that one is not sound the other one is started, and it says what is wrong; without a sound set
nothing is started, and it says so on USB and on the programmer's line until somebody comes.

Its modules lie in one file, with what reads it beside it: emulator/bench/program_file.py.
"""

import sys

sys.path.clear()  # so that no file beside the sets can stand for a module
sys.path.append(".frozen")

import binascii
import hashlib
import json
import os

import machine
import utime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = 0x4000  # of the mode that os.stat gives
COMPLAINT_MS = 5_000  # with silence between for longer than pump-board listens for a prompt


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


def files_below(folder: str) -> "list[str]":
    """All files, and empty folders with a "/" at the end: such a one can hide a module."""
    found = []
    for name in os.listdir(folder):
        path = folder + "/" + name
        if os.stat(path)[0] & FOLDER:
            found += files_below(path) or [path + "/"]
        else:
            found.append(path)
    return found


def check(root: str) -> "tuple[bytes, str]":
    """(SHA-256 of the manifest, version) of a sound set; else ValueError or OSError."""
    try:
        with open(root + "/manifest.json", "rb") as file:
            text = file.read()
        manifest = json.loads(text)
        files = manifest["files"]
        version = manifest["version"]
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError("no manifest that can be read")
    present = [path[len(root) + 1 :] for path in files_below(root)]
    for path in present:
        if path not in files and path != "manifest.json":
            raise ValueError(path + " does not belong to the set")
    for path in files:
        if path not in present:
            raise ValueError(path + " is missing")
        if sha256(root + "/" + path) != files[path]:
            raise ValueError(path + " is not the file of the manifest")
    return hashlib.sha256(text).digest(), version


def in_order() -> str:
    """The slots, the one in force first."""
    try:
        with open("/slot") as file:
            return "ba" if file.read(1) == "b" else "ab"
    except OSError:
        return "ab"


def choose() -> "tuple[str, bytes, str]":
    """(folder, SHA-256 of the manifest, words) of the set to be started; folder "": there is none.

    The words say what runs, and what is wrong.
    """
    wrong = ""
    for slot in in_order():
        root = "/" + slot
        try:
            digest, version = check(root)
        except (OSError, ValueError) as error:
            wrong += "%s is not sound: %s. " % (root, error)
            continue
        return root, digest, "%sOpenITB %s from %s" % (wrong, version, root)
    return "", b"", wrong + "Nothing is started: put a set on the board with pump-board flash."


def load(root: str) -> "Callable[[bytes], None]":
    """What starts the set."""
    sys.path.append(root)
    from unpack import Program  # type: ignore[import-not-found]  # of the set

    with Program(root):
        from firmware.main import run
    return run


def complain(words: str) -> None:
    """Say it for ever, to whoever listens. Ctrl-C on USB ends it."""
    line = machine.UART(0, baudrate=115_200)
    while True:
        print(words)
        line.write(words + "\r\n")
        utime.sleep_ms(COMPLAINT_MS)


root, digest, words = choose()
if root:
    print(words)
    try:
        load(root)(digest)
    except Exception as error:
        sys.print_exception(error)  # type: ignore[attr-defined]  # MicroPython's own
        complain("%s stopped: %r" % (words, error))
else:
    complain(words)
