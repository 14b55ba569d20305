"""The plots of a report: four above each other over the same time, alarms through all."""

import importlib
from typing import Any

from emulator.story import curves
from emulator.story.chronicle import Chronicle
from emulator.story.timeline import Dial
from firmware.monitor.pressure import OCCLUSION_PA, RELEASE_PA
from firmware.monitor.reservoir import EMPTY_NL, LOW_NL

# Told apart without colour vision too: Okabe and Ito's palette, and by dash.
_BLACK, _BLUE, _ORANGE, _GREEN, _PURPLE = "#222222", "#0072b2", "#d55e00", "#009e73", "#a0568c"
_RED, _GREY, _PAPER = "#c1121f", "#8a8a8a", "rgba(255,255,255,0.75)"
_ROWS = 4
_HEIGHTS = [0.38, 0.22, 0.2, 0.2]
_TITLES = (
    f"Rate: prescribed, and delivered at the tip (over {curves.WINDOW_MS // 60_000} min)",
    "Pressure at the pump's outlet",
    "Reservoir",
    "Missed: prescribed and not delivered, so far",
)
_MISSED_MCG_MIN = 5.0  # of the axis: what is less than a mcg shall look like it
_LABEL_PX = 17  # labels of alarms that follow each other closely stand in three lines
_ROOM = 1.35  # above the curve, for the labels
_HEADROOM = 2.2  # of the highest rate prescribed: above it a burst is cut off and written beside


def draw(chronicle: Chronicle) -> Any:
    """The figure. Raises ModuleNotFoundError where plotly is not installed."""
    # Plotly has no types, and only a report needs it.
    go = importlib.import_module("plotly.graph_objects")
    subplots = importlib.import_module("plotly.subplots")
    figure = subplots.make_subplots(
        rows=_ROWS,
        shared_xaxes=True,
        vertical_spacing=0.055,
        row_heights=_HEIGHTS,
        subplot_titles=_TITLES,
    )
    figure.update_annotations(x=0, xanchor="left", font={"size": 14})
    dial = Dial(chronicle)
    _add_rates(figure, go, chronicle, dial)
    missed = curves.behind(chronicle)
    for row, curve, name, colour in (
        (2, curves.pressure(chronicle), "outlet pressure", _ORANGE),
        (3, curves.reservoir(chronicle), "reservoir", _GREEN),
        (4, missed, "missed", _PURPLE),
    ):
        _add_line(figure, go, dial, row, curve, name, colour)
    most_mcg = max(*missed[1], _MISSED_MCG_MIN)
    figure.update_yaxes(range=[-0.06 * most_mcg, 1.15 * most_mcg], row=4)
    _add_limits(figure, chronicle)
    _add_marks(figure, go, chronicle, dial)
    _lay_out(figure, chronicle, dial)
    return figure


def _add_line(
    figure: Any, go: Any, dial: Dial, row: int, curve: curves.Curve, name: str, colour: str
) -> None:
    times, values = curve
    line = go.Scatter(
        x=_moments(dial, times),
        y=[round(value, 4) for value in values],
        name=name,
        mode="lines",
        line={"color": colour, "width": 2},
        showlegend=False,
    )
    figure.add_trace(line, row=row, col=1)


def _add_rates(figure: Any, go: Any, chronicle: Chronicle, dial: Dial) -> None:
    wanted_at, wanted = curves.prescribed(chronicle)
    given_at, given = curves.delivered(chronicle)
    for name, times, values, line in (
        ("delivered", given_at, given, {"color": _BLUE, "width": 3}),
        (
            "prescribed",
            wanted_at,
            wanted,
            {"color": _BLACK, "width": 1.5, "dash": "5px,3px", "shape": "hv"},
        ),
    ):
        rates = [round(value, 3) for value in values]
        curve = go.Scatter(x=_moments(dial, times), y=rates, name=name, mode="lines", line=line)
        figure.add_trace(curve, row=1, col=1)
    top = _ROOM * max(*given, *wanted, 1.0)
    if max(wanted) and top > max(wanted) * _HEADROOM:
        top = max(wanted) * _HEADROOM
        _name_bursts(figure, chronicle, dial, top)
    figure.update_yaxes(range=[-0.05 * top, top], row=1)


def _name_bursts(figure: Any, chronicle: Chronicle, dial: Dial, top: float) -> None:
    """What a release lets go in a second dwarfs every rate: the arrow says how much it was."""
    conc = chronicle.orders.conc_mcg_ml
    for t_ms, what, amount_nl in chronicle.happenings:
        if what == "release":
            figure.add_annotation(
                x=_moment(dial, t_ms),
                y=top,
                text=f"{amount_nl / 1e3:.1f} uL = {amount_nl * conc / 1e6:.1f} mcg let go at once",
                showarrow=True,
                arrowhead=2,
                ax=70,
                ay=22,
                xanchor="left",
                font={"color": _BLUE},
                row=1,
                col=1,
            )


def _add_limits(figure: Any, chronicle: Chronicle) -> None:
    """Thresholds of the pump:

    Those of pressure always, those of the reservoir where they are near.
    """
    lowest_nl = min(sample.reservoir_nl for sample in chronicle.samples)
    limits = [
        (2, OCCLUSION_PA / 1_000, f"alarm: {OCCLUSION_PA / 1_000:g} kPa"),
        (2, RELEASE_PA / 1_000, f"may resume: {RELEASE_PA / 1_000:g} kPa"),
    ]
    limits += [
        (3, limit_nl / 1e6, f"{name}: {limit_nl / 1e6:g} mL")
        for limit_nl, name in ((LOW_NL, "low"), (EMPTY_NL, "empty"))
        if lowest_nl < limit_nl * 1.05
    ]
    for row, level, name in limits:
        figure.add_hline(
            y=level,
            row=row,
            line={"color": _GREY, "width": 1, "dash": "dot"},
            annotation={"text": name, "font": {"size": 11, "color": "#666"}},
            annotation_position="top left",
        )


def _add_marks(figure: Any, go: Any, chronicle: Chronicle, dial: Dial) -> None:
    """Alarms as lines through all plots; the time without delivery, and of a kink, as a shade."""
    for from_ms, until_ms in chronicle.stretches("HELD") + chronicle.stretches("FAULT"):
        _add_shade(figure, dial, from_ms, until_ms, _RED)
    for from_ms, until_ms in _kinks(chronicle):
        _add_shade(figure, dial, from_ms, until_ms, _GREY)
        figure.add_annotation(
            x=_moment(dial, from_ms),
            y=0.66,
            yref="y domain",
            text="catheter<br>kinked",
            showarrow=False,
            xanchor="left",
            align="left",
            font={"size": 11, "color": "#444"},
            bgcolor=_PAPER,
        )
    for number, alarm in enumerate(chronicle.alarms):
        for t_ms, dash, colour in (
            (alarm.raised_ms, "solid", _RED),
            (alarm.acknowledged_ms, "dash", _ORANGE),
            (alarm.cleared_ms, "dot", _GREEN),
        ):
            if t_ms is not None:
                style = {"color": colour, "width": 1.6, "dash": dash}
                figure.add_vline(x=_moment(dial, t_ms), line=style)
        is_early = alarm.raised_ms < chronicle.end_ms / 4
        figure.add_annotation(
            x=_moment(dial, alarm.raised_ms),
            y=1,
            yref="y domain",
            yshift=-_LABEL_PX * (number % 3),
            text=f"<b>{alarm.name}</b> {dial.clock(alarm.raised_ms)[:5]}",
            showarrow=False,
            xanchor="left" if is_early else "right",
            yanchor="top",
            font={"color": _RED, "size": 12},
            bgcolor=_PAPER,
        )
    _add_keys(figure, go, bool(chronicle.alarms))


def _add_shade(figure: Any, dial: Dial, from_ms: int, until_ms: int, colour: str) -> None:
    figure.add_vrect(
        x0=_moment(dial, from_ms),
        x1=_moment(dial, until_ms),
        fillcolor=colour,
        opacity=0.1,
        line_width=0,
        layer="below",
    )


def _kinks(chronicle: Chronicle) -> list[tuple[int, int]]:
    """(from, until) of each time that the catheter was kinked."""
    found: list[tuple[int, int]] = []
    since_ms = -1
    for t_ms, what, amount in [*chronicle.happenings, (chronicle.end_ms, "release", 0.0)]:
        if what == "kink" and amount and since_ms < 0:
            since_ms = t_ms
        elif since_ms >= 0 and (what == "release" or (what == "kink" and not amount)):
            found.append((since_ms, t_ms))
            since_ms = -1
    return found


def _add_keys(figure: Any, go: Any, has_alarms: bool) -> None:
    """Lines and shades have no legend of their own: empty curves stand in for them."""
    if not has_alarms:
        return
    for name, dash, colour in (
        ("alarm raised", "solid", _RED),
        ("acknowledged", "dash", _ORANGE),
        ("condition gone", "dot", _GREEN),
    ):
        line = {"color": colour, "width": 1.6, "dash": dash}
        figure.add_trace(go.Scatter(x=[None], y=[None], name=name, mode="lines", line=line))
    shade = {"color": "rgba(193,18,31,0.16)", "size": 14, "symbol": "square"}
    figure.add_trace(
        go.Scatter(x=[None], y=[None], name="delivery held", mode="markers", marker=shade)
    )


def _lay_out(figure: Any, chronicle: Chronicle, dial: Dial) -> None:
    figure.update_layout(
        template="plotly_white",
        height=960,
        margin={"l": 70, "r": 20, "t": 84, "b": 50},
        legend={"orientation": "h", "x": 0, "y": 1.045, "yanchor": "bottom"},
        hovermode="x unified",
        font={"family": "system-ui, sans-serif", "size": 13, "color": "#222"},
    )
    units = ("mcg/h", "kPa", "mL", "mcg")
    for row, unit in enumerate(units, 1):
        figure.update_yaxes(title_text=unit, row=row, col=1, zeroline=False)
    ends = [_moment(dial, 0), _moment(dial, chronicle.end_ms)]
    figure.update_xaxes(range=ends, tickformat="%H:%M", showgrid=True)
    said = "time of day, by the pump's clock" if dial.is_set else "time since power-on"
    figure.update_xaxes(title_text=said, row=_ROWS, col=1)


def _moments(dial: Dial, times: list[int]) -> list[str]:
    return [_moment(dial, t_ms) for t_ms in times]


def _moment(dial: Dial, t_ms: int) -> str:
    return dial.moment(t_ms).isoformat(sep=" ", timespec="milliseconds")
