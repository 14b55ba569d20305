"""What a person sees while a run goes on: lines of text, and below them one bar that moves.

The bar goes to stderr and only where that is a terminal: redirected output holds the text alone.
"""

import sys
from collections.abc import Sequence

from emulator.story.account import VOLUMES, Account
from emulator.story.chronicle import Chronicle
from emulator.story.expectations import Check
from emulator.story.timeline import Dial
from protocol.programmer.show import table

_WIDTH = 40
_CLEAR = "\r\033[K"


class Screen:
    """quiet: says nothing at all, for --json."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._has_bar = not quiet and sys.stderr.isatty()

    def say(self, text: str = "") -> None:
        """A line of text, above the bar."""
        if not self._quiet:
            self._wipe()
            print(text, flush=True)

    def progress(self, part: float, label: str = "") -> None:
        """Move the bar. part: 0 .. 1."""
        if self._has_bar:
            full = round(part * _WIDTH)
            bar = "#" * full + "." * (_WIDTH - full)
            sys.stderr.write(f"{_CLEAR}  [{bar}] {part:4.0%} {label}")
            sys.stderr.flush()

    def end_progress(self) -> None:
        """Take the bar away."""
        self._wipe()

    def _wipe(self) -> None:
        if self._has_bar:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()


def account_table(found: Account) -> str:
    """Doses and volumes, one line each; what is nothing and needs no saying is left out."""
    rows = [("", "dose", "volume")]
    for name, label in VOLUMES.items():
        if name in ("stored", "leaked", "returned") and abs(found.volume(name)) < 1:
            continue
        volume_ul = f"{found.volume(name) / 1_000:9.3f} uL"
        rows.append((label, f"{found.mcg(name):8.2f} mcg", volume_ul))
    return table(rows)


def alarm_table(chronicle: Chronicle) -> str:
    """Every alarm with its times."""
    if not chronicle.alarms:
        return "  no alarm"
    dial = Dial(chronicle)
    rows = [("alarm", "raised", "acknowledged", "condition gone")]
    rows += [
        (
            alarm.name,
            dial.clock(alarm.raised_ms),
            dial.clock(alarm.acknowledged_ms),
            dial.clock(alarm.cleared_ms),
        )
        for alarm in chronicle.alarms
    ]
    return table(rows)


def check_table(checks: Sequence[Check]) -> str:
    """Every check, with what was found."""
    return table([("ok" if one.holds else "FAILED", one.what, one.found) for one in checks])
