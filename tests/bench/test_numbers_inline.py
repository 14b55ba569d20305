"""Numbers that are written out where they stand are those that the names stood for."""

import ast
import importlib

from emulator import inject
from emulator.bench import file_set
from emulator.bench.numbers_inline import numbers_in, written_out

NUMBERS = {"firmware.other": {"ANSWER": 42, "LESS": -1}}


def test_a_number_is_a_public_name_in_capitals_assigned_once() -> None:
    text = "A = 2 * 3\n_B = 1\nc = 1\nD = 1\nD = 2\nE = 'x'\nF = True\nG = -(1 << 4)  # so\n"
    assert numbers_in(text) == {"A": 6, "G": -16}


def test_numbers_stand_in_the_places_of_names_and_imports_are_as_few_as_they_can_be() -> None:
    text = (
        "from firmware import other\n"
        "from firmware.other import (\n    ANSWER,\n    a_function,\n)\n"
        "x = other.ANSWER + ANSWER - other.LESS\n"
        "y = other.unknown, 'other.ANSWER', a_function\n"
    )
    assert written_out(text, NUMBERS) == (
        "from firmware import other\n"
        "from firmware.other import a_function\n"
        "x = (42) + (42) - (-1)\n"
        "y = other.unknown, 'other.ANSWER', a_function\n"
    )
    assert written_out("from firmware import other\nx = other.LESS\n", NUMBERS) == "\nx = (-1)\n"


def test_what_a_name_here_means_otherwise_is_left_alone() -> None:
    text = "ANSWER = 1\nx = ANSWER, self.other.ANSWER, other.ANSWER\n"
    assert written_out(text, NUMBERS) == text


def test_each_number_of_the_device_is_what_its_module_says() -> None:
    """And each file is still a program, that asks for no number of another by its name."""
    inject.install()
    numbers = file_set._numbers()
    count = 0
    for module, known in numbers.items():
        found = importlib.import_module(module) if known else None
        for name, value in known.items():
            assert getattr(found, name) == value, f"{module}.{name}"
            count += 1
    assert count > 200
    for path in file_set._sources(release=True):
        for node in ast.walk(ast.parse(file_set._text(path))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                known = numbers.get(f"firmware.{node.value.id}", {})
                known = known or numbers.get(f"protocol.wire.{node.value.id}", {})
                assert node.attr not in known or node.value.id == "self", ast.unparse(node)


def test_the_pins_stay_for_another_wiring_has_others() -> None:
    assert "firmware.pins" not in file_set._numbers()
