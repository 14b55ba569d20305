"""The runner of the WebAssembly port: output, exit codes, arguments, collection between turns."""

import subprocess
from pathlib import Path

import pytest

from tests.parity.runtimes import NODE

RUNNER = Path(__file__).with_name("run_wasm.mjs")


def run(tmp_path: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    script = tmp_path / "script.py"
    script.write_text(text)
    command = [*NODE, str(RUNNER), *words[:-1], str(script), *words[-1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_small_integers_have_31_bits(tmp_path: Path) -> None:
    done = run(tmp_path, "import sys\nprint(sys.maxsize, sys.argv[1])", "word")
    assert done.stdout == "2147483647 word\n"
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("import sys\nsys.exit()", 0, ""),
        ("import sys\nsys.exit(3)", 3, ""),
        ("import sys\nsys.exit('no')", 1, "no\n"),
        ("raise ValueError('wrong')", 1, "ValueError: wrong"),
    ],
)
def test_the_exit_code_is_the_scripts(tmp_path: Path, text: str, code: int, message: str) -> None:
    done = run(tmp_path, text)
    assert done.returncode == code
    assert message in done.stderr


def test_files_are_handed_over(tmp_path: Path) -> None:
    handed = tmp_path / "rows.bin"
    handed.write_bytes(bytes(range(256)))
    text = "print(sum(open('/files/rows.bin', 'rb').read()))"
    assert run(tmp_path, text, "--file", str(handed), "").stdout == "32640\n"


def test_garbage_is_collected_between_turns(tmp_path: Path) -> None:
    text = """
import gc
turns = []
def turn():
    turns.append(gc.mem_alloc())
    list(range(20_000))
    if len(turns) == 5:
        print(turns[4] - turns[1] < 10_000)
    return len(turns) < 5
"""
    assert run(tmp_path, text).stdout == "True\n"


def test_wrong_usage_says_what_is_right(tmp_path: Path) -> None:
    done = run(tmp_path, "", "--heap", "")
    assert done.returncode == 2
    assert "usage: run_wasm.mjs" in done.stderr
