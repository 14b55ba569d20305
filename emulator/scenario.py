"""Runs a scenario in virtual time: does what its file says, when it says so, and judges what came.

The clinician's actions go through the real programmer's client over the serial line; what
happens to the patient and the pump goes to the plant. The format: story/scenario_file.py,
docs/scenarios/README.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.rig import Rig
from emulator.story import happenings, verdict
from emulator.story.account import Account, account
from emulator.story.chronicle import Chronicle
from emulator.story.clinician import Clinician, Disagreement
from emulator.story.expectations import Check, span
from emulator.story.scenario_file import CLINICAL, Action, Scenario
from emulator.trace import Sink
from protocol.programmer.exchange import NoAnswer, Refused, WrongAnswer

_PORTIONS = 100  # in which progress is told


@dataclass(frozen=True)
class Verdict:
    """What came of a scenario."""

    scenario: Scenario
    checks: tuple[Check, ...]
    account: Account
    chronicle: Chronicle

    @property
    def holds(self) -> bool:
        """Whether every check does."""
        return all(check.holds for check in self.checks)

    def plain(self) -> dict[str, Any]:
        """For --json."""
        return {
            "title": self.scenario.title,
            "seed": self.scenario.seed,
            "holds": self.holds,
            "checks": [check._asdict() for check in self.checks],
            "account": self.account.plain(),
            "alarms": [vars(alarm) for alarm in self.chronicle.alarms],
        }


def run(
    scenario: Scenario,
    sinks: Sequence[Sink] = (),
    progress: Callable[[float], None] = lambda part: None,
    make_rig: Callable[..., Rig] = Rig,
) -> Verdict:
    """Run it from power-on to its end.

    sinks: told of all events. progress: told 0 .. 1 now and then. make_rig: Rig, or one with the
    pump on a board.
    """
    chronicle = Chronicle()
    rig = make_rig(scenario.seed, [chronicle, *sinks], **scenario.plant)
    clinician = Clinician(rig)
    done: list[Check] = []
    for action in scenario.actions:
        rig.announce(action.at_ms)
        _run_until(rig, action.at_ms, scenario.duration_ms, progress)
        done += _act(rig, clinician, action)
    rig.announce(scenario.duration_ms)
    _run_until(rig, scenario.duration_ms, scenario.duration_ms, progress)
    rig.end()
    progress(1.0)
    found = account(chronicle)
    checks = [
        *done,
        *(expected.judge(chronicle) for expected in scenario.expected),
        verdict.only_expected_alarms(chronicle, [one.welcomes() for one in scenario.expected]),
        *verdict.standing_checks(rig.world, chronicle, found),
    ]
    return Verdict(scenario, tuple(checks), found, chronicle)


def _run_until(rig: Rig, t_ms: int, duration_ms: int, progress: Callable[[float], None]) -> None:
    portion_ms = max(1, duration_ms // _PORTIONS)
    while rig.now_ms < t_ms:
        rig.run_until_ms(min(t_ms, rig.now_ms + portion_ms))
        progress(min(1.0, rig.now_ms / duration_ms))


def _act(rig: Rig, clinician: Clinician, action: Action) -> list[Check]:
    """Do one action. A check comes of it where it failed, or was to be refused."""
    if action.do in CLINICAL:
        return _visit(clinician, action)
    try:
        happenings.do(rig, action.do, action.values)
    except ValueError as error:  # the plant cannot do it
        return [_failed(action, str(error))]
    return []


def _visit(clinician: Clinician, action: Action) -> list[Check]:
    values = action.values
    calls: dict[str, Callable[[], None]] = {
        "setup": lambda: clinician.setup(values["file"]),
        "calibrate": lambda: clinician.calibrate(values["steps"], values["volume"]),
        "clock": lambda: clinician.set_clock(values["to"]),
        "program": lambda: clinician.program(values["file"]),
        "bolus": lambda: clinician.bolus(values["dose"], values["over"]),
        "cancel_bolus": clinician.cancel_bolus,
        "start": clinician.start,
        "stop": clinician.stop,
        "acknowledge": lambda: clinician.acknowledge(values["alarm"]),
    }
    found = "accepted"
    try:
        calls[action.do]()
    except Refused as refused:
        found = refused.name
    except (NoAnswer, WrongAnswer, Disagreement) as error:
        return [_failed(action, str(error))]
    wanted = action.refused or "accepted"
    if found == wanted == "accepted":
        return []
    return [Check(f"{action.do} at {span(action.at_ms)}: {wanted}", found, found == wanted)]


def _failed(action: Action, why: str) -> Check:
    return Check(f"{action.do} at {span(action.at_ms)} can be done", why, False)
