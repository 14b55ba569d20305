"""Private attributes of a file of the device by short names, the same few in each file.

A board keeps each name that any file uses: 9 bytes of heap, and one for each letter. No other file
may use a private attribute, so what it is called is this file's own business. Methods keep their
names: a traceback tells them.
"""

import ast
import re
from collections.abc import Iterator
from itertools import product
from string import ascii_lowercase


def shortened(text: str) -> str:
    """A file that does the same, its private attributes `_a`, `_b`, ... in alphabetical order.

    Left alone: what is a method too, or the name of anything else than an attribute.
    """
    nodes = list(ast.walk(ast.parse(text)))
    assigned = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
    }
    others = {node.id for node in nodes if isinstance(node, ast.Name)}
    others |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    others |= {node.arg for node in nodes if isinstance(node, ast.arg | ast.keyword) if node.arg}
    names = sorted(name for name in assigned - others if re.match("_[a-z]", name))
    fresh = (name for name in _fresh() if not re.search(rf"\b{name}\b", text))
    for name, short in zip(names, fresh):
        text = re.sub(rf"(?<=\.){name}\b", short, text)
    return text


def _fresh() -> Iterator[str]:
    for length in (1, 2):
        for letters in product(ascii_lowercase, repeat=length):
            yield "_" + "".join(letters)
