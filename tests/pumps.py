"""Pumps for tests: a World with its plant and a bedside, and a look at every byte of its state."""

from array import array
from collections.abc import Callable
from typing import Any

from emulator.bedside import Bedside
from emulator.plant.plant import Plant
from emulator.world import START_US, World
from firmware.guard import EPOCH_TICKS
from firmware.pins import STEP
from protocol.wire import schema

NOT_STATE = ("Board", "Clock", "EventLog", "Files", "Loop", "Heartbeat")
OF_THE_LOG = "log_number"  # in the ledger, which carries it over a reset
OF_THE_LINE = ("due_ms", "_counter", "_request", "_answer", "_idle_at_ms", "_decoder", "awake")


class Bed:
    """One pump at one bed, booted, with a plant and a wire-level programmer."""

    def __init__(
        self,
        seed: int = 1,
        start_us: int = START_US,
        before: Callable[[World], None] = lambda _world: None,
        **plant: Any,
    ) -> None:
        self.world = World(seed=seed, start_us=start_us)
        before(self.world)
        self.plant = Plant(self.world, **plant)
        self.steps: list[int] = []
        self.programmer = Bedside(self.world)
        self._listen()
        self.world.boot()

    def _listen(self) -> None:
        def on_step(level: int) -> None:
            if level:
                self.steps.append(self.now_ms)

        self.world.chip.outside.listen(STEP, on_step)

    @property
    def pump(self) -> Any:
        return self.world.pump

    @property
    def state(self) -> int:
        return int(self.pump.state.state)

    @property
    def now_ms(self) -> int:
        """The chip's milliseconds, as its clock counts them."""
        return (self.world.now_us - self.world.zero_us) // 1000

    def run(self, *, hours: float = 0, minutes: float = 0, s: float = 0, ms: int = 0) -> None:
        self.world.run_for_ms(ms + int(s * 1000 + minutes * 60_000 + hours * 3_600_000))

    def ready(self, *segments: tuple[int, int], **setup: Any) -> None:
        """Commissioned, clock set, prescribed, not started."""
        self.programmer.commission(**setup)
        if segments:
            self.programmer.prescribe(list(segments), setup.get("conc_mcg_ml", 2_000))

    def running(self, *segments: tuple[int, int], **setup: Any) -> None:
        self.ready(*(segments or ((0, 1_000_000),)), **setup)
        self.programmer.start()

    def status(self) -> dict[str, Any]:
        return self.ask(schema.STATUS)

    def totals(self) -> dict[str, Any]:
        return self.ask(schema.TOTALS)

    def ask(self, kind: int, **values: Any) -> dict[str, Any]:
        """One request in a session of its own."""
        self.programmer.hello()
        return self.programmer.ask(kind, values)


def bytes_of_state(pump: Any) -> str:
    """Every attribute of every object of the firmware below the pump, but time and the line."""
    lines: list[str] = []
    seen: set[int] = set()

    def walk(path: str, value: Any) -> None:
        kind = type(value)
        if kind.__module__.startswith("firmware"):
            if id(value) in seen or kind.__name__ in NOT_STATE:
                return
            seen.add(id(value))
            for name in sorted(vars(value)):
                if name == OF_THE_LOG or (kind.__name__ == "Session" and name in OF_THE_LINE):
                    continue
                walk(f"{path}.{name}", vars(value)[name])
        elif kind is array:
            of_time = EPOCH_TICKS if path.endswith("guard.rest") else len(value)
            lines.append(f"{path} = {value[:of_time]} {value[of_time + 2 :]}")
        elif isinstance(value, (list, tuple)):
            for i, item in enumerate(value):
                walk(f"{path}[{i}]", item)
        elif isinstance(value, dict):
            for key in sorted(value, key=str):
                walk(f"{path}[{key}]", value[key])
        elif not callable(value):
            lines.append(f"{path} = {value!r}")

    walk("pump", pump)
    return "\n".join(lines)
