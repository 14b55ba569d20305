"""The programmer's CRC is the pump's, from any seed; a slow crcmod is said, not hidden."""

import binascii
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.programmer.crc import crc32, warn_if_slow


@given(st.binary(max_size=300), st.integers(0, 0xFFFF_FFFF))
def test_crcmod_and_binascii_agree_from_every_seed(data: bytes, seed: int) -> None:
    assert crc32(data, seed) == binascii.crc32(data, seed)


def test_a_slow_crcmod_is_said() -> None:
    with pytest.warns(RuntimeWarning, match="slow pure Python"):
        warn_if_slow(True)


def test_a_fast_crcmod_is_not_spoken_of() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_slow(False)
