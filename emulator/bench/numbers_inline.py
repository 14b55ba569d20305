"""Numbers that one file of the device has from another, written out where they stand.

A board then keeps neither the name nor the place in the other file: about 6 bytes of heap for each
letter of it. Only integers that are assigned once, at the top of a file, and only where they are
read; what is written out is the value that CPython has for the same name.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

Numbers = Mapping[str, Mapping[str, int]]  # module -> name -> value
_ALLOWED = (ast.Expression, ast.Constant, ast.UnaryOp, ast.BinOp, ast.unaryop, ast.operator)


class _Span(NamedTuple):
    """A piece of the text, in lines from 1 and bytes from 0, and what stands there instead."""

    line: int
    column: int
    end_line: int
    end_column: int
    instead: str


def numbers_in(text: str) -> dict[str, int]:
    """The numbers that a file defines: public names in capitals, assigned once."""
    found: dict[str, int] = {}
    tree = ast.parse(text)
    targets = [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
            continue
        name = node.targets[0].id
        if not name.isupper() or name[0] == "_" or targets.count(name) > 1:
            continue
        parts = ast.walk(ast.Expression(node.value))
        if all(isinstance(part, _ALLOWED) for part in parts):
            value = eval(compile(ast.Expression(node.value), name, "eval"), {})
            if type(value) is int:
                found[name] = value
    return found


def written_out(text: str, numbers: Numbers) -> str:
    """A file with the numbers of other modules in their places, and without their imports."""
    tree = ast.parse(text)
    modules: dict[str, str] = {}  # name here -> module
    values: dict[str, int] = {}  # name here -> value
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    for node in imports:
        for alias in node.names:
            name = alias.asname or alias.name
            known = numbers.get(node.module or "", {})
            if alias.name in known:
                values[name] = known[alias.name]
            elif f"{node.module}.{alias.name}" in numbers:
                modules[name] = f"{node.module}.{alias.name}"
    spans = list(_read(tree, modules, values, numbers))
    replaced = {(span.line, span.column) for span in spans}
    used = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and (node.lineno, node.col_offset) not in replaced
    }
    for node in imports:
        kept = [one for one in node.names if (one.asname or one.name) in used]
        known_here = [one for one in node.names if (one.asname or one.name) in {*modules, *values}]
        if known_here and len(kept) < len(node.names):
            spans.append(_of(node, _import(node, kept)))
    return _with(text, spans)


def _read(
    tree: ast.AST, modules: Mapping[str, str], values: Mapping[str, int], numbers: Numbers
) -> Iterator[_Span]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            known = numbers.get(modules.get(node.value.id, ""), {})
            if isinstance(node.ctx, ast.Load) and node.attr in known:
                yield _of(node, f"({known[node.attr]})")
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in values:
            yield _of(node, f"({values[node.id]})")


def _of(node: ast.expr | ast.stmt, instead: str) -> _Span:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return _Span(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, instead)


def _import(node: ast.ImportFrom, kept: list[ast.alias]) -> str:
    if not kept:
        return ""
    names = [one.name + (f" as {one.asname}" if one.asname else "") for one in kept]
    return f"from {node.module} import {', '.join(names)}"


def _with(text: str, spans: list[_Span]) -> str:
    """Lines stay as many as they were, but for those of imports."""
    lines = [line.encode() for line in text.splitlines(keepends=True)]
    for span in sorted(spans, reverse=True):
        first, last = lines[span.line - 1], lines[span.end_line - 1]
        joined = first[: span.column] + span.instead.encode() + last[span.end_column :]
        lines[span.line - 1 : span.end_line] = [joined]
    return b"".join(lines).decode()
