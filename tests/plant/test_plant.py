"""The plant on the pins of an emulated chip."""

from itertools import pairwise

import pytest

from emulator.plant import constants
from emulator.plant.ledger import ConservationError
from emulator.plant.plant import Plant
from emulator.world import World
from tests.plant.hands import MakePlant


def test_a_step_moves_50_nl_and_answers_with_two_edges_within_10_ms(
    world: World, make_plant: MakePlant
) -> None:
    plant, hands = make_plant()
    hands.power()
    start_us = world.now_us
    hands.step()
    assert plant.snapshot()["forward_steps"] == 1
    assert plant.snapshot()["head_nl"] == pytest.approx(50.0, rel=1e-4)
    assert [(a, b) for _, a, b in hands.edges] == [(1, 0), (0, 1)]
    assert all(0 < t_us - start_us <= 10_000 for t_us, _, _ in hands.edges)


def test_a_step_backward_swaps_b(make_plant: MakePlant) -> None:
    plant, hands = make_plant()
    hands.direction.value(0)
    hands.power()
    hands.step(3)
    assert [(a, b) for _, a, b in hands.edges] == [(1, 1), (0, 0)] * 3
    assert plant.snapshot()["backward_steps"] == 3
    assert plant.snapshot()["head_nl"] == pytest.approx(-150.0, rel=1e-4)


@pytest.mark.parametrize("missing", ["enable", "supply"])
def test_without_enable_or_supply_nothing_moves(make_plant: MakePlant, missing: str) -> None:
    plant, hands = make_plant()
    hands.power()
    getattr(hands, missing).toggle()
    hands.step(3)
    found = plant.snapshot()
    assert (found["forward_steps"], found["lost_steps"]) == (0, 3)
    assert hands.edges == []


def test_a_chip_in_reset_leaves_the_motor_off(world: World, make_plant: MakePlant) -> None:
    plant, hands = make_plant()
    hands.power()
    world.reset(world.chip.WDT_RESET)
    assert world.chip.outside.level(4) == 1
    assert world.chip.outside.level(5) == 0
    assert not plant.motor.step(world.now_us + 100_000, 0.0)


def test_the_plant_outlives_a_reset(world: World, make_plant: MakePlant) -> None:
    plant, hands = make_plant()
    hands.power()
    hands.step(5)
    world.reset(world.chip.WDT_RESET)
    world.run_for_ms(1_000)
    assert world.pump is not hands
    world.pump.power()
    world.pump.step(5)
    assert plant.snapshot()["forward_steps"] == 10


def test_outlet_pressure_is_read_with_the_pulse_of_the_step(make_plant: MakePlant) -> None:
    _, hands = make_plant(noise=0)
    hands.power()
    assert hands.pressure_pa() == pytest.approx(constants.CSF_SUPINE_PA, abs=25)
    hands.step(every_ms=40)
    pulse_pa = hands.pressure_pa() - constants.CSF_SUPINE_PA
    assert pulse_pa == pytest.approx(208 * 0.591, abs=25)  # exp(-40 / 76)


def test_level_falls_as_the_reservoir_is_emptied_and_rises_as_it_is_refilled(
    make_plant: MakePlant,
) -> None:
    plant, hands = make_plant(noise=0, volume_nl=2e6)
    assert hands.level_nl() == pytest.approx(2e6, abs=6_000)
    hands.power()
    hands.step(1_000, every_ms=20)
    assert hands.level_nl() == pytest.approx(1.95e6, abs=6_000)
    plant.refill(18e6)
    assert hands.level_nl() == pytest.approx(19.95e6, abs=6_000)


def test_sensors_are_noisy_unless_told_otherwise(make_plant: MakePlant) -> None:
    _, hands = make_plant()
    assert len({hands.pressure.read_u16() for _ in range(100)}) == 5
    assert len({hands.level.read_u16() for _ in range(100)}) > 5


def test_magnet_pulls_its_pin_down(make_plant: MakePlant) -> None:
    plant, hands = make_plant()
    assert hands.magnet.value() == 1
    plant.magnet(True)
    assert hands.magnet.value() == 0
    plant.magnet(False)
    assert hands.magnet.value() == 1


def test_kink_stores_and_release_lets_go(world: World, make_plant: MakePlant) -> None:
    plant, hands = make_plant()
    plant.kink(1.0)
    hands.power()
    hands.step(250)
    before = plant.snapshot()
    assert before["outlet_pa"] == pytest.approx(53_400, rel=0.01)
    assert before["tip_nl"] == 0.0
    released_nl = plant.release()
    assert released_nl == pytest.approx(12_500, rel=0.005)
    world.run_for_ms(1_000)
    after = plant.snapshot()
    assert after["tip_nl"] == pytest.approx(released_nl, rel=1e-4)
    assert after["released_nl"] == released_nl
    assert after["kink"] == 0.0


def test_motor_stalls_at_339_kpa_and_its_steps_are_lost(make_plant: MakePlant) -> None:
    plant, hands = make_plant()
    plant.kink(1.0)
    hands.power()
    hands.step(1_700, every_ms=20)
    found = plant.snapshot()
    assert found["outlet_pa"] == pytest.approx(339_000, rel=0.005)
    assert found["lost_steps"] == 1_700 - found["forward_steps"] > 0
    assert len(hands.edges) == 2 * found["forward_steps"]
    assert hands.pressure.read_u16() == 65_535  # far above the sensor's span


def test_stalled_rotor_gives_no_edge_and_moves_again_when_freed(make_plant: MakePlant) -> None:
    plant, hands = make_plant()
    hands.power()
    plant.stall(True)
    hands.step(3)
    assert hands.edges == []
    plant.stall(False)
    hands.step(3)
    assert len(hands.edges) == 6
    assert plant.snapshot()["lost_steps"] == 3


def test_slipping_rotor_loses_steps_and_edges_alike(make_plant: MakePlant) -> None:
    plant, hands = make_plant()
    hands.power()
    plant.slip(0.3)
    hands.step(500, every_ms=20)
    found = plant.snapshot()
    assert 100 < found["lost_steps"] < 200
    assert len(hands.edges) == 2 * found["forward_steps"]


def test_runaway_steps_by_itself_until_the_supply_is_cut(
    world: World, make_plant: MakePlant
) -> None:
    plant, hands = make_plant()
    hands.supply.value(1)
    plant.runaway(20)
    world.run_for_ms(1_020)
    assert plant.snapshot()["unasked_steps"] == 20
    assert len(hands.edges) == 40
    hands.supply.value(0)
    events = world.events
    world.run_for_ms(10_000)
    assert plant.snapshot()["unasked_steps"] == 20
    assert world.events - events == 1  # the step that was due: nothing ticks on


def test_runaway_waits_for_the_supply_and_goes_on_when_it_comes_back(
    world: World, make_plant: MakePlant
) -> None:
    plant, hands = make_plant()
    plant.runaway(10)
    world.run_for_ms(1_000)
    assert plant.snapshot()["unasked_steps"] == 0
    for _ in range(2):
        hands.supply.value(1)
        world.run_for_ms(1_050)
        hands.supply.value(0)
    assert plant.snapshot()["unasked_steps"] == 20


def test_runaway_can_be_changed_and_ended(world: World, make_plant: MakePlant) -> None:
    plant, hands = make_plant()
    hands.supply.value(1)
    plant.runaway(100)
    plant.runaway(10)
    world.run_for_ms(1_050)
    plant.runaway(0)
    world.run_for_ms(1_000)
    assert plant.snapshot()["unasked_steps"] == 10


def test_posture_changes_the_outlet_pressure(world: World, make_plant: MakePlant) -> None:
    plant, _ = make_plant()
    plant.csf(constants.CSF_UPRIGHT_PA)
    world.run_for_ms(2_000)
    found = plant.snapshot()
    assert found["outlet_pa"] == pytest.approx(found["csf_pa"], abs=1e-3)
    assert found["csf_pa"] == constants.CSF_UPRIGHT_PA


def test_leak_keeps_drug_from_the_tip(make_plant: MakePlant) -> None:
    plant, hands = make_plant()
    plant.leak(0.25)
    hands.power()
    hands.step(200)
    found = plant.snapshot()
    assert found["leaked_nl"] == pytest.approx(2_500, rel=0.01)
    assert found["leak"] == 0.25


def test_nothing_ticks_while_nobody_looks(world: World, make_plant: MakePlant) -> None:
    make_plant()
    world.run_for_ms(60_000)
    assert world.events == 0


def test_overrides_reach_their_parts_and_unknown_ones_are_refused() -> None:
    plant = Plant(World(), tolerance=1.1, capacity_nl=40e6, front_nl=0.0)
    found = plant.snapshot()
    assert found["reservoir_nl"] == 40e6
    assert found["front_nl"] == 0.0
    assert plant.fluid.head.step_nl == pytest.approx(55.0, rel=1e-4)
    with pytest.raises(TypeError, match="viscosity"):
        Plant(World(), viscosity=1.0)


def test_same_seed_same_plant() -> None:
    runs = []
    for _ in range(2):
        world = World(seed=9)
        plant = Plant(world)
        plant.slip(0.5)
        plant.motor.set_supply(True, 0)
        plant.runaway(50)
        world.boot(build=lambda it: (None, _Sleeper(it)))
        world.run_for_ms(10_000)
        runs.append(plant.snapshot())
    assert runs[0] == runs[1]
    assert runs[0]["lost_steps"] > 0


def test_snapshot_is_a_plain_dict_of_numbers(make_plant: MakePlant) -> None:
    plant, _ = make_plant()
    found = plant.snapshot()
    assert type(found) is dict
    assert {type(value) for value in found.values()} <= {int, float}


def test_snapshot_refuses_to_report_fluid_that_came_from_nowhere(make_plant: MakePlant) -> None:
    plant, _ = make_plant()
    plant.fluid.catheter.tip_nl += 1.0
    with pytest.raises(ConservationError):
        plant.snapshot()


def test_encoder_edges_come_in_order_at_the_fastest_steps(make_plant: MakePlant) -> None:
    _, hands = make_plant()
    hands.power()
    hands.step(50, every_ms=10)
    times_us = [t_us for t_us, _, _ in hands.edges]
    assert len(times_us) == 100
    assert all(later > earlier for earlier, later in pairwise(times_us))


class _Sleeper:
    """A pump that only sleeps."""

    def __init__(self, world: World) -> None:
        self.turn = lambda: world.clock.sleep_ms(100)
