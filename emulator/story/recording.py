"""What came in from outside during a served run: enough to have the same run again.

One line of JSON each: first what the pump was, then every arrival of bytes and every happening,
last the end. Wall time is nowhere in it; that is why a replay, however fast, gives the same
trace to the byte.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from emulator.rig import Rig
from emulator.trace import Sink
from protocol.wire import schema

_FORMAT = 1
_BYTES = "bytes"
_END = "end"


class RecordingError(Exception):
    """A recording that cannot be used, or that this firmware does not follow."""


class Recorder:
    """Writes the recording of one rig to an open text file.

    plant: the overrides that the rig was built with. The caller ends it and closes the file.
    """

    def __init__(self, file: TextIO, rig: Rig, plant: dict[str, float]) -> None:
        self._file = file
        self._rig = rig
        rig.on_stimulus = self._on_stimulus
        self._put(
            {
                "format": _FORMAT,
                "seed": rig.world.seed,
                "plant": plant,
                "schema_hash": schema.SCHEMA_HASH,
            }
        )

    def end(self) -> None:
        """The run is over, now."""
        self._put({"t_us": self._rig.now_us, "what": _END})
        self._file.flush()

    def _on_stimulus(self, t_us: int, what: str, value: Any) -> None:
        kept = value.hex() if what == _BYTES else value
        self._put({"t_us": t_us, "what": what, "value": kept})

    def _put(self, row: dict[str, Any]) -> None:
        self._file.write(json.dumps(row, separators=(",", ":")) + "\n")


def replay(path: Path, sinks: Sequence[Sink] = ()) -> Rig:
    """Have a recorded run again; its rig, at the end. Raises RecordingError.

    A pause of a World falls on a sleep of the pump's loop; running to the recorded instant
    pauses at the very same one, so each arrival meets the firmware in the same state.
    """
    head, rows = _read(path)
    rig = Rig(head["seed"], sinks, **head["plant"])
    for row in rows:
        rig.world.run_until(rig.world.start_us + row["t_us"])
        if rig.now_us != row["t_us"]:
            raise RecordingError(
                f"{path.name}: this firmware does not follow the recording at {row['t_us']} us"
            )
        if row["what"] == _BYTES:
            rig.send(bytes.fromhex(row["value"]))
        elif row["what"] != _END:
            rig.happen(row["what"], row["value"])
    rig.watch.end()
    return rig


def _read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    try:
        head, *rows = [json.loads(line) for line in path.read_text().splitlines()]
        if head["format"] != _FORMAT or rows[-1]["what"] != _END:
            raise ValueError("another format, or cut off before its end")
        if head["schema_hash"] != schema.SCHEMA_HASH:
            raise ValueError("recorded with another schema of the wire")
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise RecordingError(f"{path.name} is no recording: {error}") from None
    return head, rows
