"""Runs on MicroPython: the heap that all files of the device take once they are imported.

In turns, so that a host that collects garbage only between calls (run_wasm.mjs) has collected it.
Prints bytes. `loop`: run the turns here.
"""

import gc
import sys

from emulator import inject

inject.install()
noted = {"turn": 0, "before": 0}


def turn() -> bool:
    """Note, import, note."""
    gc.collect()
    noted["turn"] += 1
    if noted["turn"] == 1:
        noted["before"] = gc.mem_alloc()
        return True
    if noted["turn"] == 2:
        return True
    print(gc.mem_alloc() - noted["before"])
    return False


if sys.argv[1:] == ["loop"]:
    while turn():
        pass
