"""The supply's edges beside the states of the log: which belongs to which."""

from typing import Any

import pytest

from emulator.bench.supply_edges import SupplyEdges
from firmware.pins import SUPPLY
from protocol.programmer.event_log import Event
from protocol.wire import events
from protocol.wire.schema import FAULT, HELD, RUNNING, STOPPED

S = 1_000_000


class Supply:
    """A board's supply. talks: whether somebody talks to the pump."""

    def __init__(self) -> None:
        self.now_us = 0
        self.talks = False
        self.on: Any = None
        self.edges = SupplyEdges(self, lambda: self.talks)  # type: ignore[arg-type]  # all it uses

    def watch(self, gpio: int, fn: Any) -> None:
        assert gpio == SUPPLY
        self.on = fn

    def edge(self, t_us: int, level: int) -> None:
        self.now_us = t_us
        self.on(level)


@pytest.fixture
def supply() -> Supply:
    return Supply()


def entered(old: int, new: int) -> Event:
    return Event(b"", 1, 1, 0, 0, 0, events.STATE, old, new)


def test_running_begins_and_ends_with_the_edge_near_what_the_log_says(supply: Supply) -> None:
    for t_us, level in ((10 * S, 1), (20 * S, 0), (30 * S, 1), (40 * S, 0)):
        supply.edge(t_us, level)
    told = [(STOPPED, RUNNING), (RUNNING, HELD), (HELD, RUNNING), (RUNNING, STOPPED)]
    found = [
        supply.edges.of(n * 10 * S - 50_000, entered(*one)) for n, one in enumerate(told, start=1)
    ]
    assert found == [10 * S, 20 * S, 30 * S, 40 * S]


def test_an_edge_may_come_a_little_earlier_and_up_to_a_second_later(supply: Supply) -> None:
    """The monitor cuts the supply before the loop knows; a record lies before it goes on."""
    for apart_us, belongs in ((-90_000, True), (-110_000, False), (S, True), (S + 1, False)):
        supply.edge(20 * S + apart_us, 0)
        found = supply.edges.of(20 * S, entered(RUNNING, FAULT))
        assert found == (20 * S + apart_us if belongs else 20 * S)
        supply.edges.take()


def test_an_edge_belongs_to_one_state_only(supply: Supply) -> None:
    supply.edge(10 * S, 1)
    assert supply.edges.of(10 * S - 1, entered(STOPPED, RUNNING)) == 10 * S
    assert supply.edges.of(10 * S - 2, entered(HELD, RUNNING)) == 10 * S - 2
    assert supply.edges.take() == []


def test_an_edge_goes_the_way_of_its_state(supply: Supply) -> None:
    supply.edge(10 * S, 0)
    supply.edge(10 * S + 1, 1)
    assert supply.edges.of(10 * S, entered(HELD, RUNNING)) == 10 * S + 1


def test_what_never_ran_has_no_edge(supply: Supply) -> None:
    supply.edge(10 * S, 0)
    assert supply.edges.of(10 * S - 9, entered(HELD, STOPPED)) == 10 * S - 9
    assert supply.edges.take() == [(10 * S, HELD)]


def test_edges_that_no_log_explains_are_told_once(supply: Supply) -> None:
    """Somebody who talks has stopped it; else an alarm holds delivery."""
    supply.edge(10 * S, 1)
    supply.edge(20 * S, 0)
    supply.talks = True
    supply.edge(30 * S, 0)
    assert supply.edges.take() == [(10 * S, RUNNING), (20 * S, HELD), (30 * S, STOPPED)]
    assert supply.edges.take() == []


def test_edges_that_the_log_has_passed_are_forgotten(supply: Supply) -> None:
    supply.edge(10 * S, 1)
    supply.edges.of(20 * S, entered(RUNNING, HELD))
    assert supply.edges.take() == []
