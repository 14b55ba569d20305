"""What can be seen of a board and of the pump's parts on it, and what cannot.

Each finding says what was looked at and what was seen. Nothing is called well that was not seen:
an output without feedback is "not seen", an input that nobody drives is "absent".
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic as _now_s
from typing import Any, NamedTuple

from emulator.bench import checkout, identity
from emulator.bench.boards.kind import SERVICE_GPIO, BoardKind
from emulator.bench.identity import Identity, StrangerError
from emulator.bench.survey import Survey
from emulator.bench.transport import Transport, script
from emulator.plant import constants

OK = "ok"
FAILED = "FAILED"
DIFFERS = "differs"
ABSENT = "absent"
NOT_SEEN = "not seen"

_CLOCK_MS = 2_000
_CLOCK_PART = 0.005  # the cable's milliseconds in two seconds; a crystal is off by 0.0001
_FLOATS_CODES = 1_000  # of 4096: the two pulls move an open input from end to end
_EDGES = 2  # of each channel in a step: one line of the encoder's disc passes


class Finding(NamedTuple):
    """part: what was looked at. verdict: one of the above. seen: in words."""

    part: str
    verdict: str
    seen: str


@dataclass(frozen=True)
class Patient:
    """The board to be examined. kind: whose pins it has. is_virtual: its time is its own."""

    board: Transport
    what: Identity
    kind: BoardKind
    is_virtual: bool


def of_board(patient: Patient) -> list[Finding]:
    """What it is, and what its image gives."""
    what = patient.what
    known = f" ({what.kind.name})" if what.kind else f", wired as {patient.kind.name}"
    free = f"{what.heap_free_bytes:,} bytes free before the pump starts"
    disk = f"{what.disk_bytes // 1024:,} kB, {what.disk_free_bytes // 1024:,} kB free"
    return [
        Finding("board", OK, what.machine + known),
        _image(patient),
        Finding("heap", OK, free),
        Finding("file system", OK, disk),
        _clock(patient),
    ]


def of_set(survey: Survey, kind: str) -> list[Finding]:
    """Which set runs, and whether it is this checkout's."""
    found = []
    for slot in survey.slots.values():
        if slot.manifest is None and slot.faults:
            found.append(Finding(f"slot {slot.name}", ABSENT, "; ".join(slot.faults)))
        elif slot.manifest is None:
            found.append(Finding(f"slot {slot.name}", DIFFERS, slot.unread))
        else:
            verdict = FAILED if slot.faults else OK
            seen = f"version {slot.manifest.version}, {slot.manifest.digest.hex()[:16]}"
            seen += "; ".join(["", *slot.faults]) or ", every file as in its manifest"
            found.append(Finding(f"slot {slot.name}", verdict, seen))
    runs = survey.starts
    if runs is None:
        return [*found, Finding("what starts", FAILED, "nothing: no set is sound")]
    found.append(Finding("what starts", OK, f"slot {runs.name}"))
    apart = checkout.differences(survey, kind)
    if apart:
        seen = f"{len(apart)} differences; `pump-board verify` lists them"
        return [*found, Finding("this checkout", DIFFERS, seen)]
    return [*found, Finding("this checkout", OK, "the same set")]


def of_parts(patient: Patient, may_step: bool) -> list[Finding]:
    """What answers on the pins. may_step: move the motor by one step forward."""
    call = f"\nreport({dict(patient.kind.pins)!r}, {SERVICE_GPIO}, {may_step})"
    seen: dict[str, Any] = json.loads(patient.board.execute(script("parts.py") + call))
    found = [_LOOKS[name](seen[name]) for name in _LOOKS]
    return [*found, *_UNSEEN]


def _image(patient: Patient) -> Finding:
    needed = checkout.manifest_for(patient.kind.name).mpy_version
    seen = f"MicroPython {patient.what.micropython}, compiled files of version {needed}"
    try:
        identity.check_image(patient.what, needed)
    except StrangerError as error:
        return Finding("image", FAILED, str(error))
    return Finding("image", OK, seen)


def _clock(patient: Patient) -> Finding:
    """The board's clock against this computer's."""
    if patient.is_virtual:
        return Finding("clock", NOT_SEEN, "a virtual board's time is not this computer's")
    read = "import utime\nprint(utime.ticks_us())"
    first_us, first_s = int(patient.board.execute(read)), _now_s()
    patient.board.execute(f"utime.sleep_ms({_CLOCK_MS})")
    last_us, last_s = int(patient.board.execute(read)), _now_s()
    board_s = ((last_us - first_us) & (1 << 30) - 1) / 1e6
    ratio = board_s / (last_s - first_s)
    verdict = OK if abs(ratio - 1) < _CLOCK_PART else FAILED
    return Finding("clock", verdict, f"{ratio:.4f} of this computer's, over {board_s:.1f} s")


def _driven(part: str, words: tuple[str, str]) -> Callable[[list[int]], Finding]:
    """An input that a sensor drives. words: what its levels 0 and 1 mean."""

    def look(levels: list[int]) -> Finding:
        if levels == [1, 0]:
            return Finding(part, ABSENT, "nothing drives the pin: it follows the pulls")
        if levels[0] != levels[1]:
            return Finding(part, FAILED, "changes by itself: noise, or a motor that turns")
        return Finding(part, OK, words[levels[0]])

    return look


def _magnet(levels: list[int]) -> Finding:
    if levels == [1, 0]:
        seen = "open: no magnet, or no switch; hold the magnet there and look again"
        return Finding("magnet switch", NOT_SEEN, seen)
    return _driven(
        "magnet switch", ("closed: the magnet is there", "held at 1, without a magnet")
    )(levels)


def _driver(levels: list[int]) -> Finding:
    if levels[1]:
        return Finding("motor driver", OK, "the pull-up of its EN answers")
    return Finding("motor driver", ABSENT, "no pull-up on EN: the driver would be on in a reset")


def _analogue(part: str, row: constants.SensorRow, unit: str, scale: float) -> Any:
    def look(codes: list[int]) -> Finding:
        if abs(codes[0] - codes[1]) > _FLOATS_CODES:
            return Finding(part, ABSENT, "nothing drives the converter: it follows the pulls")
        code = codes[1]
        if code in (0, constants.CODE_MAX):
            return Finding(part, FAILED, f"code {code}: at the end of its range")
        value = (row.zero + code * row.code) / scale
        return Finding(part, OK, f"{value:.2f} {unit} (code {code})")

    return look


def _loop(bytes_hex: list[str]) -> Finding:
    back, sent = bytes_hex
    if not back:
        seen = "nothing came back: join UART0's TX and RX to test it"
        return Finding("UART loop", NOT_SEEN, seen)
    if back == sent:
        return Finding("UART loop", OK, f"{len(sent) // 2} bytes came back as they were sent")
    return Finding("UART loop", FAILED, f"sent {sent}, back came {back}")


def _step(edges: list[int] | None) -> Finding:
    if edges is None:
        return Finding("motor turns", NOT_SEEN, "nobody asked for a step: --step")
    seen = f"{edges[0]} edges of A and {edges[1]} of B in one step"
    return Finding("motor turns", OK if edges == [_EDGES, _EDGES] else FAILED, seen)


def _service(levels: list[int]) -> Finding:
    closed = "at ground: USB stays up in a release" if levels[0] == 0 else "open"
    return Finding("service pin", OK, closed)


_LOOKS: dict[str, Callable[[Any], Finding]] = {
    "SERVICE": _service,
    "LINE": _loop,
    "ENC_A": _driven("encoder A", ("driven, at 0", "driven, at 1")),
    "ENC_B": _driven("encoder B", ("driven, at 0", "driven, at 1")),
    "MAGNET": _magnet,
    "EN": _driver,
    "PRESSURE": _analogue("pressure sensor", constants.PRESSURE_SENSOR, "kPa", 1e3),
    "LEVEL": _analogue("level sensor", constants.LEVEL_SENSOR, "mL", 1e6),
    "STEP": _step,
}
_UNSEEN = (
    Finding("supply cut-off", NOT_SEEN, "an output without feedback; it was kept off"),
    Finding("buzzer, LED", NOT_SEEN, "outputs without feedback: the pump's alarms use them"),
)
