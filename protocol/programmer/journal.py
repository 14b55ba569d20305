"""What is under way to a pump: written down before a change is sent, crossed out at its answer.

A cut line leaves the entry, and so does an answer that does not say whether it took effect;
`pump-programmer reconcile` finds out from the pump what became of it. One file an entry, in a
folder of this user: two programmers at once do not disturb each other.
"""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from protocol import names
from protocol.wire import codec, schema


class JournalError(Exception):
    """The journal forbids the change, or cannot be used."""


@dataclass(frozen=True)
class Entry:
    """One change under way.

    serial: of the pump as it told it; None where it was not greeted. port: as the user gave it.
    command, counter, payload: of the request; payload in hexadecimal. newest_event, chain: the end
    of the pump's log just before, chain in hexadecimal; -1, "" where it was not asked. sent_s:
    when, in seconds of this computer's local time since 2000-01-01. before: what the pump held
    just before (held.py); empty where it was not asked.
    """

    serial: str | None
    port: str
    command: int
    counter: int
    payload: str
    newest_event: int
    chain: str
    sent_s: int
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Of the command."""
        return names.MESSAGES[self.command]

    @property
    def fields(self) -> dict[str, Any]:
        """Of the request."""
        return codec.decode(self.command, bytes.fromhex(self.payload))

    def is_for(self, serial: str, port: str) -> bool:
        """Whether it went to the pump with this serial number, at this port."""
        if self.serial is None:
            return self.port == port
        return serial in (self.serial, self.fields.get("serial"))


class Journal:
    """The entries in a folder, which is made when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, entry: Entry) -> Path:
        """Write down what is about to be sent; on the disk on return.

        Raises JournalError where an earlier change to this pump is still open: sent again by
        hand it might happen twice. STOP is never held up.
        """
        if entry.command != schema.STOP and self.open_for(entry.serial or "", entry.port):
            raise JournalError(
                "An earlier change to this pump was cut off, and nobody knows yet what became of "
                "it. Run `pump-programmer reconcile` first."
            )
        path = self._folder / f"{os.getpid()}-{entry.counter:010d}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8") as file:
                json.dump(asdict(entry), file)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise JournalError(
                f"The journal cannot be written, nothing was sent: {error}"
            ) from error
        return path

    def end(self, path: Path) -> None:
        """It was answered, or its fate is known."""
        path.unlink(missing_ok=True)

    def open_for(self, serial: str, port: str) -> dict[Path, Entry]:
        """The open changes to this pump, the oldest first.

        A pump that was being set up may have its new serial number already, or not yet; one that
        was not greeted is known by its port alone.
        """
        found = {path: one for path, one in self._all() if one.is_for(serial, port)}
        return dict(sorted(found.items(), key=lambda pair: pair[1].sent_s))

    def _all(self) -> list[tuple[Path, Entry]]:
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append((path, Entry(**json.loads(path.read_text(encoding="utf-8")))))
            except FileNotFoundError:
                continue  # another programmer has just ended it
            except (OSError, ValueError, TypeError) as error:
                raise JournalError(f"{path} cannot be read: {error}") from error
        return found


class Recorder:
    """Keeps the journal for one client. now_s: asked for this computer's local time, as sent_s."""

    def __init__(self, journal: Journal, port: str, now_s: Callable[[], int]) -> None:
        self._journal = journal
        self._port = port
        self._now_s = now_s
        self._path: Path | None = None

    def begin(
        self,
        serial: str | None,
        request: tuple[int, int, bytes],
        end_of_log: tuple[int, bytes],
        before: dict[str, Any],
    ) -> None:
        """A request (command, counter, payload) is about to be sent; see Journal.begin."""
        command, counter, payload = request
        newest, chain = end_of_log
        self._path = self._journal.begin(
            Entry(
                serial,
                self._port,
                command,
                counter,
                payload.hex(),
                newest,
                chain.hex(),
                self._now_s(),
                before,
            )
        )

    def end(self) -> None:
        """It was answered."""
        if self._path is not None:
            self._journal.end(self._path)
            self._path = None
