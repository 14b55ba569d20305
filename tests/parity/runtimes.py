"""The runtimes of the parity tests, and how a script is run on each."""

import os
import subprocess
import sys
from pathlib import Path

from emulator.bench import file_set

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
MICROPYTHON = Path(sys.executable).with_name("micropython")
UNIX_HEAP = "32m"
PLAY = "../../emulator/play.py"
# Its other threads keep node from ending now and then, with all its work done: 14 of 150 runs of
# node 20 (nodejs/node#54918).
NODE = ("node", "--single-threaded")


def device_files() -> list[Path]:
    """The source files that the board runs."""
    return [*ROOT.glob("firmware/**/*.py"), *ROOT.glob("protocol/wire/**/*.py")]


def compiled(folder: Path) -> Path:
    """The device's modules as a board's program holds them, put there."""
    for name, data in file_set.modules(release=True).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def on_cpython(script: str, *arguments: str) -> str:
    """What the script prints on this CPython."""
    return _run([sys.executable, str(HERE / script), *arguments], PYTHONPATH=str(ROOT))


def on_unix(script: str, *arguments: str, heap: str = UNIX_HEAP) -> str:
    """What it prints on MicroPython unix: 63-bit small ints."""
    command = [str(MICROPYTHON), "-X", f"heapsize={heap}", str(HERE / script), *arguments]
    return _run(command, MICROPYPATH=f"{ROOT}:.frozen")


def on_wasm(
    script: str,
    *arguments: str,
    files: tuple[Path, ...] = (),
    board: Path | None = None,
    heap_bytes: int = 0,
) -> str:
    """What it prints on MicroPython for WebAssembly: 31-bit small ints, as on RP2040.

    board: a folder whose files come before those of the repository. heap_bytes: 0: the runner's.
    """
    handed = [word for path in files for word in ("--file", str(path))]
    handed += ["--board", str(board)] if board else []
    handed += ["--heap", str(heap_bytes)] if heap_bytes else []
    return _run([*NODE, str(HERE / "run_wasm.mjs"), *handed, str(HERE / script), *arguments])


def _run(command: list[str], **variables: str) -> str:
    done = subprocess.run(
        command,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()
