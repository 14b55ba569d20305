"""CRC-32 of the clinician's end: crcmod's, a second implementation beside the pump's binascii.

The two agree on every frame that the tests make; a fault in either would show as lost frames.
"""

import importlib
import warnings
from collections.abc import Callable
from typing import Any

# `import crcmod.crcmod` binds the package: its own __init__ shadows the submodule of that name.
_crcmod: Any = importlib.import_module("crcmod.crcmod")

# IEEE 802.3: the polynomial of binascii.crc32, reflected, inverted at both ends.
crc32: Callable[[bytes, int], int] = _crcmod.mkCrcFun(
    0x104C11DB7, initCrc=0, rev=True, xorOut=0xFFFFFFFF
)


def is_slow() -> bool:
    """Whether crcmod runs as pure Python: correct, but ten times slower (measured)."""
    return not _crcmod._usingExtension


def warn_if_slow(slow: bool) -> None:
    """Say that crcmod was installed without its C part; crcmod itself says nothing."""
    if slow:
        warnings.warn(
            "crcmod runs as slow pure Python: it was installed without a C compiler. "
            "Frames stay correct. To speed up: install gcc, then "
            "`pip install --force-reinstall --no-binary crcmod crcmod`.",
            RuntimeWarning,
            stacklevel=2,
        )


warn_if_slow(is_slow())
