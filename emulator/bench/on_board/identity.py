"""Run on a board by pump-board: what it is and what it has, as JSON."""

import gc
import json
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

gc.collect()
what: "Any" = sys.implementation
heap: "Any" = gc
disk = os.statvfs("/")
print(
    json.dumps(
        {
            "machine": what._machine,
            "micropython": ".".join([str(part) for part in what.version[:3]]),
            "mpy_version": what._mpy & 0xFF,
            "heap_free_bytes": heap.mem_free(),
            "disk_bytes": disk[0] * disk[2],
            "disk_free_bytes": disk[0] * disk[3],
        }
    )
)
