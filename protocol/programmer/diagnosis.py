"""Why there is no answer: what was found out, in words, and what to try.

A failed link is one of a few usual things. Each has its own code, so that a script can tell them
apart, and its own advice, so that a person need not know this program.
"""

import errno
import socket
from typing import NamedTuple

from protocol import names
from protocol.programmer.exchange import (
    Evidence,
    NoAnswer,
    Undecided,
    VersionMismatch,
    WrongAnswer,
)
from protocol.programmer.link import BAUD, LinkError
from protocol.wire import schema

_PRINTABLE_PART = 0.9  # a wrong baud rate gives about a third of printable bytes, text gives all


class Finding(NamedTuple):
    """code: for scripts. what: what was found. action: what to try."""

    code: str
    what: str
    action: str


_ACTIONS = {
    "PORT_MISSING": (
        "Plug it in, or start what serves there; list the ports that are there: "
        "`pump-programmer ports`."
    ),
    "PORT_DENIED": (
        "Ask for the right to use serial ports; on Linux: `sudo usermod -a -G dialout $USER`, "
        "then log in anew."
    ),
    "PORT_BUSY": "Close the other program: a terminal, another programmer, a served emulator.",
    "PORT_NOT_SERIAL": "List the serial ports that are there: `pump-programmer ports`.",
    "NOBODY_LISTENS": (
        "Start what should listen there (`pump-emulator serve --tcp PORT`); check the number."
    ),
    "HOST_UNKNOWN": "Check the name of the host, and the network.",
    "URL_WRONG": (
        "Give a device (/dev/ttyACM0, COM4), socket://HOST:PORT, or emu://?seed=1. "
        "`pump-programmer ports` lists the devices."
    ),
    "HUNG_UP": (
        "A served pump talks to one client at a time: close the other one. Without another one: "
        "has the server ended?"
    ),
    "PORT_FAILED": "Unplug and plug the adapter; try another cable or another port.",
    "SILENT": (
        "Check, in this order: is it the right port (`pump-programmer ports`)? Has the pump "
        "power? Is its TX at our RX, its RX at our TX, ground at ground? Does the firmware run?"
    ),
    "ECHO": (
        "TX and RX are joined: look for a loop-back plug, a short, or a one-wire adapter "
        "that sends back what it gets."
    ),
    "PROMPT": (
        "This is an interpreter's prompt or a log, not the pump's protocol: start the firmware, "
        "and use the port of its UART."
    ),
    "GARBAGE": (
        f"Usually the two ends have different baud rates: the pump speaks {BAUD}, 8N1. "
        "Else look for a missing ground, a long cable, a wrong voltage level."
    ),
    "STRANGERS": "Another programmer may use the same pump: close it, then try again.",
    "OTHER_SCHEMA": "Use the programmer that came with this firmware, or update the firmware.",
    "UNDECIDED": "Close any other programmer, and read `status` before anything else.",
    "WRONG_ANSWER": "Report it: programmer or firmware is faulty. Do not program this pump.",
}

# What the system says when a port cannot be opened.
_ERRNO = {
    errno.ENOENT: "PORT_MISSING",
    errno.ENXIO: "PORT_MISSING",
    errno.ENODEV: "PORT_MISSING",
    errno.EACCES: "PORT_DENIED",
    errno.EPERM: "PORT_DENIED",
    errno.EBUSY: "PORT_BUSY",
    errno.EAGAIN: "PORT_BUSY",
    errno.EISDIR: "PORT_NOT_SERIAL",
    errno.ENOTTY: "PORT_NOT_SERIAL",
    errno.ECONNREFUSED: "NOBODY_LISTENS",
    errno.EHOSTUNREACH: "HOST_UNKNOWN",
    errno.ENETUNREACH: "HOST_UNKNOWN",
}
_WHAT = {
    "PORT_MISSING": "There is no port {url}.",
    "PORT_DENIED": "You may not use {url}.",
    "PORT_BUSY": "{url} is in use by another program.",
    "PORT_NOT_SERIAL": "{url} is no serial port.",
    "NOBODY_LISTENS": "Nothing listens at {url}.",
    "HOST_UNKNOWN": "The host of {url} cannot be reached.",
    "URL_WRONG": "{url} is no port and no URL of one: {cause}.",
    "HUNG_UP": "{url} hung up: {cause}.",
    "PORT_FAILED": "{url} failed: {cause}.",
}


def diagnose(error: Exception, url: str) -> Finding:
    """What stands behind an error of the link. Raises TypeError for any other error."""
    if isinstance(error, LinkError):
        return _of_link(error)
    if isinstance(error, Undecided):
        return _of_undecided(error)
    if isinstance(error, NoAnswer):
        return _of_silence(error, url)
    if isinstance(error, VersionMismatch):
        return _of_version(error, url)
    if isinstance(error, WrongAnswer):
        return Finding("WRONG_ANSWER", f"{error}.", _ACTIONS["WRONG_ANSWER"])
    raise TypeError(f"no error of the link: {error!r}")


def _of_link(error: LinkError) -> Finding:
    code = _code_of(error.cause)
    if code == "PORT_FAILED" and error.url.startswith("socket:"):
        code = "HUNG_UP"
    what = _WHAT[code].format(url=error.url, cause=error.cause)
    return Finding(code, what, _ACTIONS[code])


def _code_of(cause: BaseException) -> str:
    """pyserial hides some system errors behind its own: look through the chain."""
    seen: BaseException | None = cause
    while seen is not None:
        if isinstance(seen, socket.gaierror):
            return "HOST_UNKNOWN"
        if isinstance(seen, TimeoutError):
            return "NOBODY_LISTENS"
        if (number := _number_of(seen)) in _ERRNO:
            return _ERRNO[number]
        if isinstance(seen, (ValueError, TypeError)):
            return "URL_WRONG"
        seen = seen.__context__
    return "PORT_FAILED"


def _number_of(error: BaseException) -> int | None:
    """The system's number of an error; termios.error, which is no OSError, has it in front."""
    if isinstance(error, OSError):
        return error.errno
    first = error.args[0] if error.args else None
    return first if isinstance(first, int) else None


def _of_silence(error: NoAnswer, url: str) -> Finding:
    evidence = error.evidence
    asked = names.MESSAGES[error.kind]
    code = _code_of_evidence(evidence)
    what = {
        "SILENT": f"{url} was opened, {asked} was sent several times, and not one byte came back.",
        "ECHO": f"{url} sends back what we send, and nothing else.",
        "PROMPT": f"{url} answers with text: {_excerpt(evidence)}",
        "GARBAGE": (
            f"{url} answers with {evidence.received_bytes} bytes that are no frames: "
            f"{evidence.sample[:16].hex(' ')}"
        ),
        "STRANGERS": f"{url} carries {evidence.strangers} sound answers to somebody else.",
    }[code]
    return Finding(code, what, _ACTIONS[code])


def _of_undecided(error: Undecided) -> Finding:
    asked = names.MESSAGES[error.kind]
    refused = error.refused
    why = f"No answer to {asked} came, and its repeat was refused ({refused.name})."
    if refused.code == schema.FAULTED:
        why = f"A fault of the pump came before or in {asked} ({refused.name})."
    elif refused.code in (schema.NO_SESSION, schema.OUT_OF_SEQUENCE):
        why = why[:-1] + ": it lost power meanwhile, or another programmer is on the line."
    what = f"{why} It is not known whether it took effect."
    return Finding("UNDECIDED", what, _ACTIONS["UNDECIDED"])


def _code_of_evidence(evidence: Evidence) -> str:
    if not evidence.received_bytes:
        return "SILENT"
    if evidence.strangers:
        return "STRANGERS"
    if evidence.echoes:
        return "ECHO"
    text = sum(32 <= byte <= 126 or byte in b"\r\n\t\x1b" for byte in evidence.sample)
    return "PROMPT" if text > _PRINTABLE_PART * len(evidence.sample) else "GARBAGE"


def _excerpt(evidence: Evidence) -> str:
    lines = evidence.sample.decode("ascii", "replace").split()
    return '"' + " ".join(lines)[-60:] + '"'


def _of_version(error: VersionMismatch, url: str) -> Finding:
    what = (
        f"The pump at {url} (firmware {error.firmware_version}) speaks protocol "
        f"{error.protocol_version}, schema {error.schema_hash:08X}; this programmer speaks "
        f"protocol {schema.PROTOCOL_VERSION}, schema {schema.SCHEMA_HASH:08X}. "
        "Nothing was sent but hello."
    )
    return Finding("OTHER_SCHEMA", what, _ACTIONS["OTHER_SCHEMA"])
