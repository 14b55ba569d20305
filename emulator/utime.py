"""Stands for the module `utime`: virtual time, as the rp2 port counts it.

ticks_* wrap at 2**30 (MICROPY_PY_TIME_TICKS_PERIOD, extmod/modtime.c) and start at 0 with each
reset of the chip. Only the names that the pump needs exist.
"""

from emulator.arguments import as_int

_TICKS_MASK = (1 << 30) - 1
_HALF_PERIOD = 1 << 29
_SPIN_US = 1_000  # mp_hal_delay_us (ports/rp2/mphalport.c) spins for what is not a whole ms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from emulator.world import World


class Clock:
    """The clock of one World's chip."""

    def __init__(self, world: "World") -> None:
        self._world = world

    def ticks_ms(self) -> int:
        """Milliseconds since reset, modulo 2**30."""
        world = self._world
        return (world.now_us - world.zero_us) // 1000 & _TICKS_MASK

    def ticks_us(self) -> int:
        """Microseconds since reset, modulo 2**30."""
        world = self._world
        return world.now_us - world.zero_us & _TICKS_MASK

    def ticks_diff(self, _end: int, _start: int) -> int:
        """Signed distance from ``_start`` to ``_end``, -2**29 .. 2**29 - 1."""
        return (_end - _start + _HALF_PERIOD & _TICKS_MASK) - _HALF_PERIOD

    def ticks_add(self, _ticks: int, _delta: int) -> int:
        """``_ticks`` moved by ``_delta``. OverflowError unless -2**29 < _delta < 2**29."""
        if not -_HALF_PERIOD < as_int(_delta) < _HALF_PERIOD:
            raise OverflowError("ticks interval overflow")
        return _ticks + _delta & _TICKS_MASK

    def sleep_ms(self, _ms: int) -> None:
        """Sleep; what falls due meanwhile happens. Below 0: return at once.

        Exact here. On the chip an interrupt may shorten it by up to 1 ms: mp_hal_delay_ms
        (ports/rp2/mphalport.c) then goes by whole ticks.
        """
        world = self._world
        if type(_ms) is not int:
            _ms = as_int(_ms)
        if _ms >= 0:
            target_us = world.now_us + _ms * 1000
            if target_us < world.limit_us:
                world.now_us = target_us
            else:
                world.sleep_until(target_us)

    def sleep_us(self, _us: int) -> None:
        """Wait; hard interrupts come through, soft callbacks only in the whole ms of it."""
        world = self._world
        if as_int(_us) <= 0:
            return
        end_us = world.now_us + _us
        if _us > _SPIN_US:
            world.wait_until(world.now_us + _us // 1000 * 1000)
        cpu = world.cpu
        cpu.locked += 1
        try:
            world.wait_until(end_us)
        finally:
            cpu.locked -= 1
        cpu.run_soft()
