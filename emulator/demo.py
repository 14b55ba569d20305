"""The main job, to be watched: a pump is programmed, runs for a day, is blocked, alarms, and
goes on.

The pump is served on a pseudo-terminal. The programmer is the real one, a process of its own
that knows nothing but the name of a serial port. Its visits run at the pace of the wall clock,
the day in between at full speed. No number shown is made here: prescribed comes from the
confirmed messages, commanded and verified from the firmware's ledger, delivered from the
plant's.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.rig import Rig
from emulator.serve import Server
from emulator.story import verdict
from emulator.story.account import Account, account
from emulator.story.chronicle import Chronicle
from emulator.story.expectations import Check
from emulator.story.ports import PtyPort
from emulator.story.screen import Screen
from emulator.story.timeline import Dial, measured
from emulator.trace import Sink
from protocol.programmer import prescription

ROOT = Path(__file__).parents[1]
PRESCRIPTION = ROOT / "docs" / "examples" / "demo.toml"
_CLOCK = "2026-01-01 08:00"  # any day; the morning visit
_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
_KINK_MS = 14 * _HOUR_MS  # time of day
_RELEASE_MS = 17 * _HOUR_MS
_CARER_MS = 15 * 60_000  # between the alarm and somebody who acknowledges it
_PORTION_MS = 300_000
_RESUME_MS_MAX = 60_000  # pressure is looked at every 10 s while held, and has to be low twice
_LET_GO_NL = (10_000, 14_000)  # 0.24 uL/kPa from the spinal fluid's pressure to 50 kPa: 11.7 uL


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    checks: tuple[Check, ...]
    account: Account
    chronicle: Chronicle
    sources: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the story was the one that it should be."""
        return all(check.holds for check in self.checks)

    def plain(self) -> dict[str, Any]:
        """For --json."""
        return {
            "holds": self.holds,
            "checks": [check._asdict() for check in self.checks],
            "account": self.account.plain(),
            "alarms": [vars(alarm) for alarm in self.chronicle.alarms],
        }


def play(file: Path, seed: int, screen: Screen, sinks: Sequence[Sink] = ()) -> Outcome:
    """The whole story with the prescription in `file`. Raises FileError, PortError."""
    return _Demo(file, seed, screen, sinks).play()


class _Demo:
    def __init__(self, file: Path, seed: int, screen: Screen, sinks: Sequence[Sink]) -> None:
        self._program = prescription.read(file).program
        self._file = file
        self._say = screen.say
        self._screen = screen
        self._chronicle = Chronicle()
        self._rig = Rig(seed, [self._chronicle, *sinks])
        self._port = PtyPort()
        self._server = Server(self._rig, self._port, tell=screen.say)
        self._start_ms = 0
        self._calls: list[Check] = []
        self._journal = tempfile.TemporaryDirectory()  # a demo leaves no change of ours open

    def play(self) -> Outcome:
        sources = tuple(_sources(self._file))
        try:
            self._visit_in_the_morning(sources)
            self._day()
            totals = self._totals()
        finally:
            self._port.close()
        self._rig.watch.end()
        found = account(self._chronicle, self._start_ms + _DAY_MS)
        checks = (*self._calls, *self._judge(found, totals))
        return Outcome(checks, found, self._chronicle, sources)

    def _visit_in_the_morning(self, sources: tuple[str, ...]) -> None:
        self._say(f"A virtual pump listens on {self._port.name}, blank as after each reset.")
        self._say("Somebody holds a magnet to it for three seconds: it may be set up now.\n")
        self._rig.hold_magnet()
        self._call("setup", str(self._file), "--yes")
        self._call("clock", "--set", _CLOCK, "--yes")
        for source in sources:
            self._say(f"  Source: {source}")
        self._call("program", str(self._file), "--yes")
        self._call("start", "--yes")
        self._start_ms = self._chronicle.orders.started_ms or self._rig.now_ms

    def _day(self) -> None:
        """From the start of therapy, 24 hours at full speed."""
        self._run_until(self._at(_KINK_MS))
        self._tell("the catheter kinks: nothing passes any more. The pump does not know it yet.")
        self._rig.happen("kink", 1.0)
        release_ms = self._at(_RELEASE_MS)
        self._run_until(release_ms - _CARER_MS, until_alarm=True)
        for alarm in self._chronicle.alarms:
            self._tell(f"alarm {alarm.name} at {measured(alarm)}: delivery is held.")
        self._run_until(self._rig.now_ms + _CARER_MS)
        self._tell("somebody has come and acknowledges. The catheter is still blocked.")
        self._call("acknowledge", "OCCLUSION", exit_code=1)
        self._run_until(release_ms)
        self._rig.happen("release")
        let_go_ul = self._chronicle.happenings[-1][2] / 1_000
        self._tell(f"the kink opens: {let_go_ul:.1f} uL that it stored are let go at once.")
        self._run_until(release_ms + _RESUME_MS_MAX)
        state = self._chronicle.states[-1][1]
        self._tell(f"the pump is {state}, by itself; what was missed is not caught up.")
        self._run_until(self._start_ms + _DAY_MS)
        self._rig.watch.look()
        self._screen.end_progress()

    def _totals(self) -> dict[str, Any]:
        self._tell("the clinician reads the pump's own totals.")
        return self._call("--json", "totals")

    def _at(self, day_ms: int) -> int:
        """The next time at which the pump's clock shows this."""
        now_ms = self._rig.now_ms
        return now_ms + (day_ms - self._chronicle.orders.day_ms(now_ms)) % _DAY_MS

    def _tell(self, what: str) -> None:
        clock = Dial(self._chronicle).moment(self._rig.now_ms + 500).strftime("%H:%M:%S")
        self._say(f"{clock}  {what}")

    def _run_until(self, t_ms: int, until_alarm: bool = False) -> None:
        while self._rig.now_ms < t_ms and not (until_alarm and self._chronicle.alarms):
            portion_ms = 1_000 if until_alarm else _PORTION_MS
            self._rig.run_until_ms(min(t_ms, self._rig.now_ms + portion_ms))
            part = (self._rig.now_ms - self._start_ms) / _DAY_MS
            clock = Dial(self._chronicle).clock(self._rig.now_ms)[:5]
            self._screen.progress(min(1.0, part), clock)

    def _call(self, *words: str, exit_code: int = 0) -> dict[str, Any]:
        """Run the programmer while the pump is served; what it said, with --json as an object."""
        shown = " ".join(Path(word).name if "/" in word else word for word in words)
        self._say(f"$ pump-programmer --port {self._port.name} {shown}")
        command = [sys.executable, "-m", "protocol.programmer.cli", "--port", self._port.name]
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", ""))))
        with subprocess.Popen(
            [*command, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": path,
                "COLUMNS": "100",
                "PUMP_JOURNAL": self._journal.name,
            },
        ) as programmer:
            self._server.run(lambda: programmer.poll() is None)
            said = programmer.stdout.read() if programmer.stdout else ""
        as_json = "--json" in words
        if not as_json:
            self._say("".join(f"    {line}\n" for line in said.splitlines()))
        done = programmer.returncode == exit_code
        found = f"exit code {programmer.returncode}" + ("" if done else f": {said.strip()}")
        self._calls.append(Check(f"pump-programmer {shown}: exit code {exit_code}", found, done))
        return dict(json.loads(said)["result"]) if as_json and done else {}

    def _judge(self, found: Account, totals: dict[str, Any]) -> list[Check]:
        """Whether the day was the one that was told."""
        chronicle = self._chronicle
        held = chronicle.stretches("HELD")
        kinked_ms = self._when("kink")
        released_ms = self._when("release")
        raised = [alarm.raised_ms for alarm in chronicle.raised("OCCLUSION")]
        low_nl, high_nl = _LET_GO_NL
        verified = totals.get("verified_steps", -1)
        ahead = verified - found.verified_steps
        whole = self._program.total_nl_day
        return [
            _check("prescribed = the file's own sum, exactly", found.prescribed == whole,
                   f"{float(found.prescribed):,.3f} and {float(whole):,.3f} nL"),
            _check("one OCCLUSION, between kink and release",
                   len(raised) == 1 and kinked_ms < raised[0] < released_ms,
                   f"{len(raised)} raised"),
            _check("held from the alarm on, resumed by itself within a minute of the release",
                   len(held) == 1 and [held[0][0]] == raised
                   and released_ms < held[0][1] <= released_ms + _RESUME_MS_MAX,
                   f"{len(held)} time(s) held"),
            _check(f"stored volume let go: {low_nl / 1_000:g} to {high_nl / 1_000:g} uL",
                   low_nl <= found.let_go <= high_nl, f"{found.let_go / 1_000:.2f} uL"),
            _check("the totals that the clinician reads = verified steps, within one",
                   0 <= ahead <= 1, f"{verified:,} and {found.verified_steps:,}"),
            verdict.only_expected_alarms(chronicle, ["OCCLUSION"]),
            *verdict.standing_checks(self._rig.world, chronicle, found),
        ]  # fmt: skip

    def _when(self, happening: str) -> int:
        return next(t_ms for t_ms, what, _ in self._chronicle.happenings if what == happening)


def _check(what: str, holds: bool, found: str) -> Check:
    return Check(what, found, holds)


def _sources(file: Path) -> list[str]:
    """What a prescription file says about where it is from:

    Its comments that begin with Source.
    """
    mark = "# Source: "
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line[len(mark) :] for line in lines if line.startswith(mark)]
