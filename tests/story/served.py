"""A served pump in a process of its own, as a user starts it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "docs" / "examples" / "demo.toml"


class Served:
    """port: what the pump printed. process: takes lines on its stdin."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        self.port = process.stdout.readline().strip()

    def type(self, line: str) -> str:
        """What the pump says to a typed line."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def stop(self) -> int:
        """Ctrl-C, politely; the exit code."""
        self.process.terminate()
        return self.process.wait()


@contextmanager
def served(*options: str) -> Iterator[Served]:
    """pump-emulator serve with these options, ended at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "emulator.cli", "serve", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            yield Served(process)
        finally:
            process.kill()


def emulator(*words: str, hash_seed: str = "0") -> "subprocess.CompletedProcess[str]":
    """pump-emulator with these words, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "emulator.cli", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=False,
    )


def programmer(port: str, *words: str) -> Any:
    """What pump-programmer --json says."""
    code, said = programmer_ended(port, *words)
    assert code == 0, said
    return said["result"]


def programmer_ended(port: str, *words: str) -> tuple[int, Any]:
    """Exit code of pump-programmer --json, and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "protocol.programmer.cli", "--port", port, "--json", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)
