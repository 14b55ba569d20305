"""Memory that runs out: the N-th allocating call of the firmware raises MemoryError, once.

What allocates is told by the file and the function: everything in the firmware and the wire but
the functions named in NO_ALLOCATION, which tests/parity/heap_lock.py runs with the heap locked.
"""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from emulator.bedside import Refused
from firmware import self_test
from firmware.guard import IS_SCHEDULE
from firmware.ledger import SINCE_REFILL
from firmware.monitor.time_base import TimeBase
from firmware.pins import SUPPLY
from firmware.upkeep import Upkeep
from protocol import names
from protocol.programmer.event_log import Event
from protocol.wire import codec, events, schema
from tests.fault.flips import Flipper
from tests.fault.log_entries import entries, newest, tells_a_shortage
from tests.pumps import Bed

SEGMENTS = ((0, 1_000_000), (720, 900_000))
OTHER = {"conc_mcg_ml": 2_000, "therapy": schema.CONTINUOUS, "dose_ng_day": 1_200_000}
SETUP = {
    "serial": "OITB-0002",
    "patient_label": "another",
    "drug": "baclofen",
    "conc_mcg_ml": 1_000,
    "reservoir_nl": 20_000_000,
    "catheter_um": 890_000,
    "catheter_nl_cm": 2_200,
    "dose_ng_day_limit": schema.DOSE_NG_DAY_MAX,
}
_REPEATS = 5
_FILES_WITHOUT = frozenset(
    ("alarm", "annunciator", "board", "care", "clock", "count", "delivery", "drive", "loop")
    + ("magnet", "state", "task", "rate", "heartbeat", "motion", "pressure", "reservoir")
)
NO_ALLOCATION = {
    "guard": "check check_totals check_step _check_again accept put take poll",
    "therapy": "rate_nl_day segment begin end_bolus halt abandon poll rebase _plan _forget_bolus "
    "next_change_s _segment_at _until",
    "boluses": "stop end",
    "ledger": "left book deliver_as share _share_step",
    "keeper": "poll log_written changed condition_changed block_ends reserve wall_changed "
    "checkpoint write _write_ledger rebase _plan _keep _keep_changed block_steps _next_block "
    "_complete _tell _try_again _first",
    "memory": "halves",
    "event_log": "note note_at rate_changed poll rebase _plan _fail",
    "session": "poll rebase _keep",
    "commands": "_changes",
    "frame": "in_frame drop",
    "time_base": "poll rebase _compare",
    "upkeep": "poll",
    "restore": "poll",
    "queue": "poll",  # py/scheduler.c: a place in a fixed queue
    "pump": "turn fault_stop _abandon _enter _set_state _deliver _reserve _still _hold "
    "_on_alarms _on_stalled _on_motion_trip _rate_nl_day",
}
_FREE = ("len", "isinstance", "sum")
ALLOCATES_ALL_THE_SAME = {("clock", "wall_s"), ("alarm", "mask")}


class Shortage:
    """Raises MemoryError at allocating call number `at` while it is installed; counts them."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0

    def __enter__(self) -> "Shortage":
        sys.setprofile(self._on_event)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    @property
    def came(self) -> bool:
        return self.count >= self.at

    def _on_event(self, frame: FrameType, event: str, argument: Any) -> None:
        if event not in ("call", "c_call") or getattr(argument, "__name__", "") in _FREE:
            return
        if not _allocates(frame) or not _in_the_pump(frame):
            return
        self.count += 1
        if self.count == self.at:
            raise MemoryError


def _allocates(frame: FrameType) -> bool:
    path = frame.f_code.co_filename
    if "/firmware/" not in path and "/protocol/wire/" not in path:
        return False
    file = path.rsplit("/", 1)[1][:-3]
    function = frame.f_code.co_name
    if (file, function) in ALLOCATES_ALL_THE_SAME:
        return True
    return file not in _FILES_WITHOUT and function not in NO_ALLOCATION.get(file, "").split()


def _in_the_pump(frame: FrameType) -> bool:
    """Not in the programmer, which runs the wire's files too."""
    above: FrameType | None = frame
    while above is not None and "/emulator/" not in above.f_code.co_filename:
        above = above.f_back
    return above is not None and above.f_code.co_filename.endswith("world.py")


def _asks(kind: int, **values: Any) -> Callable[[Bed], tuple[int, bytes]]:
    return lambda _bed: (kind, codec.encode(kind, values))


def _acknowledge(bed: Bed) -> tuple[int, bytes]:
    bed.pump.alarms.raise_alarm(schema.OCCLUSION, 60_000)
    bed.pump.alarms.clear(schema.OCCLUSION)
    return schema.ACKNOWLEDGE, codec.encode(schema.ACKNOWLEDGE, {"alarm": schema.OCCLUSION})


def _propose(_bed: Bed) -> tuple[int, bytes]:
    fields = {**OTHER, "segments": [{"start_min": 0, "rate_nl_day": 600_000}]}
    return schema.PROPOSE, codec.encode(schema.PROPOSE, fields)


def _confirm(bed: Bed) -> tuple[int, bytes]:
    kind, payload = _propose(bed)
    bed.programmer.counter += 1
    _, proposal = bed.programmer.exchange(kind, payload, bed.programmer.counter)
    return schema.CONFIRM, codec.encode(schema.CONFIRM, {"digest": proposal["digest"]})


def _refilled(bed: Bed) -> tuple[int, bytes]:
    bed.pump.magnet._window_until_ms = 1 << 28
    return schema.REFILLED, b""


def _stopped(kind: int, **values: Any) -> Callable[[Bed], tuple[int, bytes]]:
    def prepare(bed: Bed) -> tuple[int, bytes]:
        bed.programmer.ask(schema.STOP)
        bed.pump.magnet._window_until_ms = 1 << 28
        return kind, codec.encode(kind, values)

    return prepare


BOLUS = {"conc_mcg_ml": 2_000, "volume_nl": 5_000, "rate_nl_day": 4_000_000, "dose_ng": 10_000}


def _propose_bolus(bed: Bed) -> tuple[int, bytes]:
    """After the reset a clock that is set, and no alarm."""
    bed.programmer.ask(schema.SET_CLOCK, {"wall_s": 8 * 3_600})
    bed.programmer.ask(schema.ACKNOWLEDGE, {"alarm": schema.CLOCK_LOST})
    return schema.PROPOSE_BOLUS, codec.encode(schema.PROPOSE_BOLUS, BOLUS)


def _start_bolus(bed: Bed) -> tuple[int, bytes]:
    _propose_bolus(bed)
    proposal = bed.programmer.ask(schema.PROPOSE_BOLUS, BOLUS)
    return schema.START_BOLUS, codec.encode(schema.START_BOLUS, {"digest": proposal["digest"]})


def _cancel_bolus(bed: Bed) -> tuple[int, bytes]:
    _propose_bolus(bed)
    bed.programmer.bolus(BOLUS["volume_nl"], BOLUS["rate_nl_day"])
    return schema.CANCEL_BOLUS, b""


REQUESTS: dict[str, Callable[[Bed], tuple[int, bytes]]] = {
    "status": _asks(schema.STATUS),
    "alarms": _asks(schema.ALARMS),
    "totals": _asks(schema.TOTALS),
    "read back": _asks(schema.READ_BACK),
    "set clock": _asks(schema.SET_CLOCK, wall_s=20 * 3_600),
    "acknowledge": _acknowledge,
    "propose": _propose,
    "confirm": _confirm,
    "boluses": _asks(schema.BOLUSES),
    "propose bolus": _propose_bolus,
    "start bolus": _start_bolus,
    "cancel bolus": _cancel_bolus,
    "stop": _asks(schema.STOP),
    "start": _stopped(schema.START),
    "calibrate": _stopped(schema.CALIBRATE, steps=1_000, volume_nl=51_000),
    "setup": _stopped(schema.SETUP, **SETUP),
    "refilled": _refilled,
    "log": _asks(schema.LOG, first_event=1),
}


def condition(bed: Bed) -> tuple[Any, ...]:
    """What an order can change."""
    pump = bed.pump
    prescription = pump.therapy.prescription
    return (
        pump.state.state,
        pump.is_on,
        pump.step_pl,
        pump.therapy.rate_nl_day,
        pump.therapy.segment,
        pump.setup["patient_label"],
        pump.ledger.span_nl(SINCE_REFILL) > 0,
        prescription.digest("S") if prescription else b"",
        (pump.wall.wall_s(pump.clock.now_ms) - pump.clock.uptime_s()) // 60,
        pump.boluses.count,
        pump.boluses.is_under_way,
        tuple(pump.guard.rest[IS_SCHEDULE:]),
    )


class Trial:
    """One request, with memory that runs out at one allocating call on its way."""

    def __init__(self) -> None:
        self.flipper = Flipper(SEGMENTS)
        self.bed = self.flipper.bed

    def run(self, name: str, at: int) -> tuple[bool, str]:
        """(whether there is an allocating call of that number, what went wrong)."""
        bed = self.bed
        self.flipper.start_again()
        bed.run(s=5)
        bed.programmer.counter = 0
        bed.programmer.hello()
        kind, payload = REQUESTS[name](bed)
        before = condition(bed)
        told = newest(bed)
        with Shortage(at) as shortage:
            answer = self._ask(kind, payload)
        verdict = self._verdict(answer, before)
        if shortage.came and not any(map(tells_a_shortage, entries(bed, told))):
            verdict += " nothing in the log"
        return shortage.came, verdict

    def _ask(self, kind: int, payload: bytes) -> str:
        """OK, the name of the refusal, or "" where no answer comes."""
        programmer = self.bed.programmer
        programmer.counter += 1
        for _ in range(_REPEATS):
            try:
                answer, got = programmer.exchange(kind, payload, programmer.counter)
            except (TimeoutError, Refused):
                continue
            return str(got["name"]) if answer == schema.REFUSED else "OK"
        return ""

    def _verdict(self, answer: str, before: tuple[Any, ...]) -> str:
        bed = self.bed
        pump = bed.pump
        after = condition(bed)
        if pump.state.state == schema.FAULT:
            alarm = pump.alarms.table[schema.INVARIANT_BROKEN]
            safe = alarm.active and not bed.world.chip.outside.level(SUPPLY)
            reason = names.FAULTS[pump.state.fault_reason]
            return "" if safe and reason == "NO_MEMORY" else f"unsafe fault {reason}"
        if answer not in ("OK", "NO_MEMORY", "NOT_STORED"):
            return f"answer {answer!r}"
        if answer != "OK" and after != before:
            return f"{answer}, but {before} became {after}"
        steps = len(bed.steps)
        bed.run(s=30)
        if (pump.state.state == schema.RUNNING) != (len(bed.steps) > steps + 2):
            return f"{names.STATES[pump.state.state]}, {len(bed.steps) - steps} steps in 30 s"
        return ""


def campaign(name: str, first: int = 1, every: int = 1) -> tuple[int, list[tuple[int, str]]]:
    """(how many allocating calls failed, one at a time, those with a verdict)."""
    trial = Trial()
    failed = []
    count = 0
    at = first
    while True:
        came, verdict = trial.run(name, at)
        if verdict:
            failed.append((at, verdict))
        if not came:
            return count, failed
        count += 1
        at += every


class Start:
    """A pump whose therapy goes on after the power was off, if memory suffices."""

    def __init__(self) -> None:
        self._flipper = Flipper(SEGMENTS)

    def run(self, at: int) -> tuple[bool, str]:
        """(whether there is an allocating call of that number, what went wrong).

        A start that does not come to its end is begun anew by the watchdog.
        """
        bed = self._flipper.bed
        told = tells_a_shortage
        with Shortage(at) as shortage:
            try:
                self._flipper.start_again()
                bed.run(s=10)
            except MemoryError:
                told = _tells_a_watchdog_reset
        if bed.world.pump is None:
            if bed.world.chip.outside.level(SUPPLY):
                return True, "the motor supply is on"
            bed.steps.clear()
            bed.run(s=20)
        if _found_no_memory(bed):
            return shortage.came, "" if shortage.came else "no memory, where there was"
        if bed.state != schema.RUNNING or not bed.steps:
            return shortage.came, names.STATES[bed.state]
        if shortage.came and not any(told(one) or _tested_less(one) for one in entries(bed)):
            return True, "nothing in the log"
        return shortage.came, ""


def _found_no_memory(bed: Bed) -> bool:
    """Not one kilobyte for its self-test: therapy is held, with a critical alarm, and logged."""
    alarm = bed.pump.alarms.table[schema.SELF_TEST_FAILED]
    failed = 1 << schema.TEST_MEMORY
    return (
        bed.state == schema.HELD
        and alarm.active
        and alarm.value == failed
        and any((one.kind, one.a, one.b) == (events.SELF_TEST, failed, 0) for one in entries(bed))
    )


def _tested_less(one: Event) -> bool:
    """The self-test took it for the end of what is free."""
    return one.kind == events.SELF_TEST and one.b < self_test._PIECES_MAX


def _tells_a_watchdog_reset(one: Event) -> bool:
    return one.kind == events.BOOT and names.RESETS[one.a] == "WATCHDOG"


def in_the_background(at: int) -> tuple[bool, str]:
    """The hour comes: ledger, condition, log and the folders above are written, the guarded pairs
    looked at, and the clocks compared.
    """
    flipper = Flipper(SEGMENTS)
    bed = flipper.bed
    bed.programmer.goodbye()
    bed.run(minutes=3)
    pump = bed.pump
    for task in (pump.keeper, pump.log):
        task._hour_at_ms = 0
        task.due_ms = 0
    for task in pump.loop._tasks:
        if isinstance(task, (TimeBase, Upkeep)):
            task.due_ms = 0
    pump.keeper.condition_changed()
    steps = len(bed.steps)
    told = newest(bed)
    with Shortage(at) as shortage:
        bed.run(minutes=2)
    bed.run(minutes=1)
    if shortage.came and not any(map(tells_a_shortage, entries(bed, told))):
        return True, "nothing in the log"
    if pump.state.state != schema.RUNNING or len(bed.steps) < steps + 40:
        return shortage.came, f"{names.STATES[pump.state.state]}, {pump.error!r}"
    return shortage.came, ""
