"""The one file that all modules of a set lie in, as on_board/unpack.py reads it.

    a line of JSON      [place, size] of each module by path, null for each folder; "/" before all
    the modules         one after the other; places count from the end of the line

Equal modules give equal bytes.
"""

import json
from collections.abc import Mapping

NAME = "program"
READER = "unpack.mpy"  # lies beside it


def packed(modules: Mapping[str, bytes]) -> bytes:
    """The file. modules: content by path, as "firmware/alarm.mpy"."""
    places: dict[str, list[int] | None] = {}
    place = 0
    for path, content in sorted(modules.items()):
        parts = path.split("/")
        places.update({"/" + "/".join(parts[:depth]): None for depth in range(1, len(parts))})
        places["/" + path] = [place, len(content)]
        place += len(content)
    line = json.dumps(places, separators=(",", ":")).encode() + b"\n"
    return line + b"".join(content for _, content in sorted(modules.items()))
