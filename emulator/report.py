"""One self-contained HTML page about a run: plots, account, alarms, story, checks.

Needs no network. Everything in it comes from the chronicle of the run and from its checks.
"""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from emulator.story import curves, figure
from emulator.story.account import VOLUMES, Account
from emulator.story.chronicle import Chronicle
from emulator.story.expectations import Check
from emulator.story.timeline import Dial, meaning, measured, timeline
from protocol.programmer.texts import PRIORITIES

NOTICE = "For development and research. Never for use on people or animals."

_SOURCES = {
    "prescribed": "exact sum of the confirmed prescription, held or not",
    "commanded": "firmware's step ledger x calibrated volume of a step",
    "verified": "firmware's step ledger: steps that the encoder saw",
    "delivered": "plant's own ledger, from its own geometry",
    "missed": "prescribed less delivered; never caught up",
    "let_go": "plant's ledger; part of delivered, late and all at once",
    "stored": "plant's ledger, at the end",
    "leaked": "plant's ledger",
    "returned": "plant's ledger: the head is not perfectly tight",
}
_ALWAYS = ("prescribed", "commanded", "verified", "delivered", "missed", "let_go")
_SMALL_NL = 1.0  # rows of less than this are left out, but for those that are always there

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 1180px;
       margin: 0 auto; padding: 18px 24px 60px; }
h1 { font-size: 25px; margin: 14px 0 2px; } h2 { font-size: 18px; margin: 30px 0 8px; }
.notice { background: #fff4e0; border-left: 5px solid #d55e00; padding: 7px 14px;
          font-weight: 600; }
.about { color: #555; margin: 0 0 14px; }
.verdict { display: inline-block; padding: 3px 12px; border-radius: 4px; font-weight: 600;
           color: #fff; background: #00734f; } .verdict.failed { background: #c1121f; }
.tiles { display: flex; flex-wrap: wrap; gap: 10px; margin: 16px 0 6px; }
.tile { border: 1px solid #ddd; border-radius: 6px; padding: 7px 13px; min-width: 100px; }
.tile b { display: block; font-size: 20px; } .tile span { color: #555; font-size: 13px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 5px 18px 5px 0; border-bottom: 1px solid #e4e4e4;
         vertical-align: top; }
th { color: #555; font-weight: 600; } td.n, th.n { text-align: right; white-space: nowrap; }
.n { font-variant-numeric: tabular-nums; } .alarm td { color: #c1121f; font-weight: 600; }
table.story { width: auto; } table.story td.n { padding-right: 22px; }
.ok { color: #00734f; font-weight: 600; } .bad { color: #c1121f; font-weight: 600; }
"""


class Subject(NamedTuple):
    """What a report is about. about: one line below the title. sources: of the prescription."""

    title: str
    about: str
    sources: Sequence[str] = ()


def write(
    path: Path, subject: Subject, chronicle: Chronicle, found: Account, checks: Sequence[Check]
) -> None:
    """Write the page. Raises ModuleNotFoundError where plotly is not installed, OSError."""
    plots = figure.draw(chronicle).to_html(
        full_html=False,
        include_plotlyjs=True,
        config={
            "displaylogo": False,
            "responsive": True,
            "modeBarButtonsToRemove": ["select2d", "lasso2d"],
        },
        div_id="plots",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_page(subject, chronicle, found, checks, plots), encoding="utf-8")


def _page(
    subject: Subject, chronicle: Chronicle, found: Account, checks: Sequence[Check], plots: str
) -> str:
    dial = Dial(chronicle)
    holds = all(check.holds for check in checks)
    said = "Every check holds" if holds else "A check failed: see below"
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(subject.title)}</title>',
        f"<style>{_STYLE}</style></head><body>",
        f'<div class="notice">{NOTICE}</div>',
        f"<h1>{escape(subject.title)}</h1>",
        f'<p class="about">{escape(subject.about)}</p>',
        f'<span class="verdict{"" if holds else " failed"}">{said}</span>',
        _tiles(found, chronicle),
        plots,
        "<h2>Account</h2>",
        _account(found),
        "<h2>Alarms</h2>",
        _alarms(chronicle, dial),
        "<h2>What happened</h2>",
        _story(chronicle, dial),
        "<h2>What was checked</h2>",
        _checks(checks),
        _sources(subject.sources),
        "</body></html>",
    ]
    return "\n".join(parts)


def _tiles(found: Account, chronicle: Chronicle) -> str:
    tiles = [
        (f"{found.mcg(name):.1f} mcg", label)
        for name, label in (
            ("prescribed", "prescribed"),
            ("commanded", "commanded"),
            ("delivered", "delivered by the plant"),
            ("missed", "missed, not caught up"),
            ("let_go", "stored, let go at once"),
        )
    ]
    held_ms = sum(until_ms - from_ms for from_ms, until_ms in chronicle.stretches("HELD"))
    tiles.append((f"{held_ms / 60_000:.0f} min", "delivery held"))
    tiles.append((str(len(chronicle.alarms)), "alarms raised"))
    shown = (
        f'<div class="tile"><b>{value}</b><span>{label}</span></div>' for value, label in tiles
    )
    return f'<div class="tiles">{"".join(shown)}</div>'


def _account(found: Account) -> str:
    names = [name for name in VOLUMES if name in _ALWAYS or abs(found.volume(name)) > _SMALL_NL]
    rows = [
        (
            escape(VOLUMES[name]),
            f"{found.mcg(name):.2f} mcg",
            f"{found.volume(name) / 1_000:.3f} uL",
            escape(_SOURCES[name]),
        )
        for name in names
    ]
    steps = (
        f"Steps: {found.commanded_steps:,} commanded, {found.verified_steps:,} verified by the "
        f"encoder, {found.unverified_steps:,} unverified; {found.head_steps:,} made by the plant."
    )
    return _table(("", "dose", "volume", "comes from"), rows, (1, 2)) + f"<p>{steps}</p>"


def _alarms(chronicle: Chronicle, dial: Dial) -> str:
    if not chronicle.alarms:
        return "<p>None.</p>"
    rows = [
        (
            escape(alarm.name),
            PRIORITIES[alarm.priority],
            measured(alarm),
            dial.clock(alarm.raised_ms),
            dial.clock(alarm.acknowledged_ms),
            dial.clock(alarm.cleared_ms),
            escape(meaning(alarm.name)),
        )
        for alarm in chronicle.alarms
    ]
    head = ("alarm", "priority", "at", "raised", "acknowledged", "condition gone", "meaning")
    return _table(head, rows, (2, 3, 4, 5))


def _story(chronicle: Chronicle, dial: Dial) -> str:
    lines = [
        f'<tr class="{moment.kind}"><td class="n">{dial.clock(moment.t_ms)}</td>'
        f"<td>{escape(moment.what)}</td></tr>"
        for moment in timeline(chronicle)
    ]
    axis = "the pump's clock" if dial.is_set else "since power-on"
    head = f'<tr><th class="n">{axis}</th><th></th></tr>'
    return f'<table class="story">{head}{"".join(lines)}</table>'


def _checks(checks: Sequence[Check]) -> str:
    rows = [
        (
            '<span class="ok">holds</span>' if check.holds else '<span class="bad">FAILED</span>',
            escape(check.what),
            escape(check.found),
        )
        for check in checks
    ]
    return _table(("", "promise", "found"), rows)


def _sources(sources: Sequence[str]) -> str:
    window = (
        f"The delivered rate is the plant's volume at the tip over a window of "
        f"{curves.WINDOW_MS // 60_000} minutes around each point."
    )
    items = "".join(f"<li>{escape(source)}</li>" for source in sources)
    listed = f"<p>Sources of the prescription:</p><ul>{items}</ul>" if items else ""
    return f"<h2>Notes</h2><p>{window}</p>{listed}<p>{NOTICE}</p>"


def _table(head: Iterable[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> str:
    def line(cells: Iterable[str], tag: str) -> str:
        marked = (
            f"<{tag}{' class=n' if at in right else ''}>{cell}</{tag}>"
            for at, cell in enumerate(cells)
        )
        return f"<tr>{''.join(marked)}</tr>"

    return f"<table>{line(head, 'th')}{''.join(line(row, 'td') for row in rows)}</table>"
