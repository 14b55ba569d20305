"""What the CPU lets through: hard interrupt handlers at once, soft callbacks by a queue of eight.

A hard handler runs to its end before another one starts: all interrupts of the port have one
priority. One that comes meanwhile, or while interrupts are disabled, waits; a source waits only
once, so its edges merge. Soft callbacks run at the next check of the interpreter, never inside a
handler or another soft callback; one that finds the queue full is dropped without a word.

Sources, in MicroPython: shared/runtime/mpirq.c, py/scheduler.c, ports/rp2/mpconfigport.h.
"""

import sys

SCHEDULER_DEPTH = 8  # MICROPY_SCHEDULER_DEPTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, List, Protocol, Tuple

    from emulator.world import World

    class Source(Protocol):
        """An interrupt source that was held back."""

        def _serve_late(self) -> None: ...


class Cpu:
    """Interrupts of one chip.

    masked: above 0 while a hard handler runs, or interrupts are disabled.
    locked: above 0 while the scheduler is: in a soft callback, or while the CPU spins.
    soft: callbacks queued. dropped: how many found the queue full.
    waiting: sources held back.
    on_held: called with the start of a time during which interrupts were held off.
    """

    def __init__(self, world: "World") -> None:
        self._world = world
        self.masked = 0
        self.locked = 0
        self.dropped = 0
        self.soft: "List[Tuple[Callable[[Any], None], Any]]" = []
        self.waiting: "List[Source]" = []
        self.on_held: "Callable[[int], None]" = _nobody
        self._disabled = 0
        self._disabled_us = 0

    def reset(self) -> None:
        """Nothing masked, nothing waiting."""
        self.masked = self.locked = self._disabled = 0
        self.soft.clear()
        self.waiting.clear()

    def run_hard(self, handler: "Callable[[Any], None]", source: "Any") -> bool:
        """Run a hard handler. False when it raised: its source must not call it again."""
        since_us = self._world.now_us
        survived = True
        self.masked += 1
        try:
            handler(source)
        except Exception as error:
            self._report("hard interrupt handler", error)
            survived = False
        finally:
            self.masked -= 1
        if self._world.now_us != since_us:
            self.on_held(since_us)
        if self.waiting:
            self.serve_waiting()
        return survived

    def hold(self, source: "Source") -> None:
        """An interrupt came while masked: serve it when that is over."""
        if source not in self.waiting:
            self.waiting.append(source)

    def serve_waiting(self) -> None:
        """Interrupts may come again: serve what was held back, in the order in which it came."""
        while self.waiting and not self.masked:
            self.waiting.pop(0)._serve_late()

    def schedule(self, callback: "Callable[[Any], None]", argument: "Any") -> None:
        """Queue a soft callback, or drop it."""
        if len(self.soft) >= SCHEDULER_DEPTH:
            self.dropped += 1
            return
        self.soft.append((callback, argument))
        self._world.limit_us = 0  # the next sleep must look at the queue

    def run_soft(self) -> None:
        """Run the queued callbacks, where the scheduler is free. One that raises is reported."""
        while self.soft and not self.locked and not self.masked:
            callback, argument = self.soft.pop(0)
            self.locked = 1
            try:
                callback(argument)
            except Exception as error:
                self._report("soft callback", error)
            finally:
                self.locked = 0

    def disable(self) -> int:
        """Mask all interrupts. Returns what `enable` wants: 1 where they were masked already."""
        before = self._disabled
        if not before:
            self._disabled = 1
            self._disabled_us = self._world.now_us
            self.masked += 1
        return before

    def enable(self, state: int) -> None:
        """Back to ``state``; what was held back runs now."""
        if state or not self._disabled:
            return
        self._disabled = 0
        self.masked -= 1
        if self._world.now_us != self._disabled_us:
            self.on_held(self._disabled_us)
        self.serve_waiting()

    def _report(self, where: str, error: Exception) -> None:
        self._world.log_errors.append((self._world.now_us, where, error))
        sys.stderr.write("Uncaught exception in %s\n" % where)
        print_exception = getattr(sys, "print_exception", None)  # MicroPython's own
        if print_exception is None:
            import traceback

            print_exception = traceback.print_exception
        print_exception(error)


class Interpreter:
    """Stands for `micropython`, as far as the firmware asks something of it while it runs."""

    def __init__(self, cpu: "Cpu") -> None:
        self._cpu = cpu

    def schedule(self, _function: "Callable[[Any], None]", _arg: "Any") -> None:
        """Queue a soft callback. RuntimeError where there is no room."""
        if len(self._cpu.soft) >= SCHEDULER_DEPTH:
            raise RuntimeError("schedule queue full")
        self._cpu.schedule(_function, _arg)


def _nobody(_since_us: int) -> None:
    """Stands where nobody cares how long interrupts were held off."""
