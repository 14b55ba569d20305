"""`pump-board flash`: the set of this checkout on a board, or in one file for a blank one."""

from pathlib import Path
from typing import Any

import click

from emulator.bench import boards, checkout, file_set, identity, image, uf2
from emulator.bench.cli_parts import (
    BoardApp,
    Target,
    image_option,
    kept_option,
    kind_option,
    line_option,
    port_option,
    progress_on,
    target,
    virtual_option,
)
from emulator.bench.flash import Flashed, FlashError, build_and_flash, hello_faults
from emulator.bench.image import ImageError
from emulator.bench.transport import UsbTransport
from emulator.cli_parts import file_option, json_option
from protocol.programmer.answers import HelloAnswer
from protocol.programmer.show import state as state_words

_NO_LINE = (
    "The pump's hello was not looked for: it comes on the programmer's line (UART0), not on USB.\n"
    "To see it: connect a 3.3 V serial adapter to UART0 (docs/boards.md), then\n"
    "  pump-programmer --port ADAPTER interrogate      or flash with --programmer-port ADAPTER"
)


@click.command()
@port_option
@virtual_option
@click.option("--release", is_flag=True, help="No bench files, and no REPL on USB.")
@kind_option
@line_option
@file_option("--uf2", "uf2_file", None, "Write one file for a blank board instead: image and set.")
@image_option
@kept_option
@json_option
def flash(
    port: str | None,
    is_virtual: bool,
    release: bool,
    kind: str | None,
    line: str | None,
    uf2_file: Path | None,
    image_file: Path | None,
    kept: Path | None,
    as_json: bool,
) -> None:
    """Put this checkout's firmware on a board, check it, start it.

    All modules compiled, in one file, with a manifest; a file that lies there already is not
    written again. Read back and compared before it is put in force: an interruption anywhere
    leaves the old set running.
    Whatever runs on the board is stopped, motor off.
    """
    app = BoardApp(as_json)
    if uf2_file is not None:
        if port or is_virtual or line:
            raise click.UsageError("--uf2 writes a file: give no board beside it")
        with app.errors():
            _write_uf2(app, uf2_file, release, kind or boards.DEFAULT, image_file)
        return
    with app.errors(), target(port, is_virtual, image_file, kept, line) as found:
        _flash(app, found, release, kind)


def _flash(app: BoardApp, found: Target, release: bool, kind: str | None) -> None:
    board = UsbTransport(found.port, app.wait)
    try:
        what = identity.ask(board)
        kind = identity.kind_for(what, kind)
        identity.check_image(what, checkout.manifest_for(kind, release).mpy_version)
        app.say(f"{what}, at {found.port}")
        done = build_and_flash(board, kind, release, progress_on(app, "flashing"))
        app.screen.end_progress()
        board.reset()
    finally:
        board.close()
    app.say(_words(done), "The board has been reset.")
    hello = _hello(app, found, done)
    app.end({"board": vars(what), **_plain(done, hello)}, True)


def _hello(app: BoardApp, found: Target, done: Flashed) -> HelloAnswer | None:
    """What the pump says of itself; None where nobody could hear it."""
    if found.line is None:
        app.say("", _NO_LINE)
        return None
    with app.line_errors(found.line):
        hello = found.hello(app.wait)
    if faults := hello_faults(hello, done.manifest):
        raise FlashError(f"The set is on the board, and another one runs: {'; '.join(faults)}.")
    app.say(
        f"Hello from the pump: version {hello['firmware_version']}, the same manifest.",
        f"State {state_words(hello['state'])}",
    )
    return hello


def _words(done: Flashed) -> str:
    what = done.manifest
    mode = "a release" if what.release else "not a release: REPL on USB, bench files"
    work = (
        f"{len(done.written)} files written, {len(done.copied)} copied on the board, {done.kept} "
        "were there already."
        if done.changed
        else "All of it was there already: nothing was written."
    )
    return (
        f"{work}\nRead back: all of it is as the manifest says, {len(what.modules)} modules.\n"
        f"In force: slot {done.slot}, version {what.version}, manifest {what.digest.hex()[:16]}, "
        f"{mode}, {what.wiring} wiring."
    )


def _plain(done: Flashed, hello: HelloAnswer | None) -> dict[str, Any]:
    return {
        "slot": done.slot,
        "version": done.manifest.version,
        "manifest_hash": done.manifest.digest.hex(),
        "release": done.manifest.release,
        "wiring": done.manifest.wiring,
        "written": done.written,
        "copied": done.copied,
        "kept": done.kept,
        "hello": hello and {**hello, "manifest_hash": hello["manifest_hash"].hex()},
    }


def _write_uf2(
    app: BoardApp, path: Path, release: bool, kind: str, image_file: Path | None
) -> None:
    board = boards.known()[kind]
    if image_file is None and kind != boards.DEFAULT:
        raise ImageError(
            f"Give --image with MicroPython's {board.image} image, 1.27 or later, from "
            f"micropython.org: only the one for {boards.DEFAULT} is fetched."
        )
    content = uf2.build(image.find(image_file).read_bytes(), board, file_set.build(release, kind))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    what = checkout.manifest_for(kind, release)
    app.say(
        f"{path}: {len(content):,} bytes for a {board.title}: MicroPython, and version "
        f"{what.version}, manifest {what.digest.hex()[:16]}.",
        "Hold BOOTSEL while plugging the board in, and copy the file to the drive that appears.",
        "All that was on the board is lost.",
    )
    app.end({"file": str(path), "version": what.version, "manifest_hash": what.digest.hex()}, True)
