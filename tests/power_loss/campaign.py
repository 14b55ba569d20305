"""Power cuts, one after the other: every operation of a workload on an image, in every way.

    python -m tests.power_loss.campaign WORKLOAD/IMAGE/OPERATION/KIND/AMOUNT

runs that one cut again and says what is found; two cuts are joined by a plus.
"""

import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from protocol.wire import schema
from tests.power_loss.images import aged
from tests.power_loss.ward import Down, Ward
from tests.power_loss.workloads import WORKLOADS, go_on

# (kind, amount): see emulator/flash.py. A cut out of order needs something to be lost: so many
# operations before it, since the last sync.
VARIANTS = (
    ("before", 0),
    ("torn", 1),
    ("torn", 90),
    ("torn", 170),
    ("torn", 255),
    ("weak", 1),
    ("wavering", 2),
    ("out of order", 1),
    ("out of order", 2),
    ("out of order", 3),
    ("after", 0),
)
VARIANTS_OF_PAIRS = (("before", 0), ("torn", 90), ("torn", 255), ("weak", 1), ("after", 0))


_LATER = {"weak": 3, "wavering": 2}  # starts that are looked at after the first one


class Cut(NamedTuple):
    """The power fails at this operation, counted from when it was on, in this way."""

    operation: int
    kind: str
    amount: int

    def __str__(self) -> str:
        return f"{self.operation}/{self.kind.replace(' ', '_')}/{self.amount}"


def case_id(workload: str, image: int, cuts: tuple[Cut, ...]) -> str:
    """What `main` runs again."""
    return f"{workload}/{image}/" + "+".join(map(str, cuts))


@cache
def operations(workload: str, image: int) -> tuple[int, list[int]]:
    """Flash operations of a workload when no power fails, counted from power-on: the first one,
    and for each how many there were before it since the last sync."""
    ward = Ward(aged(image))
    flash = ward.flash
    spend_us = flash.spend_us
    unsynced: list[int] = []

    def watch(us: int) -> None:
        if flash.operations > len(unsynced):  # and not a page that is programmed once more
            unsynced.append(flash.unsynced)
        spend_us(us)

    flash.spend_us = watch
    ward.boot()
    first = 0 if workload == "boot" else flash.operations
    WORKLOADS[workload](ward)
    assert len(unsynced) == flash.operations
    return first, unsynced


def cuts_of(workload: str, image: int) -> Iterator[Cut]:
    """All single cuts."""
    first, unsynced = operations(workload, image)
    for operation in range(first, len(unsynced)):
        for kind, amount in VARIANTS:
            if kind != "out of order" or amount <= unsynced[operation]:
                yield Cut(operation, kind, amount)


def run(workload: str, image: int, cuts: tuple[Cut, ...]) -> list[str]:
    """What is wrong after these cuts, one after the other: [] is as it should be.

    After the last one the pump must be as it may be, go on, and still be so after more starts.
    """
    ward = Ward(aged(image))
    ward.flash.cut(*cuts[0])
    try:
        ward.boot()
        WORKLOADS[workload](ward)
    except Down:
        pass
    if not ward.flash.dead:
        return ["the power did not fail: no such operation"]
    alarmed = any(cut.kind == "wavering" for cut in cuts)  # bits that read two ways in a write
    try:
        for cut in cuts[1:]:
            restart(ward, cut)
        ward.reboot()
        wrong = ward.wrong(alarmed)
        if alarmed:
            goes_by = treatment(ward)
            ward.reboot()
            if treatment(ward) != goes_by:
                wrong.append("another treatment after the next start")
        steps = ward.steps
        go_on(ward)
        if ward.pump.state.state == schema.RUNNING and ward.steps == steps:
            wrong.append("runs, and makes no step")
        for _ in range(_LATER.get(cuts[-1].kind, 1)):
            ward.reboot()
            wrong += [f"later: {what}" for what in ward.wrong(alarmed)]
    except Exception as error:
        return [f"{type(error).__name__}: {error}"]
    return wrong


def treatment(ward: Ward) -> tuple[Any, ...]:
    """What the pump goes by, which somebody may have read from it."""
    told = ward.pump.therapy.prescription
    return ward.pump.setup, told and told.fields, ward.pump.is_on, ward.pump.step_pl


def restart(ward: Ward, cut: Cut) -> None:
    """Power on, and off again at that operation."""
    ward.world.power_on()
    ward.flash.cut(*cut)
    ward.world.run_for_ms(2_000)


def recovery_operations(workload: str, image: int, cut: Cut) -> int:
    """Flash operations of the start after this cut."""
    ward = Ward(aged(image))
    ward.flash.cut(*cut)
    try:
        ward.boot()
        WORKLOADS[workload](ward)
    except Down:
        pass
    before = ward.flash.operations
    ward.reboot()
    return ward.flash.operations - before


def pairs_of(workload: str, image: int) -> Iterator[tuple[Cut, Cut]]:
    """A cut, and another one at each operation of the start after it."""
    first, unsynced = operations(workload, image)
    for operation in range(first, len(unsynced)):
        for kind, amount in VARIANTS_OF_PAIRS:
            cut = Cut(operation, kind, amount)
            for again in range(recovery_operations(workload, image, cut)):
                for other_kind, other_amount in VARIANTS_OF_PAIRS:
                    yield cut, Cut(again, other_kind, other_amount)


def main(ident: str) -> int:
    """Run one cut, or a pair, by its id."""
    workload, image, cuts = ident.split("/", 2)
    parsed = []
    for part in cuts.split("+"):
        operation, kind, amount = part.split("/")
        parsed.append(Cut(int(operation), kind.replace("_", " "), int(amount)))
    wrong = run(workload, int(image), tuple(parsed))
    print("\n".join(wrong) or "as it should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
