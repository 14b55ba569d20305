"""One pump's world: its clock, its event queue, its random numbers; runs the firmware in it.

Runs on CPython, PyPy and MicroPython. Virtual time moves only where the firmware waits: in a
sleep, or at a UART that is full or empty. The events due on the way are dispatched in order, and
time jumps from one to the next; nothing ticks idly.
"""

from emulator.cpu import Cpu, Interpreter
from emulator.generator import Random
from emulator.machine import Chip
from emulator.ram_disk import RamDisk, mount
from emulator.stops import BudgetError, ChipReset, OutsideError, Pause, PowerCut, ZenoError
from emulator.utime import Clock

START_US = (1 << 30) * 1000 - 5_000_000  # ticks_us and ticks_ms wrap together, 5 s later
BOOT_US = 300_000  # reset to main.py: assumed; the order of magnitude of a small program
NEVER_US = 1 << 62
ACTIVITY_MAX = 10_000  # events, or turns of the loop, at one instant: far above any real burst

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Optional, Tuple

    Event = Tuple[int, Callable[[Any], None], Any]
    Build = Callable[["World"], Tuple[Any, Any]]


class World:
    """Everything around one chip, and the firmware on it.

    seed: of `random`. start_us: the chip's time at the start, >= 0.
    event_budget: how many events may be asked for in all; None: any number. disk: a RamDisk, the
    default, or what has its methods (little_disk.py).

    now_us: absolute time; it never falls. zero_us: when the chip's own counter was zero, which a
    reset restarts. limit_us: a sleep that ends before it has only to move now_us.
    chip, clock, disk: what stands for the modules `machine`, `utime` and `uos`; disk.open for the
    built-in `open`. cpu: its interrupts.
    board, pump: the firmware; None while the chip is down.
    observer: None, or called at each entry of the loop's sleep, where the firmware is settled.
    resets: (t_us, cause) of each.
    log_errors: (t_us, where, exception) of each handler or callback that raised.
    """

    def __init__(
        self,
        seed: int = 1,
        start_us: int = START_US,
        event_budget: "Optional[int]" = None,
        disk: "Any" = None,
    ) -> None:
        self.seed = seed
        self.start_us = start_us
        self.now_us = start_us
        self.zero_us = 0
        self.limit_us = 0
        self.resets: "List[Tuple[int, int]]" = []
        self.log_errors: "List[Tuple[int, str, Exception]]" = []
        self.observer: "Optional[Callable[[], None]]" = None
        self.board: "Any" = None
        self.pump: "Any" = None
        self._build: "Build" = _build_pump
        # The next one last. Never empty: the first entry stands at the end of time. Short, since
        # the outside goes by closed forms: so a list that is walked through beats a heap.
        self._queue: "List[Event]" = [(NEVER_US, _at_the_end_of_time, None)]
        self._asked = 0
        self._instant_us = 0  # at which events were asked for at once, and how many
        self._at_once = 0
        self._event_budget = -1 if event_budget is None else event_budget
        self._stop_us = NEVER_US
        self._boot_us = NEVER_US
        self._running = False
        self.random = Random(seed)
        self.cpu = Cpu(self)
        self.chip = Chip(self)
        self.clock = Clock(self)
        self.disk: "Any" = RamDisk() if disk is None else disk
        self.disk.connect(self._hold_off)

    def at(self, t_us: int, fn: "Callable[[Any], None]", arg: "Any" = None) -> None:
        """Call ``fn(arg)`` at ``t_us``, in order of asking among equal times.

        ValueError before now_us. There is no cancelling: who may change his mind keeps a
        generation number and ignores the events of an earlier one.
        """
        if t_us <= self.now_us:
            self._check_instant(t_us)
        if self._asked == self._event_budget:
            raise BudgetError("event budget used up at %d us" % self.now_us)
        self._asked += 1
        queue = self._queue
        place = len(queue)
        while queue[place - 1][0] <= t_us:
            place -= 1
        queue.insert(place, (t_us, fn, arg))
        if t_us < self.limit_us:
            self.limit_us = t_us

    @property
    def seen_us(self) -> int:
        """When that was so which the observer sees: now, for the firmware is in this process."""
        return self.now_us

    @property
    def events(self) -> int:
        """How many events have been dispatched."""
        return self._asked + 1 - len(self._queue)

    def boot(self, cause: int = Chip.PWRON_RESET, build: "Optional[Build]" = None) -> None:
        """Start the firmware, now.

        build: what to start, here and after each reset: build(world) -> (board, pump), where
        pump has `turn()`. Without it: the Board and the Pump of firmware/.
        """
        if build is not None:
            self._build = build
        self._boot_us = NEVER_US
        if self._running:
            self._start(cause)
        else:
            self._run_turns(self._start, cause)

    def reset(self, cause: int) -> None:
        """Reset the chip: firmware, timers and interrupts are gone, pins float; boots in BOOT_US.

        From an event, or from the firmware, it ends the turn: it does not return.
        """
        if self._running:
            raise ChipReset(cause)
        self._reset(cause)

    def power_cut(self) -> None:
        """The power fails, now: the firmware is gone, pins float, the flash keeps what it holds.

        Time and plant go on; nothing boots before power_on. From an event, or from the firmware,
        it ends the turn: it does not return.
        """
        self.disk.power_off()
        if self._running:
            raise PowerCut()
        self._stop()

    def power_on(self) -> None:
        """The power is back: boots in BOOT_US. RuntimeError where it has not failed."""
        if self.pump is not None:
            raise RuntimeError("the power is on")
        self.disk.power_on()
        self._reset(self.chip.PWRON_RESET)

    def run_for_ms(self, ms: int) -> None:
        """Run for ``ms`` of virtual time; see run_until."""
        self.run_until(self.now_us + ms * 1000)

    def run_until(self, t_us: int) -> None:
        """Run to the first sleep of the loop at or after ``t_us``: up to a slice later.

        Many short runs give the same as one long run: the loop is left at the entry of a sleep,
        and since it keeps nothing on its stack, it comes to the same sleep when entered again.
        Raises what code outside the chip raised, ZenoError, BudgetError; a reset boots again.
        """
        if self._running:
            raise RuntimeError("this World is already running")
        self._stop_us = t_us
        self.limit_us = 0  # the first sleep finds it
        try:
            while self.now_us < t_us:
                self._run_turns(self._run, t_us)
        except Pause:
            pass
        finally:
            self._stop_us = NEVER_US

    def sleep_until(self, target_us: int) -> None:
        """clock.sleep_ms, when something happens on the way, or may."""
        cpu = self.cpu
        if not cpu.masked and not cpu.locked:  # else a callback sleeps, not the loop
            if self.observer is not None:
                self.observer()
            if self.now_us >= self._stop_us:
                raise Pause()
            if cpu.soft:
                cpu.run_soft()
        self.wait_until(target_us)

    def wait_until(self, target_us: int) -> None:
        """Dispatch the events due up to ``target_us``; it is then, or later, on return.

        While interrupts are masked the outside goes on, and what it sets off waits (cpu.py).
        """
        queue = self._queue
        soft = self.cpu.soft
        next_us = queue[-1][0]
        while next_us <= target_us:
            self.now_us = next_us
            _, fn, arg = queue.pop()
            try:
                fn(arg)
            except Exception as error:
                raise OutsideError(error)
            if soft:
                self.cpu.run_soft()
            next_us = queue[-1][0]
        if target_us > self.now_us:
            self.now_us = target_us
        if self.observer is not None or soft:
            self.limit_us = 0
        else:
            self.limit_us = next_us if next_us < self._stop_us else self._stop_us

    def next_event_us(self) -> int:
        """When the next event is due; NEVER_US without one."""
        return self._queue[-1][0]

    def _check_instant(self, t_us: int) -> None:
        """An event is asked for now, or too late. Without end it would hold time still."""
        if t_us < self.now_us:
            raise ValueError("event in the past")
        if t_us != self._instant_us:
            self._instant_us = t_us
            self._at_once = 0
        self._at_once += 1
        if self._at_once > ACTIVITY_MAX:
            raise ZenoError("events without end at %d us" % t_us)

    def _run_turns(self, act: "Callable[[int], None]", argument: int) -> None:
        """What the chip does, until it is reset or loses its power."""
        self._running = True
        try:
            act(argument)
        except ChipReset as reset:
            self._reset(reset.cause)
        except PowerCut:
            self._stop()
        except OutsideError as stop:
            raise stop.error
        finally:
            self._running = False

    def _start(self, cause: int) -> None:
        self.chip.outside.restart(cause)
        mount(self.disk)
        self.board, self.pump = self._build(self)

    def _run(self, t_us: int) -> None:
        if self.pump is None:
            self._run_without_firmware(t_us)
            return
        turn = self.pump.turn
        turns = 0
        while self.now_us < t_us:
            before_us = self.now_us
            turn()
            if self.now_us != before_us:
                turns = 0
                continue
            turns += 1
            if turns > ACTIVITY_MAX:
                raise ZenoError("the loop turns without sleeping at %d us" % before_us)

    def _run_without_firmware(self, t_us: int) -> None:
        self.wait_until(min(t_us, self._boot_us, self.next_event_us()))
        if self.now_us >= self._boot_us:
            self.boot(self.resets[-1][1])

    def _reset(self, cause: int) -> None:
        self._stop(cause)
        self.resets.append((self.now_us, cause))
        self.zero_us = self.now_us
        self._boot_us = self.now_us + BOOT_US

    def _stop(self, cause: int = Chip.PWRON_RESET) -> None:
        self.board = self.pump = None
        self._boot_us = NEVER_US
        self.chip.outside.restart(cause)

    def _hold_off(self, us: int) -> None:
        """The flash is at work for ``us``, and the CPU waits with its interrupts held off."""
        before = self.cpu.disable()
        self.wait_until(self.now_us + us)
        self.cpu.enable(before)


def _at_the_end_of_time(_: None) -> None:
    """Never comes."""


def _build_pump(world: World) -> "Tuple[Any, Any]":
    from emulator import inject

    inject.install()
    from firmware.board import Board
    from firmware.pump import Pump

    interpreter = Interpreter(world.cpu)
    board = Board(world.chip, world.clock, world.disk, world.disk.open, interpreter, world.disk)
    try:
        return board, Pump(board)
    except Exception:  # as firmware/main.py does
        board.supply(0)
        raise
