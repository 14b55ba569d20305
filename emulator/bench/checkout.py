"""The set of this checkout, and what is another one on a board."""

import hashlib

from emulator.bench import boards, file_set, manifest
from emulator.bench.file_set import BuildError
from emulator.bench.manifest import Manifest
from emulator.bench.survey import Survey


def manifest_for(kind: str = boards.DEFAULT, release: bool = False) -> Manifest:
    """Of the set that flash would put on this kind of board. Raises BuildError."""
    return manifest.parse(file_set.slot_files(release, kind)[manifest.NAME])


def known_digests() -> dict[bytes, str]:
    """Names of the sets that flash makes, by manifest hash; none where they cannot be made."""
    found: dict[bytes, str] = {}
    try:
        for kind in boards.known():
            for release in (False, True):
                what = manifest_for(kind, release)
                name = "the release of this checkout" if release else "the set of this checkout"
                found[what.digest] = name
    except (BuildError, ModuleNotFoundError):
        return {}
    return found


def differences(survey: Survey, kind: str = boards.DEFAULT) -> list[str]:
    """Why the board does not run the set of this checkout, in words; empty: it does.

    A release is compared with a release.
    """
    runs = survey.starts
    if runs is None:
        return ["no set on the board is sound: it starts nothing; use `pump-board flash`"]
    if runs.manifest is None:
        return [f"slot {runs.name}, which runs: {runs.unread}"]
    found = manifest.differences(runs.manifest, manifest_for(kind, runs.manifest.release))
    for name, content in file_set.root_files().items():
        if survey.files.get(name) != hashlib.sha256(content).hexdigest():
            found.append(f"/{name}: another content on the board, or none")
    if survey.in_force not in ("", runs.name):
        found.append(f"slot {survey.in_force} is in force and not sound: slot {runs.name} runs")
    return found
