"""The virtual board of the command line: a virtual Pico whose files outlive the command.

What `flash --virtual` puts there, `verify --virtual` and `doctor --virtual` find again. Blank when
it is new, as a board that has just got MicroPython's image.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulator.bench import boards, image
from emulator.bench.boards.kind import SERVICE_GPIO
from emulator.bench.pico import VirtualPico
from emulator.bench.virtual_cable import VirtualCable
from emulator.bench.wiring import BoardWorld, as_world
from emulator.plant.plant import Plant

NAME = "virtual_pico.files"  # the board's file system, block by block


def default_path() -> Path:
    """Where the files of the virtual board are kept if nobody says otherwise."""
    return image.cache_folder() / NAME


@contextmanager
def plugged_in(image_file: Path, kept: Path, with_plant: bool) -> Iterator[VirtualCable]:
    """The board on its cables, powered on; its files are kept at the end, whatever happens.

    with_plant: whether the pump's parts are wired to it. Raises GuestPanicError instead of an
    error that came of it, and OSError where the files cannot be kept.
    """
    pico = VirtualPico(image_file, flash=_flash(image_file, kept))
    pico.drive(SERVICE_GPIO, 0)  # the jumper is in: else who flashed a release would be shut out
    if with_plant:
        Plant(as_world(BoardWorld(pico)))
    cable = VirtualCable(pico)
    try:
        with cable:
            yield cable
    except Exception as error:
        if cable.fault is not None:
            raise cable.fault from error
        raise
    finally:
        _keep(pico, kept)


def _flash(image_file: Path, kept: Path) -> bytes:
    """Image and files, as they lie in the chip."""
    kind = boards.known()[boards.DEFAULT]
    if not kept.is_file():
        return VirtualPico(image_file).flash
    files = kept.read_bytes()
    if len(files) != kind.fs_bytes:
        raise OSError(f"{kept} does not hold the files of a {kind.title}: remove it")
    return VirtualPico(image_file).flash[: kind.fs_start] + files


def _keep(pico: VirtualPico, kept: Path) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_name(kept.name + ".new")
    fresh.write_bytes(pico.flash[pico.kind.fs_start :])
    fresh.replace(kept)
