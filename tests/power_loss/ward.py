"""One pump on a flash, whose power fails; what is expected of it, and what is found.

The plant goes on from cut to cut, and its steps are counted from the pump's first one: the truth
that the ledger's bracket must hold.
"""

import struct
import zlib
from typing import Any, NamedTuple

from emulator.bedside import Bedside
from emulator.flash import Flash
from emulator.little_disk import DISK_2_1, LittleDisk
from emulator.plant.plant import Plant
from emulator.world import World
from firmware.ledger import SINCE_REFILL
from firmware.upkeep import Upkeep
from protocol.wire import events, schema
from tests.power_loss.expected import Expected, Known
from tests.started import has_started

BOOT_MS = 800  # until a start is over, from the reset; before its first step
LOG_FOLDER = "/pump/log"
_CHAIN_BYTES = 8
_NAME = 8  # hexadecimal digits
_SEGMENTS = 3  # of the log that are looked through
_STEP_NL = 50
_SLACK_NL = 2 * _STEP_NL  # a step under way at the refill, and a calibration of 50.01 nL


class Down(Exception):
    """The pump has lost its power."""


class Image(NamedTuple):
    """A flash, what the pump on it is known to be, the steps of its plant so far, and how often it
    has started and each alarm was raised."""

    content: Any
    steps: int
    known: Known
    counts: tuple[int, ...]


class _Watched:
    """A World that says so when its pump goes down."""

    def __init__(self, world: World) -> None:
        self.chip = world.chip
        self._world = world

    def run_for_ms(self, ms: int) -> None:
        self._world.run_for_ms(ms)
        if self._world.pump is None:
            raise Down()


class Ward(Expected):
    """A pump in a World."""

    def __init__(self, image: Image | None = None, disk_version: int = DISK_2_1) -> None:
        super().__init__(None if image is None else image.known)
        self.disk = LittleDisk(Flash(), disk_version)
        self.flash = self.disk.flash
        self._steps_before = 0
        self._counts_before = self._counted = (0,) * (1 + len(schema.ALARM_TABLE))
        if image is not None:
            self.flash.restore(image.content)
            self._steps_before = image.steps
            self._counts_before = image.counts
        self.world = World(disk=self.disk)
        self.plant = Plant(self.world)
        self.bedside = Bedside(_Watched(self.world))  # type: ignore[arg-type]

    @property
    def pump(self) -> Any:
        return self.world.pump

    @property
    def setup(self) -> Any:
        return self.pump.setup

    @property
    def upkeep(self) -> Any:
        return next(task for task in self.pump.loop._tasks if isinstance(task, Upkeep))

    @property
    def steps(self) -> int:
        """Steps that the plant has made forward in the pump's life."""
        return self._steps_before + int(self.plant.snapshot()["forward_steps"])

    @property
    def counts(self) -> tuple[int, ...]:
        """Starts, then how often each alarm was raised."""
        raised = [entry.count for entry in self.pump.alarms.table]
        return (self.pump.ledger.boots, *raised)

    def image(self) -> Image:
        """The flash as it is, with all that is certain now."""
        return Image(self.flash.snapshot(), self.steps, self.certain(), self._counted)

    def boot(self) -> None:
        """The first time. Raises Down where the power fails meanwhile."""
        self.world.boot()
        self.await_start()

    def run(self, s: float) -> None:
        """Let time pass, without a session. Raises Down."""
        if self.bedside.counter:
            self.bedside.goodbye()
            self.bedside.counter = 0
        self.world.run_for_ms(int(s * 1_000))
        self._look_up()

    def reboot(self) -> None:
        """The power is back. Raises Down where it fails again at once."""
        if self.world.pump is not None:
            self.world.power_cut()
        self.bolus_over()
        self.world.power_on()
        self.bedside.counter = 0
        self.await_start()

    def settled(self) -> None:
        """What is on the log's flash now must be there for ever, or have made room."""
        self.may["newest"] = [log_numbers(self.disk, ends_anyhow=True)[-1]]

    def wrong(self, alarmed: bool = False) -> list[str]:
        """What is not as it may be, on a pump that has just booted.

        alarmed: an alarm may say that the flash failed.
        """
        log = log_faults(self.disk, self.may["newest"][0], alarmed)
        wrong = self.wrong_therapy(alarmed) + self.wrong_ledger() + log
        return wrong if alarmed else wrong + self.wrong_counts()

    def wrong_therapy(self, alarmed: bool) -> list[str]:
        """The same, of what is delivered and what is told."""
        pump = self.pump
        prescribed = pump.therapy.prescription
        is_silent = pump.state.state == schema.HELD and not pump.alarms.holds_delivery()
        found = {
            "treatment": (pump.setup, prescribed and prescribed.fields),
            "step_pl": pump.step_pl,
            "is_on": pump.state.state in (schema.RUNNING, schema.HELD),
        }
        wrong = self.unlike(found) + self.untold(pump.alarms.mask(True), alarmed)
        boluses = {"count": pump.boluses.count, "boluses": pump.boluses.rows()}
        left_ms = pump.therapy.bolus_left_ms(pump.clock.now_ms)
        wrong += self.wrong_boluses(boluses, pump.boluses.is_under_way or left_ms > 0)
        if is_silent:
            wrong.append("held, and no alarm says why")
        if pump.error is not None:
            wrong.append(f"raised {pump.error!r}")
        return wrong

    def wrong_ledger(self) -> list[str]:
        """The same, of the bracket of what was delivered."""
        ledger = self.pump.ledger
        least = ledger.verified.value()
        most = least + ledger.unverified.value()
        wrong = []
        if not least <= self.steps <= most:
            wrong.append(f"ledger [{least}, {most}], plant {self.steps} steps")
        least_nl, most_nl = ledger.span_nl(SINCE_REFILL), ledger.span_possible_nl(SINCE_REFILL)
        since_nl = [(self.steps - at) * _STEP_NL for at in self.may["refilled"]]
        if not any(least_nl - _SLACK_NL <= nl <= most_nl + _SLACK_NL for nl in since_nl):
            wrong.append(f"since refill [{least_nl}, {most_nl}] nL, plant {since_nl}")
        return wrong

    def wrong_counts(self) -> list[str]:
        """The same, of what is counted: nothing is forgotten, and this start is one more."""
        boots, *raised = zip(self._counts_before, self.counts, strict=True)
        wrong = [] if boots[1] > boots[0] else [f"start {boots[1]} after start {boots[0]}"]
        for alarm, (before, now) in enumerate(raised):
            if now < before:
                wrong.append(
                    f"{schema.ALARM_TABLE[alarm][0]} raised {now} times, had been {before}"
                )
        return wrong

    def await_start(self) -> None:
        """Until it is over, which a slow flash takes longer for. Raises Down."""
        self.world.run_for_ms(BOOT_MS)
        self._look_up()
        while not has_started(self.pump):
            self.world.run_for_ms(BOOT_MS)
            self._look_up()

    def _look_up(self) -> None:
        if self.world.pump is None:
            raise Down()
        self._counted = self.counts


def log_faults(disk: LittleDisk, newest: int, ends_anyhow: bool = False) -> list[str]:
    """What is wrong with the log, in words: one unbroken run of sound records up to this one.

    ends_anyhow: there may be something else behind the run, which the pump leaves alone.
    """
    try:
        last = log_numbers(disk, ends_anyhow)[-1]
    except ValueError as error:
        return [str(error)]
    return [f"log ends at {last}, had {newest}"] if last < newest else []


def log_numbers(disk: LittleDisk, ends_anyhow: bool = False) -> list[int]:
    """The numbers of the records in the newest segments; [0] without any.

    ValueError where they are not one unbroken run. ends_anyhow: see log_faults.
    """
    numbers = [0]
    try:
        names = sorted(name for name in disk.listdir(LOG_FOLDER) if len(name) == _NAME)
    except OSError:
        return numbers
    for name in names[-_SEGMENTS:]:
        with disk.open(f"{LOG_FOLDER}/{name}", "rb") as file:
            data = file.read()
        for at in range(_CHAIN_BYTES, len(data), events.RECORD_BYTES):
            record = data[at : at + events.RECORD_BYTES]
            if len(record) < events.RECORD_BYTES or not _sound(record):
                if ends_anyhow:
                    break
                raise ValueError(f"a damaged record in segment {name}")
            number = struct.unpack_from("<I", record)[0]
            if number != numbers[-1] + 1 and len(numbers) > 1:
                raise ValueError(f"log record {number} after {numbers[-1]}")
            numbers.append(number)
    return numbers


def _sound(record: bytes) -> bool:
    return zlib.crc32(record[:-4]) == struct.unpack("<I", record[-4:])[0]
