"""A board's disk with the program on it: files that littlefs never moves, and never wears."""

from littlefs import lfs

from emulator.bench import file_set
from emulator.little_disk import LittleDisk
from tests.bench import sets

SLOTS = ("a", "b")  # an update leaves the set before in the other one


def with_program(count: int, release: bool) -> tuple[LittleDisk, int]:
    """(mounted, blocks that are the program's and the root's). count: sets on it, 1 or 2."""
    disk = LittleDisk()
    disk.mount()
    files = dict(file_set.slot_files(release))
    made = set()
    for path, data in sets.on_board(dict.fromkeys(SLOTS[:count], files), "a").items():
        folders = path.split("/")[:-1]
        for depth in range(len(folders)):
            folder = "/" + "/".join(folders[: depth + 1])
            if folder not in made:
                disk.mkdir(folder)
                made.add(folder)
        with disk.open("/" + path, "wb") as file:
            file.write(data)
    return disk, int(disk.call(lfs.fs_size))
