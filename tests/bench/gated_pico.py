"""A virtual Pico that has loaded the firmware and waits before it looks at its flash.

Loading takes most of a start, and is the same each time. So it is done once: a copy of the process
(copies.py) gets a flash, opens the gate, and mounts and starts as the chip does after power-on.
"""

from emulator.bench.pico import VirtualPico
from tests.bench.pico_bed import stock_image, unchecked

GATE = 21  # GPIO that is nobody's; low: open
_GATE_MS_MAX = 2_000
_AT_THE_GATE = "at the gate"
# From `umount` on as in ports/rp2/modules/_boot.py.
_ROOT = f"""import sys
sys.path.append("/a")
from unpack import Program
with Program("/a"):
    from firmware.main import run
import os, rp2, vfs
from machine import Pin
from utime import sleep_ms
gate = Pin({GATE}, Pin.IN, Pin.PULL_UP).value
print("{_AT_THE_GATE}")
while gate():
    sleep_ms(10)
os.umount("/")
device = rp2.Flash()
try:
    disk = vfs.VfsLfs2(device, progsize=256)
except:
    vfs.VfsLfs2.mkfs(device, progsize=256)
    disk = vfs.VfsLfs2(device, progsize=256)
vfs.mount(disk, "/")
run(bytes(32))
"""


def at_the_gate() -> VirtualPico:
    """One whose gate is closed; its files are a new pump's."""
    pico = VirtualPico(stock_image(), {**unchecked(), "main.py": _ROOT.encode()})
    said = bytearray()
    pico.usb.on_data = said.extend
    pico.drive(GATE, 1)
    while _AT_THE_GATE.encode() not in said:
        assert pico.now_us < _GATE_MS_MAX * 1_000, bytes(said).decode(errors="replace")
        pico.run_for_ms(1)
    return pico
