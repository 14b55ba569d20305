"""The manifest: what a set of files is made of. It goes on the board with the set.

JSON with sorted keys, so that equal sets have equal bytes; its SHA-256 stands for the whole set
and is what the pump tells in its hello. The root main.py of the board reads `files` and
`version`, boot.py reads `release`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.bench.program_file import NAME as PROGRAM

NAME = "manifest.json"
BENCH = "emulator/"  # modules below this path serve the bench: a release has none


class ManifestError(Exception):
    """A manifest that cannot be read, or a set that must not be."""


@dataclass(frozen=True)
class Manifest:
    """One set of files.

    version: of the firmware. schema_hash: of the wire form that it speaks. release: no REPL, no
    bench files. wiring: "reference", or the kind of board whose own pins.py it has. mpy_version:
    of the bytecode; the image on the board must read it. files: SHA-256 in hex, by path below
    the slot: what the board looks at. modules: of those in the program file, by path, for the
    words of `pump-board verify`.
    """

    version: str
    schema_hash: int
    release: bool
    wiring: str
    mpy_version: int
    files: Mapping[str, str]
    modules: Mapping[str, str]

    def __post_init__(self) -> None:
        bench = sorted(path for path in self.parts if path.startswith(BENCH))
        if self.release and bench:
            raise ManifestError(f"a release must not hold {', '.join(bench)}")

    @property
    def parts(self) -> dict[str, str]:
        """SHA-256 by path of files and modules, but for the file that those make up."""
        parts = {**self.files, **self.modules}
        parts.pop(PROGRAM, None)
        return parts

    def to_bytes(self) -> bytes:
        """As it lies on the board."""
        content = {
            "version": self.version,
            "schema_hash": f"{self.schema_hash:08X}",
            "release": self.release,
            "wiring": self.wiring,
            "mpy_version": self.mpy_version,
            "files": dict(self.files),
            "modules": dict(self.modules),
        }
        return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()

    @property
    def digest(self) -> bytes:
        """SHA-256 of its bytes: 32 bytes, the manifest_hash of HELLO_ANSWER."""
        return hashlib.sha256(self.to_bytes()).digest()


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 in hex of each content, by path, as a manifest has them."""
    return {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}


def files_of(data: bytes) -> dict[str, str]:
    """SHA-256 in hex by path, of a manifest as far as the board reads it: the rule of
    on_board/main.py, whatever else is in it. Raises ManifestError.
    """
    try:
        content = json.loads(data)
        _ = content["version"]
        return _texts(content["files"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"a manifest that cannot be read: {error}") from error


def parse(data: bytes) -> Manifest:
    """The manifest that these bytes are. Raises ManifestError."""
    try:
        content: dict[str, Any] = json.loads(data)
        found = Manifest(
            version=str(content["version"]),
            schema_hash=int(content["schema_hash"], 16),
            release=bool(content["release"]),
            wiring=str(content["wiring"]),
            mpy_version=int(content["mpy_version"]),
            files=_texts(content["files"]),
            modules=_texts(content["modules"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"a manifest that cannot be read: {error}") from error
    if found.to_bytes() != data:
        raise ManifestError("a manifest in another form than pump-board writes it")
    return found


def differences(there: Manifest, here: Manifest) -> list[str]:
    """Each difference between the board's manifest and this checkout's, in words."""
    found = []
    for name in ("version", "schema_hash", "release", "wiring", "mpy_version"):
        was, now = _shown(name, there), _shown(name, here)
        if was != now:
            found.append(f"{name}: {was} on the board, {now} here")
    for path in sorted({*there.parts, *here.parts}):
        if path not in there.parts:
            found.append(f"{path}: not on the board")
        elif path not in here.parts:
            found.append(f"{path}: on the board only")
        elif there.parts[path] != here.parts[path]:
            found.append(f"{path}: another content on the board")
    if not found and there.files != here.files:
        found.append(f"{PROGRAM}: another content on the board, of the same modules by name")
    return found


def faults(files: Mapping[str, str], present: Mapping[str, str]) -> list[str]:
    """Why a set is not sound, in words; empty: it is.

    files: of its manifest. present: SHA-256 in hex by path below the slot, of all files there but
    the manifest. The rule is that of on_board/main.py.
    """
    found = []
    for path in sorted({*files, *present}):
        if path not in present:
            found.append(f"{path} is missing")
        elif path not in files:
            found.append(f"{path} does not belong to the set")
        elif present[path] != files[path]:
            found.append(f"{path} is not the file of the manifest")
    return found


def _texts(content: Any) -> dict[str, str]:
    return {str(path): str(digest) for path, digest in content.items()}


def _shown(name: str, manifest: Manifest) -> str:
    value = getattr(manifest, name)
    return f"{value:08X}" if name == "schema_hash" else str(value)
