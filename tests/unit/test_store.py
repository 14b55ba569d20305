"""A record on a file system that lies: what was not kept is an error, and never the newest."""

import pytest

from emulator.ram_disk import RamDisk
from firmware.files import Files
from firmware.store import Record, StoreError

FOLDER = "/record"


class Liar(Files):
    """Says that it has written. lies: what is done with the data of a record instead."""

    lies = "nothing"

    def write(self, path: str, data: bytes) -> None:
        if path.endswith("settle") or self.lies in ("nothing", "reads otherwise"):
            super().write(path, data)
        elif self.lies == "another byte":
            super().write(path, data[:-1] + bytes([data[-1] ^ 1]))
        elif self.lies == "half of it":
            super().write(path, data[: len(data) // 2])

    def read(self, path: str) -> bytes:
        data = super().read(path)
        if self.lies == "reads otherwise" and not path.endswith("settle"):
            return data[:-1] + b"?"
        return data


@pytest.fixture
def files() -> Liar:
    disk = RamDisk()
    return Liar(disk, disk.open)


@pytest.mark.parametrize("lies", ["not written", "another byte", "half of it"])
@pytest.mark.parametrize("twins", [False, True])
def test_every_write_is_read_back(files: Liar, twins: bool, lies: str) -> None:
    record = Record(files, FOLDER, 1, twins=twins)
    record.load()
    record.save(b"first")
    record.save(b"second")
    files.lies = lies
    with pytest.raises(StoreError):
        record.save(b"third")
    files.lies = "nothing"
    assert Record(files, FOLDER, 1, twins=twins).load() == b"second"
    record.save(b"fourth")
    assert Record(files, FOLDER, 1, twins=twins).load() == b"fourth"


def test_what_did_not_read_back_is_withdrawn(files: Liar) -> None:
    """It was refused, and may read well after a reset."""
    record = Record(files, FOLDER, 1)
    record.load()
    record.save(b"first")
    files.lies = "reads otherwise"
    with pytest.raises(StoreError):
        record.save(b"second")
    files.lies = "nothing"
    assert Record(files, FOLDER, 1).load() == b"first"
