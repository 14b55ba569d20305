"""pump-board in this process, and a pump that says hello at a pseudo-terminal."""

import json
import os
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

import click.testing

from emulator.bench.cli import main
from emulator.rig import Rig
from emulator.serve import Server
from emulator.story.ports import PtyPort

OK, FAILED, USAGE, LINK = 0, 1, 2, 3


class Done:
    """What came of a command. text: all that a person saw; stdout: of it, what is no error."""

    def __init__(self, *args: str) -> None:
        done = click.testing.CliRunner().invoke(main, args)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        self.code = done.exit_code
        self.text = done.output
        assert "Traceback" not in self.text
        self.stdout = done.stdout

    @property
    def plain(self) -> Any:
        return json.loads(self.stdout)


class _Flashed(Rig):
    """A pump that was started as the set with this manifest."""

    def __init__(self, digest: bytes) -> None:
        super().__init__()
        self.world.pump.manifest_hash = digest


@contextmanager
def answering(digest: bytes) -> Iterator[str]:
    """The port of a pump that runs the set with this manifest hash, served while it is asked."""
    port = PtyPort()
    server = Server(_Flashed(digest), port)
    going = True
    thread = threading.Thread(target=lambda: server.run(lambda: going), daemon=True)
    thread.start()
    try:
        yield port.name
    finally:
        going = False
        thread.join()
        port.close()


class Stranger:
    """A port at which somebody sends this and answers nothing."""

    def __init__(self, says: bytes = b"") -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        os.write(self._master, says)

    def __enter__(self) -> "Stranger":
        return self

    def __exit__(
        self,
        kind: "type[BaseException] | None",
        error: "BaseException | None",
        trace: "TracebackType | None",
    ) -> None:
        os.close(self._master)
        os.close(self._slave)
