"""Copies of this process: what one does to the objects in it, a virtual Pico too, the others and
the original never see. So a board is brought somewhere once, and goes on from there many times."""

import os
import pickle
import traceback
from collections.abc import Callable
from typing import Any


class CopyError(Exception):
    """What was done in the copy raised; the message is its traceback."""


def in_a_copy(act: Callable[..., Any], *arguments: Any) -> Any:
    """What ``act(*arguments)`` returns in a copy of this process, which ends with it.

    The result, but nothing else of it, comes back. POSIX only.
    """
    reads, writes = os.pipe()
    child = os.fork()
    if not child:
        os.close(reads)
        _answer(writes, act, arguments)
    os.close(writes)
    with os.fdopen(reads, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if not answer:
        raise CopyError("the copy ended without a word")
    result, error = pickle.loads(answer)
    if error:
        raise CopyError(error)
    return result


def _answer(writes: int, act: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Never comes back: what the original has to put away at its end is not the copy's."""
    try:
        try:
            answer = (act(*arguments), "")
        except Exception:
            answer = (None, traceback.format_exc())
        with os.fdopen(writes, "wb") as pipe:
            pickle.dump(answer, pipe)
    finally:
        os._exit(0)
