"""What set of files a pump runs, where a tool is installed that knows sets.

The programmer works without the firmware's sources. Where they are at hand, pump-board registers
what it would flash, under the entry point GROUP: a function that gives names by manifest hash.
"""

from collections.abc import Mapping
from importlib.metadata import entry_points

GROUP = "openitb.known_firmware"


def known() -> Mapping[bytes, str]:
    """Names of the sets that are known here, by the SHA-256 of their manifests; may be empty."""
    found: dict[bytes, str] = {}
    for point in entry_points(group=GROUP):
        found.update(point.load()())
    return found


def describe(manifest_hash: bytes, sets: Mapping[bytes, str]) -> str:
    """The hash in hex, and which of these sets it is. All zeros: no manifest."""
    if not any(manifest_hash):
        return "none: not started from a checked set"
    words = manifest_hash.hex()
    if sets:
        words += f" ({sets.get(manifest_hash, 'NOT a set of this checkout')})"
    return words
