"""One pump on a virtual Pico, from a gate on (tests/bench/gated_pico.py), and what is found of it.

What the pump is, is asked over its line; what lies in its flash is read from there.
"""

from typing import Any

from emulator.bedside import Bedside
from emulator.bench.pico import VirtualPico
from emulator.bench.wiring import BoardWorld, as_world
from emulator.flash import BLOCK_BYTES, Flash
from emulator.little_disk import LittleDisk
from emulator.plant.plant import Plant
from protocol.wire import schema
from tests.bench.gated_pico import GATE
from tests.power_loss.expected import Expected, Known
from tests.power_loss.ward import log_faults, log_numbers

STARTED_MS = 1_500  # from the gate until the pump answers
FIRST_START_MS = 4_000  # the first time of all: its folders are made
SETTLES_MS = 100  # after a step, until it is booked
STEP_PL = schema.STEP_PL_NOMINAL
DAY_MS = 86_400_000
# After a start an alarm says that the clock stood still without power.
_EXPECTED_ALARMS = 1 << schema.CLOCK_LOST


class BoardWard(Expected):
    """system: the blocks of its files; None: a new pump's. steps: of its plant so far."""

    def __init__(self, pico: VirtualPico, system: bytes | None = None, steps: int = 0) -> None:
        super().__init__(None)
        self.pico = pico
        self._steps_before = steps
        self._starts_ms = FIRST_START_MS if system is None else STARTED_MS
        if system is not None:
            pico.put_flash(pico.flash[: pico.kind.fs_start] + system)
        world = as_world(BoardWorld(pico))
        self.plant = Plant(world, capacity_nl=40_000_000)
        self.bedside = Bedside(world)

    def start(self, ms: int = 0) -> None:
        """Power on, until the pump answers; or for so long."""
        self.pico.drive(GATE, 0)
        self.pico.run_for_ms(ms or self._starts_ms)

    @property
    def setup(self) -> Known:
        """As read from the pump, without the calibration."""
        found = self.ask(schema.READ_SETUP)
        del found["step_pl"]
        return found

    @property
    def steps(self) -> int:
        """Steps that the plant has made forward in the pump's life."""
        return self._steps_before + int(self.plant.snapshot()["forward_steps"])

    @property
    def disk(self) -> LittleDisk:
        """What lies in the flash now; another one each time."""
        return disk_of(self.pico.flash[self.pico.kind.fs_start :])

    def run(self, s: float) -> None:
        """Let time pass, without a session."""
        if self.bedside.counter:
            self.bedside.goodbye()
            self.bedside.counter = 0
        self.pico.run_for_ms(s * 1_000)

    def settled(self) -> None:
        """What is on the log's flash now must be there for ever, or have made room."""
        self.may["newest"] = [log_numbers(self.disk)[-1]]

    def wrong(self, hidden_max: int) -> list[str]:
        """What is not as it may be, on a pump that has just started; then it must go on.

        hidden_max: steps of which the ledger may not know whether they were made.
        """
        status = self.ask(schema.STATUS)
        running = status["state"] == schema.RUNNING
        prescribed = self._prescribed()
        found = {
            "treatment": (self.setup, prescribed),
            "is_on": running or status["state"] == schema.HELD,
        }
        waiting = status["alarms_waiting"]
        wrong = self.unlike(found) + self.untold(waiting, alarmed=False)
        told = self.ask(schema.BOLUSES)
        wrong += self.wrong_boluses(told, status["bolus_left_s"] > 0, hidden_max)
        if status["state"] == schema.HELD and not waiting & ~_EXPECTED_ALARMS:
            wrong.append("held without an alarm")
        wrong += self._wrong_ledger(hidden_max)
        wrong += log_faults(self.disk, self.may["newest"][0])
        return wrong + (self._wrong_delivery(prescribed, status["rate_nl_day"]) if running else [])

    def _wrong_delivery(self, prescribed: Known, rate_nl_day: int) -> list[str]:
        """It must go on as prescribed, and no bolus with it."""
        if rate_nl_day not in [one["rate_nl_day"] for one in prescribed["segments"]]:
            return [f"runs at {rate_nl_day} nL/day"]
        steps = self.steps
        self.run(s=1.2 * DAY_MS * STEP_PL / rate_nl_day / 1e6)
        made = self.steps - steps
        return [] if 1 <= made <= 2 else [f"runs and makes {made} steps where 1 is due"]

    def _prescribed(self) -> Known:
        found = self.ask(schema.READ_BACK)
        del found["digest"]
        return found

    def _wrong_ledger(self, hidden_max: int) -> list[str]:
        before = self.steps
        self.pico.run_for_ms(SETTLES_MS)
        totals: dict[str, Any] = self.ask(schema.TOTALS)
        least, hidden = totals["verified_steps"], totals["unverified_steps"]
        wrong = self.unlike({"step_pl": totals["step_pl"]})
        if not (least <= self.steps and before <= least + hidden):
            wrong.append(f"ledger [{least}, {least + hidden}], plant {before} steps")
        if hidden > hidden_max:
            wrong.append(f"{hidden} steps that may have been made, {hidden_max} at most")
        return wrong


def disk_of(system: bytes) -> LittleDisk:
    """The disk whose blocks these are, mounted."""
    starts = range(0, len(system), BLOCK_BYTES)
    disk = LittleDisk(Flash(len(starts)))
    blocks = tuple(system[start : start + BLOCK_BYTES] for start in starts)
    disk.flash.restore((blocks, {}, (0,) * len(starts)))
    disk.mount()
    return disk
