"""The emulated modules are never laxer than the published rp2 stubs.

Every public name of theirs, and every argument in its kind (position, keyword), must be in
machine.pyi or time.pyi of micropython-rp2-rpi-pico-stubs. The emulator may have less.
"""

import ast
import importlib.metadata
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.world import World

DISTRIBUTION = "micropython-rp2-rpi-pico-stubs"
KINDS = inspect.Parameter


def parse(name: str) -> ast.Module:
    for path in importlib.metadata.files(DISTRIBUTION) or []:
        if str(path) == name:
            return ast.parse(path.read_text())
    raise FileNotFoundError(name)


MACHINE = parse("machine.pyi")
TIME = parse("time.pyi")


def class_of(name: str) -> ast.ClassDef:
    return next(n for n in MACHINE.body if isinstance(n, ast.ClassDef) and n.name == name)


def overloads(body: list[ast.stmt], name: str) -> list[ast.arguments]:
    return [n.args for n in body if isinstance(n, ast.FunctionDef) and n.name == name]


def names(body: list[ast.stmt]) -> set[str]:
    found = {n.name for n in body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    for n in body:
        if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name):
            found.add(n.target.id)
    return found


def constants(body: list[ast.stmt]) -> dict[str, object]:
    return {
        n.target.id: n.value.value
        for n in body
        if isinstance(n, ast.AnnAssign)
        and isinstance(n.target, ast.Name)
        and isinstance(n.value, ast.Constant)
    }


class Overload:
    """What one overload of the stub accepts."""

    def __init__(self, args: ast.arguments, is_method: bool) -> None:
        only = [arg.arg for arg in args.posonlyargs]
        both = [arg.arg for arg in args.args]
        needed = len(only) + len(both) - len(args.defaults)
        self.by_position = (only + both)[is_method:]
        self.by_keyword = set(both) | {arg.arg for arg in args.kwonlyargs}
        self.required = set((only + both)[is_method:needed]) | {
            arg.arg
            for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
            if default is None
        }


def complaints(fn: Callable[..., Any], stub: list[Overload]) -> Iterator[str]:
    """Where ``fn`` takes what no overload takes. A leading underscore says positional only."""
    for place, (name, parameter) in enumerate(inspect.signature(fn).parameters.items()):
        if parameter.kind not in (KINDS.POSITIONAL_OR_KEYWORD, KINDS.KEYWORD_ONLY):
            yield f"{name}: takes anything"
            continue
        here = [o.by_position[place] for o in stub if place < len(o.by_position)]
        by_position = parameter.kind is KINDS.POSITIONAL_OR_KEYWORD
        by_keyword = not name.startswith("_")
        if by_position and not here:
            yield f"{name}: one argument too many"
        if by_keyword and not any(name in o.by_keyword for o in stub):
            yield f"{name}: no such keyword"
        if by_position and by_keyword and name not in here:
            yield f"{name}: another place"
        stub_name = here[0] if by_position and here else name
        if parameter.default is not KINDS.empty and all(stub_name in o.required for o in stub):
            yield f"{name}: not optional"


WORLD = World()
CHIP = WORLD.chip
PIN = CHIP.Pin(2)
OBJECTS = {
    "Pin": PIN,
    "Timer": CHIP.Timer(-1),
    "ADC": CHIP.ADC(26),
    "PWM": CHIP.PWM(9),
    "UART": CHIP.UART(0),
    "RTC": CHIP.RTC(),
    "WDT": World().chip.WDT(timeout=1_000),
}


def public(thing: object) -> list[str]:
    return [name for name in dir(thing) if not name.startswith("_")]


def test_the_chip_has_no_name_that_the_module_has_not() -> None:
    assert set(public(CHIP)) - {"outside"} <= names(MACHINE.body)


def test_the_clock_has_no_name_that_the_module_has_not() -> None:
    assert set(public(WORLD.clock)) <= names(TIME.body)


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_has_no_name_that_its_class_has_not(name: str) -> None:
    stub = names(class_of(name).body)
    assert set(public(OBJECTS[name])) <= stub
    assert set(public(getattr(CHIP, name))) <= stub


@pytest.mark.parametrize("name", OBJECTS)
def test_constants_are_those_of_the_chip(name: str) -> None:
    stub = constants(class_of(name).body)
    for thing in (OBJECTS[name], getattr(CHIP, name)):
        for constant in public(thing):
            if constant.isupper():
                assert getattr(thing, constant) == stub[constant], constant


def test_reset_causes_are_those_of_the_chip() -> None:
    stub = constants(MACHINE.body)
    assert stub["PWRON_RESET"] == CHIP.PWRON_RESET
    assert stub["WDT_RESET"] == CHIP.WDT_RESET


@pytest.mark.parametrize("name", OBJECTS)
def test_a_constructor_takes_nothing_that_the_stub_does_not_take(name: str) -> None:
    stub = [Overload(args, True) for args in overloads(class_of(name).body, "__init__")]
    assert list(complaints(getattr(CHIP, name), stub)) == []


METHODS = [
    (name, method)
    for name, thing in OBJECTS.items()
    for method in [*public(thing), "__call__"]
    if callable(getattr(thing, method, None))
]


@pytest.mark.parametrize(("name", "method"), METHODS)
def test_a_method_takes_nothing_that_the_stub_does_not_take(name: str, method: str) -> None:
    stub = [Overload(args, True) for args in overloads(class_of(name).body, method)]
    assert stub
    assert list(complaints(getattr(OBJECTS[name], method), stub)) == []


@pytest.mark.parametrize(
    ("module", "thing", "name"),
    [
        (module, thing, name)
        for module, thing in ((MACHINE, CHIP), (TIME, WORLD.clock))
        for name in public(thing)
        if callable(getattr(thing, name)) and name not in OBJECTS
    ],
)
def test_a_function_takes_nothing_that_the_stub_does_not_take(
    module: ast.Module, thing: object, name: str
) -> None:
    stub = [Overload(args, False) for args in overloads(module.body, name)]
    assert stub
    assert list(complaints(getattr(thing, name), stub)) == []


def lax_keyword(self: object, *, timeout: int = 1, speed: int = 2) -> None: ...
def lax_count(self: object, _one: int) -> None: ...
def lax_anything(self: object, **settings: int) -> None: ...
def lax_place(self: object, timeout: int = 1) -> None: ...
def lax_default(self: object, _id: int = -1) -> None: ...


@pytest.mark.parametrize(
    ("fn", "name"),
    [
        (lax_keyword, "WDT"),
        (lax_count, "WDT"),
        (lax_anything, "WDT"),
        (lax_place, "WDT"),
        (lax_default, "Timer"),
    ],
)
def test_this_test_would_notice(fn: Any, name: str) -> None:
    stub = [Overload(args, True) for args in overloads(class_of(name).body, "__init__")]
    assert len(list(complaints(fn.__get__(CHIP), stub))) >= 1
