"""Runs everywhere: two starts of an event log, and a digest of every file that it wrote.

Prints for each segment its name, its size and its SHA-256; then the last page.
"""

import binascii
import hashlib

from emulator import inject
from emulator.ram_disk import RamDisk

inject.install()

from firmware.event_log import EventLog  # noqa: E402
from firmware.files import Files  # noqa: E402
from protocol.wire import events  # noqa: E402

DAY_MS = 86_400_000
WALL_S = 3_187_295_999  # 2100: far beyond 31 bits


class Stand:
    """What the log asks of a pump."""

    def __init__(self, boots):
        self.boots = boots
        self.now_ms = 0
        self.due_ms = 0
        self.days = 0
        self.verified = self.unverified = self
        self.is_sound = True
        self.log_number = 0

    def read(self):
        return self.now_ms

    def uptime_s(self):
        return self.days * 86_400 + self.now_ms // 1_000

    def wall_s(self, at_ms):
        return WALL_S - 1_000_000 + self.days * 86_400 + at_ms // 1_000

    def value(self):
        return 4_000_000_000

    def has_room(self, _now_ms, _want_ms):
        return True

    def raise_alarm(self, alarm, value):
        print("alarm", alarm, value)

    def clear(self, _alarm):
        pass


def start(files, boots):
    """(what the log asks, the log)."""
    stand = Stand(boots)
    log = EventLog(files, stand, stand, stand, stand, stand)
    log.start(0)
    log.note(events.BOOT, 0, 0xFFFF_FFFF)
    return stand, log


def live(stand, log, days):
    """Hours and events, with the epoch moved each day."""
    for _ in range(days):
        while stand.now_ms < DAY_MS:
            log.poll(stand.now_ms)
            log.note(events.ALARM_RAISED, 5, -20_000)
            log.rate_changed(24_000_000, 3, stand.now_ms - 7)
            stand.now_ms = max(log.due_ms, stand.now_ms + 1)
        stand.now_ms -= DAY_MS
        stand.days += 1
        log.rebase(DAY_MS)


def main():
    disk = RamDisk()
    disk.mkdir("/pump")
    files = Files(disk, disk.open, disk)
    stand, log = start(files, 65_536 + 1)
    live(stand, log, 1)
    stand, log = start(files, 65_536 + 2)
    live(stand, log, 1)
    for _ in range(300):
        log.note(events.REFUSAL, 0x30, 11)
    for name in disk.listdir("/pump/log"):
        with disk.open("/pump/log/" + name, "rb") as file:
            data = file.read()
        print(name, len(data), binascii.hexlify(hashlib.sha256(data).digest()).decode())
    page = log.page(log.page(0)["newest_event"] - 3)
    for row in page["records"]:
        print(binascii.hexlify(row["record"]).decode())
    print(page["first_event"], binascii.hexlify(page["before"]).decode())


main()
