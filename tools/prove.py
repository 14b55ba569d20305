"""Measures what the project promises: build/figures.json and a table.

    python -m tools.prove [ID ...]       all figures, or those whose id starts so

Subjects are measured side by side, speed by itself after them. Exit code 1 where a promise does
not hold. It measures; no number is copied from a document.
"""

import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from tools.figures.figure import Figure

SUBJECTS = ("storage", "board_storage", "board", "memory", "spine", "log")  # the longest first
BY_ITSELF = "speed"
OUT = Path("build/figures.json")


def figures_of(module: ModuleType) -> list[Figure]:
    """The figures that a module defines, in its order."""
    return [value for value in vars(module).values() if isinstance(value, Figure)]


def line(row: dict[str, Any]) -> str:
    """One row of the table."""
    sign = ">=" if row["better"] == "more" else "<="
    measured = row["measured"]
    shown = f"{measured:,.4g}" if isinstance(measured, float) else f"{measured}"
    verdict = "holds" if row["holds"] else "FAILS"
    text = f"{row['id']:<10} {verdict:<6} {shown:>12} {sign} {row['gate']:<11,} {row['unit']:<24}"
    return f"{text} {row['promise']}" + (f" [{row['remark']}]" if row["remark"] else "")


def measured(wanted: list[str], subject: str) -> list[dict[str, Any]]:
    """The rows of a subject, each printed when it is there."""
    rows = []
    for figure in figures_of(import_module(f"tools.figures.{subject}")):
        if wanted and not figure.ident.startswith(tuple(wanted)):
            continue
        start_s = time.monotonic()
        row = figure.row()
        row["took_s"] = round(time.monotonic() - start_s, 1)
        rows.append(row)
        print(line(row), flush=True)
    return rows


def main(wanted: list[str]) -> int:
    """Measure, print, write."""
    with ProcessPoolExecutor() as pool:
        found = list(pool.map(partial(measured, wanted), SUBJECTS))
    rows = [row for rows in [*found, measured(wanted, BY_ITSELF)] for row in rows]
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(rows, indent=2) + "\n")
    failed = [row["id"] for row in rows if not row["holds"]]
    print(f"{len(rows) - len(failed)} of {len(rows)} hold; {OUT}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
