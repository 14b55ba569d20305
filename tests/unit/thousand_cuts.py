"""A thousand power cuts with files open, in a process of its own; see test_disk_little.py."""

import gc
import resource

from emulator.flash import Flash
from emulator.flash_damage import CUTS
from emulator.little_disk import LittleDisk
from emulator.stops import PowerCut

MOUNTS = 10_000  # littlefs takes 2 kB for each

disk = LittleDisk(Flash(blocks=24))
disk.mount()
before = disk.flash.snapshot()
cuts = 0
while cuts < 1_000:
    disk.flash.restore(before)
    disk.mount()
    kind = CUTS[cuts % len(CUTS)]
    disk.flash.cut(cuts % 9, kind, 1 + cuts % 3 if kind == "out of order" else 7 * cuts % 256)
    files = []
    try:
        for number in range(9):
            files.append(disk.open("/%d" % number, "wb"))
            files[-1].write(bytes(900 * number))
            files[-1].flush()
    except PowerCut:
        cuts += 1
    del files
    if cuts % 100 == 0:
        gc.collect()
disk.power_on()
peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for _ in range(MOUNTS):
    disk.mount()
grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak_kb
print(cuts, "cuts,", "memory grows" if grown_kb > MOUNTS else "memory stays")
