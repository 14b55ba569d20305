"""The cables of a virtual Pico: time passes on them as on real ones."""

import select
import time

import pytest

from emulator.bench.pico import VirtualPico
from emulator.bench.virtual_cable import VirtualCable
from tests.bench.pico_bed import stock_image

pytestmark = pytest.mark.xdist_group("virtual_cable")
SLEEPER = {"main.py": b"import utime\nwhile True:\n    utime.sleep_ms(1000)\n"}
LOOKED_AT_US = 3_000_000


def test_an_idle_board_is_no_faster_than_the_wall_clock() -> None:
    """Hosts wait for a silence that a board which hurries would never keep."""
    pico = VirtualPico(stock_image(), SLEEPER)
    begun_s = time.monotonic()
    with VirtualCable(pico) as cable:
        while pico.now_us < LOOKED_AT_US:
            assert cable.fault is None
            select.select([], [], [], 0.01)
    assert pico.now_us / 1e6 <= time.monotonic() - begun_s
