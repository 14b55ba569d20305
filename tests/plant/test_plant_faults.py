"""Faults as data: what the plant can do, it does; everything else is refused."""

from itertools import product

import pytest

from emulator.plant import faults
from emulator.plant.faults import FAULTS, Fault, FaultRefused
from emulator.world import World
from tests.plant.hands import MakePlant

PAIRS = [(fault.component, fault.kind) for fault in FAULTS]
COMPONENTS = ["catheter", "motor", "encoder", "pressure", "level", "reservoir", "battery", "chip"]
KINDS = [
    "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent",
    "kink", "leak", "stall", "slip", "runaway", "empty", "",
]  # fmt: skip


@pytest.mark.parametrize(
    ("component", "kind"), [pair for pair in product(COMPONENTS, KINDS) if pair not in PAIRS]
)
def test_a_pair_that_the_plant_cannot_do_is_refused(
    make_plant: MakePlant, component: str, kind: str
) -> None:
    plant, _ = make_plant()
    before = plant.snapshot()
    with pytest.raises(FaultRefused, match="it can do: catheter kink, catheter leak, motor stall"):
        faults.apply(plant, component, kind, 1.0)
    assert plant.snapshot() == before


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.component} {fault.kind}")
def test_every_fault_of_the_table_can_be_put_on_and_ended(
    world: World, make_plant: MakePlant, fault: Fault
) -> None:
    plant, hands = make_plant()
    hands.power()
    hands.step(20)
    healthy = plant.snapshot()
    faults.apply(plant, fault.component, fault.kind, fault.amount_max)
    hands.step(20)
    faulty = plant.snapshot()
    moved = faulty["tip_nl"] - healthy["tip_nl"]
    assert not 900 < moved < 1_100, "the fault makes no difference"
    faults.apply(plant, fault.component, fault.kind, 0)
    world.run_for_ms(2_000)
    ended = plant.snapshot()
    hands.step(20)
    world.run_for_ms(2_000)
    assert plant.snapshot()["tip_nl"] - ended["tip_nl"] == pytest.approx(1_000, rel=0.01)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: f"{fault.component} {fault.kind}")
@pytest.mark.parametrize("factor", [-0.1, 1.01, float("nan")])
def test_an_amount_out_of_range_is_refused_and_changes_nothing(
    make_plant: MakePlant, fault: Fault, factor: float
) -> None:
    plant, _ = make_plant()
    before = plant.snapshot()
    with pytest.raises(FaultRefused, match=r"possible are 0 \.\. "):
        faults.apply(plant, fault.component, fault.kind, fault.amount_max * factor)
    assert plant.snapshot() == before


def test_half_a_stall_is_refused(make_plant: MakePlant) -> None:
    plant, _ = make_plant()
    with pytest.raises(FaultRefused, match="possible are 0 and 1"):
        faults.apply(plant, "motor", "stall", 0.5)
    assert not plant.motor.stalled


@pytest.mark.parametrize(
    ("first", "second"), [(("stall", 1), ("runaway", 10)), (("runaway", 10), ("stall", 1))]
)
def test_faults_that_contradict_each_other_are_refused(
    make_plant: MakePlant, first: tuple[str, float], second: tuple[str, float]
) -> None:
    plant, _ = make_plant()
    faults.apply(plant, "motor", *first)
    with pytest.raises(FaultRefused, match="run"):
        faults.apply(plant, "motor", *second)
    faults.apply(plant, "motor", first[0], 0)
    faults.apply(plant, "motor", *second)
