"""Power cuts at random instants of a pump's life on the virtual Pico, a half of them in a write.

    python -m tests.power_loss.virtual_cuts T_US[+T_US]

runs that one cut again and says what is found; after a plus: the instant of a second cut, in the
start after the first. Instants count from power-on. The life is run once: the flash is kept as a
cut at this or that instant leaves it, and the pump started anew from each.
"""

import random
import sys
import zlib
from collections.abc import Callable, Iterator
from itertools import cycle
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
from tests.power_loss.given import Given


def deliver(ward: BoardWard) -> None:
    """Reservations of the ledger: one in 43 s."""
    ward.run(s=60)


LIFE = (
    deliver,
    workloads.stop_and_start,
    workloads.alarm,
    workloads.prescribe,
    workloads.bolus,  # the last: what it has reserved stays
)
IN_A_BOLUS = "in a bolus"  # which may have been asked for only
AFTER_IT = "after a bolus"
AT_ANY_TIME = "any"
_TURNS = (AT_ANY_TIME, ERASE, AT_ANY_TIME, PAGE)  # of the cuts that are run
_GAP_US = 1_000_000  # from one instant to the next, on average
_START_GAP_US = 200_000
_RATE_NL_DAY_MAX = 1_200_000  # of the prescriptions
_STALLED_STEPS = 3  # until the alarm stops them; nobody saw them
_SEED = 1


class Left(NamedTuple):
    """What a cut leaves. ident: for `main`. doing: the work of LIFE that it falls in, IN_A_BOLUS
    or AFTER_IT. within: AT_ANY_TIME, ERASE or PAGE. system: the blocks of its files, packed.

    steps: that the plant had made. may, given: as in BoardWard. cuts: how many so far.
    """

    ident: str
    doing: str
    within: str
    system: bytes
    steps: int
    may: dict[str, list[Any]]
    given: Given | None
    cuts: int

    @property
    def hidden_max(self) -> int:
        """Steps that the ledger may not know of after a restart: what its newest record reserved.

        That record may be of any rate so far, and a bolus comes last. The start after a cut ends
        the bolus, so that another cut in it adds what is reserved for the prescription alone.
        """
        fastest_nl_day = _RATE_NL_DAY_MAX if self.given is None else self.given.total_nl_day
        again = (self.cuts - 1) * keeper.block_steps(_RATE_NL_DAY_MAX)
        return keeper.block_steps(fastest_nl_day) + again + _STALLED_STEPS


class Camera:
    """Keeps what a cut would leave. doing: the work of LIFE. before: the cut before, if any."""

    def __init__(self, ward: BoardWard, before: Left | None = None) -> None:
        self.taken: list[Left] = []
        self.doing = "" if before is None else before.doing
        self._ward = ward
        self._before = before
        self._packed = (-1, b"")  # after so many operations

    def at(self, t_us: int) -> None:
        """At this instant; not where it is over."""
        if t_us > self._ward.pico.now_us:
            self._ward.pico.at(t_us, self._take, AT_ANY_TIME)

    def by_chance(self, gap_us: int) -> None:
        """At random instants, so far apart on average, and once within each operation."""
        draw = random.Random(_SEED)
        pico = self._ward.pico

        def wait() -> None:
            pico.at(pico.now_us + draw.randrange(1, 2 * gap_us), take)

        def take(_: None) -> None:
            self._take(AT_ANY_TIME)
            wait()

        pico.nor.on_begun = self._on_operation
        wait()

    def _on_operation(self, operation: Operation) -> None:
        part = Random(operation.begun_us).below(PARTS)
        into_us = max(1, operation.us * part // PARTS)  # else its id is of the instant before
        self._ward.pico.at(operation.begun_us + into_us, self._take, operation.what)

    def _take(self, within: str) -> None:
        ward, before = self._ward, self._before
        ident = str(ward.pico.now_us)
        self.taken.append(
            Left(
                ident if before is None else f"{before.ident}+{ident}",
                self._doing(),
                within,
                self._system(),
                ward.steps,
                {name: list(values) for name, values in ward.may.items()},
                ward.given,
                1 if before is None else before.cuts + 1,
            )
        )

    def _doing(self) -> str:
        given = self._ward.given
        if given is None or self._before is not None:
            return self.doing
        return IN_A_BOLUS if given.ended is None else AFTER_IT

    def _system(self) -> bytes:
        """Packed once for all instants between two operations."""
        pico = self._ward.pico
        operations = pico.nor.operations
        idle = not operations or operations[-1].begun_us + operations[-1].us <= pico.now_us
        if idle and self._packed[0] == len(operations):
            return self._packed[1]
        packed = zlib.compress(pico.flash_after_cut(pico.now_us)[pico.kind.fs_start :], 1)
        self._packed = (len(operations) if idle else -1, packed)
        return packed


Choose = Callable[[list[Left]], list[Left]]


def life(pico: VirtualPico, choose: Choose, at_us: int | None = None) -> list[Left]:
    """What is left of the cuts that are chosen among all. In a copy: pico is at its gate.

    at_us: of a cut at this instant alone.
    """
    ward = BoardWard(pico)
    ward.start()
    ward.bedside.commission()
    ward.may["treatment"] = [(ward.setup, None)]
    ward.prescribe((0, 800_000), (490, _RATE_NL_DAY_MAX))
    ward.ask(schema.START)
    ward.may["is_on"] = [True]
    ward.run(s=20)
    camera = Camera(ward)
    if at_us is None:
        camera.by_chance(_GAP_US)
    else:
        camera.at(at_us)
    for work in LIFE:
        camera.doing = work.__name__
        work(ward)
        if at_us is not None and camera.taken:
            break
    return choose(camera.taken)


def _back(pico: VirtualPico, left: Left) -> BoardWard:
    ward = BoardWard(pico, zlib.decompress(left.system), left.steps)
    ward.may = left.may
    ward.given = left.given
    ward.bolus_over()
    return ward


def start_cut(
    pico: VirtualPico, left: Left, choose: Choose, at_us: int | None = None
) -> list[Left]:
    """The start after a cut is cut too. In a copy. at_us: as for `life`."""
    ward = _back(pico, left)
    camera = Camera(ward, left)
    if at_us is None:
        camera.by_chance(_START_GAP_US)
    else:
        camera.at(at_us)
    ward.start()
    return choose(camera.taken)


def verdict(pico: VirtualPico, left: Left) -> list[str]:
    """What is wrong with a pump that starts from what is left; [] is right. In a copy."""
    ward = _back(pico, left)
    ward.start()
    return ward.wrong(left.hidden_max)


def sample(count: int) -> Choose:
    """So many, by chance: in the turns of _TURNS, and of each kind from each work in turn."""

    def choose(taken: list[Left]) -> list[Left]:
        draw = random.Random(_SEED)
        kinds = {
            within: _in_turn([left for left in taken if left.within == within], draw)
            for within in _TURNS
        }
        turns = cycle(_TURNS)
        found: list[Left] = []
        while len(found) < min(count, len(taken)):
            left = next(kinds[next(turns)], None)
            if left is not None:
                found.append(left)
        return found

    return choose


def _in_turn(taken: list[Left], draw: random.Random) -> Iterator[Left]:
    """One of each work after the other, the latest work first."""
    works: dict[str, list[Left]] = {left.doing: [] for left in reversed(taken)}
    for left in draw.sample(taken, len(taken)):
        works[left.doing].append(left)
    while any(works.values()):
        for of_a_work in works.values():
            if of_a_work:
                yield of_a_work.pop()


def cuts(pico: VirtualPico, count: int) -> list[Left]:
    """So many cuts: of five, four once, and one again in the start after one in a bolus."""
    again = count // 5
    found = in_a_copy(life, pico, sample(count - again))
    first = next(left for left in found if left.doing == IN_A_BOLUS)
    return found + in_a_copy(start_cut, pico, first, sample(again))


def run(pico: VirtualPico, left: Left) -> list[str]:
    """See verdict; whatever the pump does."""
    try:
        return in_a_copy(verdict, pico, left)
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]


def cut_of(pico: VirtualPico, ident: str) -> Left | None:
    """One cut, or a pair, by its id; None where there is no such instant."""
    first, _, second = ident.partition("+")
    found = in_a_copy(life, pico, list, int(first))
    if found and second:
        found = in_a_copy(start_cut, pico, found[0], list, int(second))
    return found[0] if found else None


def main(ident: str) -> int:
    """Run one cut, or a pair, by its id."""
    pico = at_the_gate()
    left = cut_of(pico, ident)
    if left is None:
        print(f"no cut {ident}")
        return 2
    wrong = run(pico, left)
    print("\n".join(wrong) or "as it should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
