"""The comparison as one HTML page with plots; it needs no network: the library that draws is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from deploy.simulation.errors import NotInstalled
from deploy.simulation.measure import Outcome
from deploy.simulation.staffing import Staffing
from deploy.simulation.tables import DAYS, length, percent, rows

STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .8rem;border-bottom:1px solid #ddd;"
    "text-align:right}td:first-child,th:first-child{text-align:left}"
)
HEIGHT = 420
PLACES = ("median", "p90", "p99")


def page(title: str, notes: Sequence[str], columns: Sequence[Outcome], staffing: Sequence[Staffing]) -> str:
    """The whole page as text. Raises `NotInstalled` without plotly."""
    figures = [*_comparison(columns), *(_week(one) for one in staffing)]
    parts = [_html(figure, first=number == 0) for number, figure in enumerate(figures)]
    words = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>{words}{_table(columns)}{_answers(staffing)}{''.join(parts)}"
        "</body></html>\n"
    )


def _plotly() -> Any:
    try:
        import plotly.graph_objects as graphs
    except ImportError as error:
        raise NotInstalled("plotly") from error
    return graphs


def _html(figure: Any, *, first: bool) -> str:
    from plotly.io import to_html

    return str(to_html(figure, full_html=False, include_plotlyjs=first, default_height=HEIGHT))


def _comparison(columns: Sequence[Outcome]) -> Iterator[Any]:
    yield _attainment(columns)
    yield _waits(columns)
    yield _people(columns)
    yield _given(columns)


def _attainment(columns: Sequence[Outcome]) -> Any:
    graphs = _plotly()
    keys = sorted({key for column in columns for key in column.attainment})
    names = [f"{priority} {promise.replace('_', ' ')}" for priority, promise in keys]
    bars = [
        graphs.Bar(
            name=one.name, x=names, y=[one.attainment[key].share if key in one.attainment else None for key in keys]
        )
        for one in columns
    ]
    return _laid_out(graphs.Figure(bars), "Promises kept", "share", tickformat=".0%", range=[0, 1])


def _waits(columns: Sequence[Outcome]) -> Any:
    graphs = _plotly()
    priorities = sorted({priority for column in columns for priority in column.waits})
    names = [f"{priority} {place}" for priority in priorities for place in PLACES]
    bars = []
    for one in columns:
        values = [value for priority in priorities for value in one.waits.get(priority, (None,) * len(PLACES))]
        hours = [None if value is None else value / 3600 for value in values]
        said = ["" if value is None else length(value) for value in values]
        bars.append(graphs.Bar(name=one.name, x=names, y=hours, text=said, hovertemplate="%{x}: %{text}"))
    return _laid_out(graphs.Figure(bars), "Waits until somebody has it", "hours")


def _people(columns: Sequence[Outcome]) -> Any:
    graphs = _plotly()
    names = [one.name for one in columns]
    bars = [
        graphs.Bar(name="idle", x=names, y=[one.idle_hours for one in columns]),
        graphs.Bar(name="overtime", x=names, y=[one.overtime_hours for one in columns]),
    ]
    return _laid_out(graphs.Figure(bars), "Idle and overtime, all agents", "hours")


def _given(columns: Sequence[Outcome]) -> Any:
    """How evenly work was given out: units per hour of duty, of each agent who was given any."""
    graphs = _plotly()
    boxes = [
        graphs.Box(
            name=one.name,
            y=[person.given / person.duty for person in one.people if person.given and person.duty],
            text=[person.agent_id for person in one.people if person.given and person.duty],
            boxpoints="all",
        )
        for one in columns
    ]
    return _laid_out(graphs.Figure(boxes), "Load of the agents", "units per hour of duty")


def _week(one: Staffing) -> Any:
    graphs = _plotly()
    rows = [one.agents[day * 24 : day * 24 + 24] for day in range(7)]
    shown = graphs.Heatmap(
        z=rows, x=[f"{hour:02d}" for hour in range(24)], y=list(DAYS), colorscale="Blues", texttemplate="%{z}"
    )
    simulated = "" if one.simulated is None else f", simulated {percent(one.simulated)}"
    title = f"Agents of {one.team} for {one.target.text}: Erlang C {percent(one.predicted)}{simulated}"
    figure = _laid_out(graphs.Figure([shown]), title, "")
    figure.update_yaxes(autorange="reversed")
    return figure


def _laid_out(figure: Any, title: str, unit: str, **axis: Any) -> Any:
    figure.update_layout(title=title, barmode="group", template="plotly_white", legend={"orientation": "h", "y": -0.2})
    figure.update_yaxes(title=unit, **axis)
    return figure


def _table(columns: Sequence[Outcome]) -> str:
    head = "".join(f"<th>{escape(one.name)}</th>" for one in columns)
    body = "".join(_row(name, [str(cell) for cell in cells]) for name, cells in rows(columns))
    return f"<table><tr><th></th>{head}</tr>{body}</table>"


def _row(name: str, cells: Sequence[str]) -> str:
    return f"<tr><td>{escape(name)}</td>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"


def _answers(found: Sequence[Staffing]) -> str:
    """Of each staffing answer the agents at most, and whether the simulation reaches the target with them."""
    names = ("team", "target", "peak agents", "Erlang C", "simulated", "reached in the simulation")
    body = "".join(_row(one.team, _answer(one)) for one in found)
    head = "".join(f"<th>{name}</th>" for name in names)
    return f"<table><tr>{head}</tr>{body}</table>" if found else ""


def _answer(one: Staffing) -> list[str]:
    simulated = "-" if one.simulated is None else percent(one.simulated)
    reached = {None: "not checked", True: "yes", False: "NO: it needs more agents than Erlang C says"}[one.reached]
    return [one.target.text, str(max(one.agents, default=0)), percent(one.predicted), simulated, reached]
