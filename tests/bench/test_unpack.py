"""The program file, read by the board's own reader on MicroPython and by none of ours."""

import json
import subprocess
from pathlib import Path

import pytest

from emulator.bench import file_set, program_file
from emulator.bench.file_set import ON_BOARD, ROOT
from tests.bench.unix_board import MICROPYTHON

MODULES = {
    "alone.py": b"from deep.er.still import VALUE\nSEEN = VALUE + 1\n",
    "deep/__init__.py": b"",
    "deep/er/__init__.py": b"HERE = __name__\n",
    "deep/er/still.py": b"VALUE = 41\n",
}
# What is mounted stands in the place of the folder, and no longer.
IMPORTING = """
import json, os, sys
sys.path[:] = [{root!r}, ".frozen"]
from unpack import Program
before = sorted(os.listdir({root!r}))
failed = ""
try:
    with Program({root!r}):
        {what}
except Exception as error:
    failed = type(error).__name__
after = sorted(os.listdir({root!r}))
print(json.dumps([failed, before == after, {value}]))
"""


def placed(root: Path, modules: dict[str, bytes]) -> Path:
    """A slot with these modules, as a board has it; the reader as source."""
    root.mkdir()
    (root / "program").write_bytes(program_file.packed(modules))
    (root / "unpack.py").write_bytes((ON_BOARD / "unpack.py").read_bytes())
    return root


def run(root: Path, what: str, value: str = "0") -> list[object]:
    """[what was raised, whether the folder is as it was, the value] on MicroPython unix."""
    code = IMPORTING.format(root=str(root), what=what, value=value)
    done = subprocess.run(
        [str(MICROPYTHON), "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    found: list[object] = json.loads(done.stdout)
    return found


def test_modules_are_imported_from_one_file_and_the_folder_is_back_after_it(
    tmp_path: Path,
) -> None:
    root = placed(tmp_path / "a", MODULES)
    value = "[alone.SEEN, sys.modules['deep.er'].HERE, alone.__file__, 'unpack' in sys.modules]"
    found = run(root, "import alone", value)
    assert found == ["", True, [42, "deep.er", f"{root}/alone.py", False]]


@pytest.mark.parametrize("name", ["nobody", "deep.nobody", "deep.er.still.nobody"])
def test_what_is_not_there_is_not_imported_and_the_folder_is_back(
    name: str, tmp_path: Path
) -> None:
    assert run(placed(tmp_path / "a", MODULES), f"import {name}") == ["ImportError", True, 0]


def test_a_module_that_fails_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    """A board whose set does not run can be flashed."""
    root = placed(tmp_path / "a", {**MODULES, "wrong.py": b"1 / 0\n"})
    assert run(root, "import wrong") == ["ZeroDivisionError", True, 0]


def test_what_is_no_module_cannot_be_opened(tmp_path: Path) -> None:
    root = placed(tmp_path / "a", MODULES)
    for path in ("nobody.py", "deep", "manifest.json"):
        found = run(root, f"open({str(root / path)!r}, 'rb')")
        assert found == ["OSError", True, 0], path


def test_what_stands_there_can_be_asked_for_as_in_any_folder(tmp_path: Path) -> None:
    root = placed(tmp_path / "a", MODULES)
    names = [str(root / name) for name in ("alone.py", "deep", "deep/er/still.py")]
    kinds = run(root, f"modes = [os.stat(name)[0] for name in {names!r}]", "modes")
    assert kinds == ["", True, [0x8000, 0x4000, 0x8000]]
    assert run(root, f"os.stat({str(root / 'program')!r})") == ["OSError", True, 0]


def test_every_module_of_the_set_lies_in_the_program_file_as_it_was_compiled() -> None:
    """Read as the format says, without either of the two that know it."""
    program = file_set.slot_files()["program"]
    line, content = program.split(b"\n", 1)
    places = json.loads(line)
    modules = {path[1:]: content[at[0] : at[0] + at[1]] for path, at in places.items() if at}
    assert modules == file_set.modules()
    assert sum(at[1] for at in places.values() if at) == len(content)
    folders = {path for path, at in places.items() if at is None}
    parents = {f"/{parent}" for path in modules for parent in Path(path).parents} - {"/."}
    assert folders == parents


def test_equal_modules_give_equal_bytes_in_whatever_order() -> None:
    backwards = dict(reversed(MODULES.items()))
    assert program_file.packed(backwards) == program_file.packed(MODULES)


def test_the_names_are_those_that_the_board_looks_for() -> None:
    root_text = (ON_BOARD / "main.py").read_text()
    assert f"from {program_file.READER.removesuffix('.mpy')} import Program" in root_text
    assert f'NAME = "/{program_file.NAME}"' in (ROOT / file_set.READER_SOURCE).read_text()
