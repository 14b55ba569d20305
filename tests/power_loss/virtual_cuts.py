"""Power cuts at random instants of a pump's life on the virtual Pico, a third of them in a write.

    python -m tests.power_loss.virtual_cuts T_US[+T_US]

runs that one cut again and says what is found; after a plus: the instant of a second cut, in the
start after the first. Instants count from power-on. The life is run once: the flash is kept as a
cut at this or that instant leaves it, and the pump started anew from each.
"""

import random
import sys
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

from emulator.bench.nor import ERASE, PAGE, Operation
from emulator.bench.pico import VirtualPico
from emulator.flash_damage import PARTS
from emulator.generator import Random
from firmware import keeper
from protocol.wire import schema
from tests.bench.copies import in_a_copy
from tests.bench.gated_pico import at_the_gate
from tests.power_loss import workloads
from tests.power_loss.board_ward import BoardWard

LIFE = (
    workloads.deliver,
    workloads.prescribe,
    workloads.stop_and_start,
    workloads.alarm,
    workloads.set_the_clock,
)
AT_ANY_TIME = "any"
SHARES = {AT_ANY_TIME: 2, ERASE: 1, PAGE: 1}  # of the cuts that are run
_GAP_US = 2_000_000  # from one instant to the next, on average
_START_GAP_US = 200_000
_RATE_NL_DAY_MAX = 1_200_000
_STALLED_STEPS = 3  # until the alarm stops them; nobody saw them
_SEED = 1


class Left(NamedTuple):
    """What a cut leaves. ident: for `main`. within: AT_ANY_TIME, ERASE or PAGE. system: the blocks
    of its files, packed.

    steps: that the plant had made. may: as in BoardWard. cuts: how many so far.
    """

    ident: str
    within: str
    system: bytes
    steps: int
    may: dict[str, list[Any]]
    cuts: int


class Camera:
    """Keeps what a cut would leave: at random instants, and once within each operation."""

    def __init__(self, ward: BoardWard, gap_us: int, before: Left | None = None) -> None:
        self.taken: list[Left] = []
        self._ward = ward
        self._gap_us = gap_us
        self._before = before
        self._random = random.Random(_SEED)
        ward.pico.nor.on_begun = self._on_operation
        self._wait()

    def _wait(self) -> None:
        t_us = self._ward.pico.now_us + self._random.randrange(1, 2 * self._gap_us)
        self._ward.pico.at(t_us, self._at_random)

    def _at_random(self, _: None) -> None:
        self._take(AT_ANY_TIME)
        self._wait()

    def _on_operation(self, operation: Operation) -> None:
        part = Random(operation.begun_us).below(PARTS)
        pico = self._ward.pico
        pico.at(pico.now_us + operation.us * part // PARTS, self._take, operation.what)

    def _take(self, within: str) -> None:
        pico, before = self._ward.pico, self._before
        ident = str(pico.now_us)
        self.taken.append(
            Left(
                ident if before is None else f"{before.ident}+{ident}",
                within,
                zlib.compress(pico.flash_after_cut(pico.now_us)[pico.kind.fs_start :], 1),
                self._ward.steps,
                {name: list(values) for name, values in self._ward.may.items()},
                1 if before is None else before.cuts + 1,
            )
        )


Choose = Callable[[list[Left]], list[Left]]


def life(pico: VirtualPico, choose: Choose) -> list[Left]:
    """What is left of the cuts that are chosen among all. In a copy: pico is at its gate."""
    ward = BoardWard(pico)
    ward.start()
    ward.bedside.commission()
    ward.may["treatment"] = [(ward.setup, None)]
    ward.prescribe((0, 800_000), (490, _RATE_NL_DAY_MAX))
    ward.ask(schema.START)
    ward.may["is_on"] = [True]
    ward.run(s=20)
    camera = Camera(ward, _GAP_US)
    for work in LIFE:
        work(ward)
    return choose(camera.taken)


def _back(pico: VirtualPico, left: Left) -> BoardWard:
    ward = BoardWard(pico, zlib.decompress(left.system), left.steps)
    ward.may = left.may
    return ward


def start_cut(pico: VirtualPico, left: Left, choose: Choose) -> list[Left]:
    """The start after a cut is cut too. In a copy."""
    ward = _back(pico, left)
    camera = Camera(ward, _START_GAP_US, left)
    ward.start()
    return choose(camera.taken)


def verdict(pico: VirtualPico, left: Left) -> list[str]:
    """What is wrong with a pump that starts from what is left; [] is right. In a copy."""
    ward = _back(pico, left)
    ward.start()
    return ward.wrong(left.cuts * keeper.block_steps(_RATE_NL_DAY_MAX) + _STALLED_STEPS)


def sample(count: int) -> Choose:
    """So many, by chance, in the shares of SHARES."""

    def choose(taken: list[Left]) -> list[Left]:
        draw = random.Random(_SEED)
        found = []
        for within, share in SHARES.items():
            these = [left for left in taken if left.within == within]
            found += draw.sample(these, min(len(these), count * share // sum(SHARES.values())))
        return found

    return choose


def cuts(pico: VirtualPico, count: int) -> list[Left]:
    """So many cuts: of five, four once, and one again in the start after it."""
    again = count // 5
    found = in_a_copy(life, pico, sample(count - again))
    return found + in_a_copy(start_cut, pico, found[-1], sample(again))


def run(pico: VirtualPico, left: Left) -> list[str]:
    """See verdict; whatever the pump does."""
    try:
        return in_a_copy(verdict, pico, left)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def main(ident: str) -> int:
    """Run one cut, or a pair, by its id."""

    def named(wanted: str) -> Choose:
        return lambda taken: [left for left in taken if left.ident == wanted]

    pico = at_the_gate()
    found = in_a_copy(life, pico, named(ident.partition("+")[0]))
    if "+" in ident and found:
        found = in_a_copy(start_cut, pico, found[0], named(ident))
    if not found:
        print(f"no cut {ident}")
        return 2
    wrong = run(pico, found[0])
    print("\n".join(wrong) or "as it should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
