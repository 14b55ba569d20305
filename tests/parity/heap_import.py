"""Runs on MicroPython: the heap that all files of the device take once they are imported.

Of the compiled modules, as a board's program holds them, where they come first in the path.

In turns, so that a host that collects garbage only between calls (run_wasm.mjs) has collected it.
Prints bytes, and how many modules were imported. `loop`: run the turns here.
"""

import gc
import os
import sys

from emulator import inject

ROOMS = ("firmware", "firmware.monitor", "protocol.wire")

inject.install()
noted = {"turn": 0, "before": 0, "modules": 0}


def loaded():
    """How many modules of the device are in memory."""
    return len([name for name in sys.modules if name.startswith(("firmware", "protocol.wire"))])


def import_all():
    """Every file of the device, and of the packages that hold them."""
    for room in ROOMS:
        __import__(room)
        for file in sorted(os.listdir(sys.modules[room].__path__)):
            name = file.split(".")[0]
            if file.endswith((".py", ".mpy")) and name != "__init__":
                __import__(room + "." + name)


def turn():
    """Note, import, note."""
    gc.collect()
    noted["turn"] += 1
    if noted["turn"] == 1:
        noted["before"] = gc.mem_alloc()
        noted["modules"] = loaded()
        return True
    if noted["turn"] == 2:
        import_all()
        return True
    print(gc.mem_alloc() - noted["before"], loaded() - noted["modules"])
    return False


if sys.argv[1:] == ["loop"]:
    while turn():
        pass
