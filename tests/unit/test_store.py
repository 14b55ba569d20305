"""A record on a file system that lies: what was not kept is an error, and never the newest."""

import pytest

from emulator.ram_disk import RamDisk
from firmware.files import Files
from firmware.store import Record, StoreError
from tests.kept import loaded, save

PATHS = ("/first/it", "/second/it")


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
    return Liar(disk, disk.open, disk)


def lying(files: Liar, lies: str, record: Record, payload: bytes) -> None:
    """A save that is refused."""
    files.lies = lies
    with pytest.raises(StoreError):
        record.save(payload)
    files.lies = "nothing"


@pytest.mark.parametrize("lies", ["not written", "another byte", "half of it"])
@pytest.mark.parametrize("twins", [False, True])
def test_every_write_is_read_back(files: Liar, twins: bool, lies: str) -> None:
    record, _ = loaded(files, PATHS, twins)
    save(record, b"first")
    save(record, b"second")
    lying(files, lies, record, b"third")
    assert loaded(files, PATHS, twins)[1] == b"second"
    save(record, b"fourth")
    assert loaded(files, PATHS, twins)[1] == b"fourth"


@pytest.mark.parametrize("twins", [False, True])
def test_what_did_not_read_back_is_replaced_by_what_holds(files: Liar, twins: bool) -> None:
    """It was refused, and may read well after a reset."""
    record, _ = loaded(files, PATHS, twins)
    save(record, b"first")
    lying(files, "reads otherwise", record, b"second")
    assert record.is_half
    record.complete()
    assert not record.is_half
    assert [files.read(path)[8:-4] for path in PATHS] == [b"first", b"first"]
    assert loaded(files, PATHS, twins)[1] == b"first"


@pytest.mark.parametrize("twins", [False, True])
def test_what_one_generation_only_holds_is_in_both_once_it_is_loaded(
    files: Liar, twins: bool
) -> None:
    """Of twins; others are written in turn. Where it cannot be written it is as before."""
    record, _ = loaded(files, PATHS, twins)
    save(record, b"first")
    record.save(b"second")
    for lies in ("not written", "nothing"):
        files.lies = lies
        again = Record(files, PATHS, 1, twins=twins)
        assert again.load() == b"second"
        assert again.is_half == (twins and lies != "nothing")
    content = {files.read(path)[8:-4] for path in PATHS}
    assert content == ({b"second"} if twins else {b"first", b"second"})


def test_the_first_of_all_is_gone_where_it_was_refused(files: Liar) -> None:
    record, _ = loaded(files, PATHS)
    lying(files, "reads otherwise", record, b"first")
    record.complete()
    assert loaded(files, PATHS)[1] is None


def test_one_generation_that_is_damaged_alone_was_something(files: Liar) -> None:
    """The other one is not there: it is not as if nothing had ever been saved."""
    record, _ = loaded(files, PATHS)
    record.save(b"first")
    files.write(PATHS[0], b"no record")
    record, found = loaded(files, PATHS)
    assert (found, record.damaged) == (None, 1)


@pytest.mark.parametrize("twins", [False, True])
def test_what_an_older_firmware_left_moves_and_is_then_forgotten(files: Liar, twins: bool) -> None:
    files.list("/old")
    old = ("/old/0", "/old/1")
    record, _ = loaded(files, ("/old/0", "/old/1"), twins)
    for payload in (b"first", b"second"):
        save(record, payload)
    paths = (*PATHS, *old, "/old/settle", "/old")
    assert loaded(files, paths, twins)[1] == b"second"
    assert files.read(old[1])[8:-4] == b"second", "the power may fail before the other is written"
    assert [files.read(path)[8:-4] for path in PATHS] == [b"second", b"second"]
    record, found = loaded(files, paths, twins)
    assert found == b"second"
    for path in old:
        with pytest.raises(OSError, match="2"):
            files.read(path)
    save(record, b"third")
    assert loaded(files, PATHS, twins)[1] == b"third"
