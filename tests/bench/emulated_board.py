"""A World with the face of a board (HilBoard): quick, where the chip is not at issue."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from emulator.bench.hil_bridge import Measured
from emulator.world import World

_TURN_MS = 1


class EmulatedBoard:
    """Powered on. bridge: turned once a millisecond, as that of a board on a cable."""

    def __init__(self) -> None:
        self.world = World(start_us=0)
        outside = self.world.chip.outside
        self.watch = outside.listen
        self.level = outside.level
        self.drive = outside.drive
        self.read_from = outside.read_from
        self.adc = outside.adc
        self.uart_in = outside.uart_in
        self.uart_lost = 0
        self.at = self.world.at
        self.resets: list[tuple[int, str]] = []
        self.on_reset: Callable[[], None] = lambda: None
        self.on_uart: Callable[[int, int], None] = lambda _byte, _left_us: None
        self.usb = SimpleNamespace(on_data=None)
        self.bridge: Any = SimpleNamespace(on_turn=lambda: None, measured=Measured())
        outside.uart_out(self._on_answer)

    @property
    def now_us(self) -> int:
        return self.world.now_us

    def run_until_us(self, t_us: int) -> None:
        if self.world.pump is None:
            self.world.boot()
        while self.now_us < t_us:
            self.bridge.on_turn()
            self.world.run_until(min(t_us, self.now_us + _TURN_MS * 1_000))

    def run_for_ms(self, ms: float) -> None:
        self.run_until_us(self.now_us + round(ms * 1_000))

    def _on_answer(self, data: bytes, done_us: int) -> None:
        for byte in data:
            self.on_uart(byte, done_us)
