"""A board for the tests: MicroPython unix with a littlefs on an emulated flash, behind a pty.

It has the REPL, the file system and the order of writes of a board, so that the real mpremote
flashes it; and the power can fail at any operation of the flash.
"""

import json
import os
import subprocess
import sys
import tty
from pathlib import Path
from types import TracebackType
from typing import Any

from emulator.bench import file_system

HERE = Path(__file__).parent
MICROPYTHON = Path(sys.executable).with_name("micropython")
BLOCKS = 212  # as on a Pico W
BLOCK_BYTES = 4_096


class UnixBoard:
    """Powered on; `port` is where mpremote finds it. cut: the power fails at this operation."""

    def __init__(self, image: Path, cut: int = -1, journal: Path | None = None) -> None:
        master, self._slave = os.openpty()
        tty.setraw(self._slave)
        words = [str(image), str(cut)] + ([str(journal)] if journal else [])
        self._process = subprocess.Popen(
            [str(MICROPYTHON), "-i", str(HERE / "disk.py"), *words],
            stdin=master,
            stdout=master,
            stderr=master,
        )
        os.close(master)
        self.port = os.ttyname(self._slave)

    def __enter__(self) -> "UnixBoard":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._slave)


def blank(path: Path) -> Path:
    """A flash without anything on it."""
    path.write_bytes(b"\xff" * BLOCKS * BLOCK_BYTES)
    return path


def holding(path: Path, files: dict[str, bytes]) -> Path:
    """A flash with these files."""
    path.write_bytes(file_system.build(files, BLOCKS))
    return path


def contents(image: Path) -> dict[str, bytes]:
    """What is on it, read by another littlefs than the board's."""
    return file_system.read(image.read_bytes())


def start(image: Path) -> dict[str, Any]:
    """Power on and see what the root main.py starts; see start.py."""
    done = subprocess.run(
        [str(MICROPYTHON), str(HERE / "start.py"), str(image)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
