"""No nanolitre is made or lost, whatever happens, to 1e-9 of what moved."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.plant import constants
from emulator.plant.hydraulics import Hydraulics
from emulator.plant.ledger import CONSERVED, ConservationError

Action = tuple[str, Any]

fraction = st.floats(0.0, 1.0)
often_all = st.one_of(st.sampled_from([0.0, 1.0]), fraction)
waits = st.one_of(
    st.integers(0, 100), st.integers(1, 10_000_000), st.integers(1, 30 * 86_400_000_000)
)
actions = st.one_of(
    st.tuples(st.just("steps"), st.tuples(st.integers(1, 60), waits, st.sampled_from([1, 1, -1]))),
    st.tuples(st.just("wait"), waits),
    st.tuples(st.just("kink"), often_all),
    st.tuples(st.just("leak"), often_all),
    st.tuples(st.just("release"), st.none()),
    st.tuples(st.just("csf"), st.floats(constants.CSF_PA_MIN, constants.CSF_PA_MAX)),
    st.tuples(st.just("refill"), fraction),
)


def act(fluid: Hydraulics, t_us: int, action: str, value: Any) -> int:
    """One action; returns the time after it."""
    if action == "steps":
        count, wait_us, direction = value
        for _ in range(count):
            t_us += wait_us
            fluid.advance(t_us)
            if fluid.load_unm(direction) <= constants.PULL_OUT_TORQUE_UNM:
                fluid.turn(direction)
    elif action == "wait":
        t_us += value
        fluid.advance(t_us)
    elif action == "release":
        fluid.release(t_us)
    elif action == "csf":
        fluid.set_csf(t_us, value)
    elif action == "refill":
        room_nl = fluid.reservoir.capacity_nl - fluid.reservoir.volume_nl
        fluid.refill(t_us, max(0.0, room_nl) * value)
    else:
        getattr(fluid, action)(t_us, value)
    return t_us


@settings(max_examples=150)
@given(
    script=st.lists(actions, max_size=25),
    volume_nl=st.floats(1.0e6, 1.001e6),
    tolerance=st.floats(0.5, 1.5),
    front=fraction,
)
def test_fluid_is_conserved_in_any_story(
    script: list[Action], volume_nl: float, tolerance: float, front: float
) -> None:
    fluid = Hydraulics(volume_nl=volume_nl, tolerance=tolerance, front_nl=front * 336_000)
    t_us = 0
    for action, value in script:
        t_us = act(fluid, t_us, action, value)
        fluid.ledger.check()
        entries = fluid.ledger.entries()
        assert 0.0 <= entries["front_nl"] <= entries["path_nl"]
        assert entries["reservoir_nl"] > constants.RESIDUAL_NL - fluid.head.step_nl
        lost_nl = entries["reservoir_nl"] + entries["held_nl"] + entries["leaked_nl"]
        assert lost_nl + entries["tip_nl"] == pytest.approx(entries["filled_nl"], rel=1e-12)


STORIES: dict[str, list[Action]] = {
    "open": [("steps", (500, 4_320_000, 1))],
    "partial kink": [("kink", 0.97), ("steps", (500, 4_320_000, 1))],
    "kink and release": [
        ("steps", (100, 4_320_000, 1)),
        ("kink", 1.0),
        ("steps", (240, 4_320_000, 1)),
        ("wait", 3_600_000_000),
        ("release", None),
        ("steps", (100, 4_320_000, 1)),
    ],
    "leak": [("leak", 0.4), ("steps", (500, 4_320_000, 1))],
    "pulled off": [("leak", 1.0), ("steps", (500, 4_320_000, 1)), ("csf", 5_000.0)],
    "left alone for ten years": [("steps", (1, 1, 1)), ("wait", 3_652 * 86_400_000_000)],
    "backward against a block": [("kink", 1.0), ("steps", (600, 20_000, -1))],
    "until empty, and refilled": [
        ("steps", (30, 20_000, 1)),
        ("refill", 1.0),
        ("steps", (30, 20_000, 1)),
    ],
}


@pytest.mark.parametrize("story", STORIES)
def test_fluid_is_conserved_in_named_stories(story: str) -> None:
    fluid = Hydraulics(volume_nl=1_001_000.0 if "empty" in story else 10e6)
    t_us = 0
    for action, value in STORIES[story]:
        t_us = act(fluid, t_us, action, value)
        assert fluid.ledger.imbalance() <= CONSERVED


def test_half_a_million_steps_do_not_wear_the_balance_down() -> None:
    fluid = Hydraulics(capacity_nl=40e6)
    for i in range(1, 500_001):
        fluid.advance(i * 180_000)
        fluid.turn(1)
    assert fluid.ledger.imbalance() < CONSERVED / 10


def test_no_fluid_moves_from_an_empty_reservoir_though_the_rotor_turns() -> None:
    fluid = Hydraulics(volume_nl=1_000_075.0)
    for i in range(1, 11):
        fluid.advance(i * 1_000_000)
        fluid.turn(1)
    entries = fluid.ledger.entries()
    assert entries["forward_steps"] == 10
    assert entries["dry_steps"] == 9
    assert entries["head_nl"] == pytest.approx(75.0, abs=0.02)  # and what came back
    assert entries["reservoir_nl"] == pytest.approx(1e6, abs=0.02)


def test_suction_ends_where_the_fluid_would_boil() -> None:
    fluid = Hydraulics()
    fluid.kink(0, 1.0)
    for i in range(1, 1_001):
        fluid.advance(i * 10_000)
        fluid.turn(-1)
    assert -95_300 < fluid.catheter.pressure_pa <= -94_900
    assert fluid.head.dry_steps > 500


@pytest.mark.parametrize("thief", ["drawn_nl", "tip_nl", "leaked_nl", "returned_nl", "moved_nl"])
def test_a_stolen_microlitre_part_is_found(thief: str) -> None:
    fluid = Hydraulics()
    for i in range(1, 1_001):
        fluid.advance(i * 4_320_000)
        fluid.turn(1)
    for part in (fluid.reservoir, fluid.catheter, fluid.head):
        if hasattr(part, thief):
            setattr(part, thief, getattr(part, thief) + 1e-3)
    with pytest.raises(ConservationError, match="imbalance"):
        fluid.ledger.check()
