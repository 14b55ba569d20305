"""Sets of files for the tests: this checkout's, and one that differs from it in every way."""

from dataclasses import replace

from emulator.bench import file_set, manifest

OTHER_VERSION = "0.0.9"
CHANGED = "firmware/monitor/heartbeat.mpy"
OLD_MODULE = "firmware/relic/old.mpy"  # only there, in a folder of its own


def this() -> dict[str, bytes]:
    """The set of this checkout."""
    return dict(file_set.slot_files())


def sealed(files: dict[str, bytes], **changes: object) -> dict[str, bytes]:
    """The files with a manifest that is true of them, but for the changes."""
    content = {path: data for path, data in files.items() if path != manifest.NAME}
    digests = manifest.digests(content)
    found = manifest.parse(files[manifest.NAME])
    fresh = replace(found, files=digests, **changes)  # type: ignore[arg-type]
    return {**content, manifest.NAME: fresh.to_bytes()}


def version_of(files: dict[str, bytes]) -> str:
    """As its manifest says; its module firmware.version says the same."""
    return manifest.parse(files[manifest.NAME]).version


def older() -> dict[str, bytes]:
    """A set with changed modules and one too many, that still starts."""
    program = dict(file_set.modules())
    text = f'VERSION = "{OTHER_VERSION}"\n'
    program["firmware/version.mpy"] = file_set._compile_text("firmware/version.py", text)
    relic = "firmware/relic/__init__.py"
    program[OLD_MODULE] = file_set._compile_text(relic, "OLD = 1\n")
    program[CHANGED] = file_set._compile_text(CHANGED, "class Heartbeat:\n    pass\n")
    return file_set.slot_of(program, version=OTHER_VERSION)


def on_board(slots: dict[str, dict[str, bytes]], in_force: str) -> dict[str, bytes]:
    """What lies on a board with these slots."""
    found = {**file_set.root_files(), "slot": in_force.encode(), file_set.NEW_FILE: b""}
    for slot, files in slots.items():
        found.update({f"{slot}/{path}": data for path, data in files.items()})
    return found
