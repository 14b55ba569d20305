"""The little Markdown that the generated documents need."""

import textwrap
from collections.abc import Iterable

_WIDTH = 96


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def block(text: str) -> str:
    """Text that is shown as it is."""
    return f"```text\n{text.rstrip()}\n```"


def reflow(page: str) -> str:
    """Paragraphs and list items broken anew at the width of the page; all else is left alone."""
    done: list[str] = []
    open_lines: list[str] = []
    in_block = False
    for line in [*page.splitlines(), ""]:
        is_fence = line.startswith("```")
        is_text = not (in_block or is_fence or line == "" or line[0] in "|#")
        if open_lines and (not is_text or line.startswith("- ")):
            done += _broken(open_lines)
            open_lines = []
        if is_text:
            open_lines.append(line)
        else:
            done.append(line)
        in_block ^= is_fence
    return "\n".join(done).rstrip() + "\n"


def _broken(lines: list[str]) -> list[str]:
    """One paragraph; what follows the first line of a list item is indented."""
    text = " ".join(line.strip() for line in lines)
    head = text.split(" ")[0]
    is_item = head == "-" or (head.endswith(".") and head[:-1].isdecimal())
    indent = " " * (len(head) + 1) if is_item else ""
    return textwrap.wrap(
        text, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
