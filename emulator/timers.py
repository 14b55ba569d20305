"""Timers and watchdog of the emulated chip. Stands for machine.Timer and machine.WDT of rp2.

Sources: ports/rp2/machine_timer.c (hard callbacks: pull request 17363, since 1.26) on the alarm
pool of the pico-sdk (src/common/pico_time/time.c); extmod/machine_wdt.c, ports/rp2/machine_wdt.c.
"""

from emulator.arguments import as_int
from emulator.stops import ChipReset

PWRON_RESET = 1  # RP2_RESET_PWRON, ports/rp2/modmachine.c
WDT_RESET = 3  # RP2_RESET_WDT: after machine.reset() too
_TIMEOUT_MS_MAX = 8_388  # WDT_TIMEOUT_MAX of the RP2040
_ALARMS_MAX = 16  # PICO_TIME_DEFAULT_ALARM_POOL_MAX_TIMERS
_ENOMEM = 12
_WORD_MAX = 0x7FFF_FFFF

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, Optional, Set

    from emulator.world import World


class AlarmPool:
    """The running timers of one chip, at most 16."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.running: "Set[Timer]" = set()

    def reset(self) -> None:
        """All timers die."""
        for timer in list(self.running):
            timer.deinit()


class Timer:
    """Calls back once, or again and again.

    Hard: in the interrupt; a callback that raises has ended its timer, until the next init.
    Soft, the default: through the scheduler's queue, which drops what does not fit.
    """

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, pool: AlarmPool) -> None:
        self._pool = pool
        self._world = pool.world
        self._cpu = pool.world.cpu
        self._on_alarm_ref = self._on_alarm
        self._callback: "Optional[Callable[[Timer], None]]" = None
        self._hard = False
        self._mode = self.PERIODIC
        self._delta_us = 0
        self._target_us = 0
        self._generation = 0  # of the alarm: those of an earlier init are ignored
        self._late = False  # due, but interrupts are masked

    def init(
        self,
        *,
        mode: int = PERIODIC,
        period: int = -1,
        tick_hz: int = 1000,
        freq: "Optional[int]" = None,
        callback: "Optional[Callable[[Timer], None]]" = None,
        hard: bool = False,
    ) -> None:
        """Start, or start anew. period: in ticks of ``tick_hz``, or give freq in Hz.

        Less than 1 us counts as 1 us. ValueError for a negative period, or none: the chip would
        take it for one without end. OSError(ENOMEM) while 16 other timers run.
        """
        if type(period) is not int or period > _WORD_MAX:
            period = as_int(period)
        if freq is not None:
            period, tick_hz = 1, as_int(freq)
        if mode not in (0, 1) or period < 0 or tick_hz <= 0:
            raise ValueError("invalid mode, period or frequency")
        running = self._pool.running
        if self not in running:
            if len(running) >= _ALARMS_MAX:
                raise OSError(_ENOMEM)
            running.add(self)
        self._mode = mode
        self._delta_us = period * 1_000_000 // tick_hz or 1
        self._callback = callback
        self._hard = bool(hard)
        self._late = False
        self._generation += 1
        self._target_us = self._world.now_us + self._delta_us
        self._world.at(self._target_us, self._on_alarm_ref, self._generation)

    def deinit(self) -> None:
        """Stop."""
        self._generation += 1
        self._late = False
        self._pool.running.discard(self)

    def _on_alarm(self, generation: int) -> None:
        if generation != self._generation:
            return
        if self._cpu.masked:
            self._late = True
            self._cpu.hold(self)
            return
        self._serve()

    def _serve(self) -> None:
        generation = self._generation
        callback = self._callback
        survived = True
        if callback is not None:
            if self._hard:
                survived = self._cpu.run_hard(callback, self)
            else:
                self._cpu.schedule(callback, self)
        if generation != self._generation:
            return  # the callback stopped it, or started it anew
        if self._mode == self.ONE_SHOT or not survived:
            self._pool.running.discard(self)
            return
        # From the target, not from now: the alarm pool makes up for alarms that came late.
        self._target_us += self._delta_us
        now_us = self._world.now_us
        due_us = self._target_us if self._target_us > now_us else now_us
        self._world.at(due_us, self._on_alarm_ref, generation)

    def _serve_late(self) -> None:
        if self._late:
            self._late = False
            self._serve()


class TimerType:
    """chip.Timer: makes timers, and holds the constants."""

    ONE_SHOT = Timer.ONE_SHOT
    PERIODIC = Timer.PERIODIC

    def __init__(self, pool: AlarmPool) -> None:
        self._pool = pool

    def __call__(self, _id: int) -> Timer:
        """A new timer, stopped. _id: -1, the port has no other."""
        if as_int(_id) != -1:
            raise ValueError("Timer doesn't exist")
        return Timer(self._pool)


class Watchdog:
    """Resets the chip when it is not fed in time. Only a reset stops it."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._on_deadline_ref = self._on_deadline
        self._timeout_us = 0
        self._deadline_us = 0
        self._generation = 0

    def start(self, timeout_ms: int) -> None:
        """Start, or start anew with another timeout."""
        self._timeout_us = timeout_ms * 1000
        self.feed()
        self._generation += 1
        self._world.at(self._deadline_us, self._on_deadline_ref, self._generation)

    def feed(self) -> None:
        """Not yet."""
        self._deadline_us = self._world.now_us + self._timeout_us

    def stop(self) -> None:
        """The chip was reset."""
        self._generation += 1

    def _on_deadline(self, generation: int) -> None:
        """If it was fed meanwhile, look again at the new deadline: feeding costs no event."""
        if generation != self._generation:
            return
        if self._world.now_us >= self._deadline_us:
            raise ChipReset(WDT_RESET)
        self._world.at(self._deadline_us, self._on_deadline_ref, generation)


class WDT:
    """The watchdog, as the firmware sees it."""

    def __init__(self, watchdog: Watchdog) -> None:
        self.feed = watchdog.feed


class WDTType:
    """chip.WDT: the one watchdog of the chip."""

    def __init__(self, watchdog: Watchdog) -> None:
        self._watchdog = watchdog

    def __call__(self, *, timeout: int = 5000) -> WDT:
        """Start it, or start it anew. timeout: 1 .. 8_388 ms."""
        if not 1 <= as_int(timeout) <= _TIMEOUT_MS_MAX:
            raise ValueError("timeout exceeds %d" % _TIMEOUT_MS_MAX)
        self._watchdog.start(timeout)
        return WDT(self._watchdog)
