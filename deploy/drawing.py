"""A flow as a Mermaid flowchart: who does each step, within what time, and where it leads under which condition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from services.dispatch.domain.flows.flow import END, Edge, Flow, Split, Step
from services.dispatch.domain.flows.steps import Limit, Who

#: What Mermaid would take for markup inside a quoted label, written as its entities: a number sign and the code point.
_MARKUP = re.compile(r"""[^\w\s.,:;/()\[\]{}=+\-!?'@|\u00b7-\uffff]|^[-+]|(?<=!)\[|(?<=^\d)[.)]""")


def text(words: str) -> str:
    """Words as they may stand in a quoted label."""
    return _MARKUP.sub(lambda found: f"#{ord(found[0])};", " ".join(words.split()))


def label(*lines: str) -> str:
    """A quoted label of several lines; empty ones are left out."""
    return '"' + "<br/>".join(text(line) for line in lines if line) + '"'


def names(by_language: Mapping[str, str]) -> str:
    """`故障报修 Fault repair`."""
    return " ".join(by_language.values())


def drawing(flow: Flow) -> str:
    """The whole definition, ending in a newline."""
    grouped = {step for group in flow.groups.values() for step in group.steps}
    lines = ["flowchart TD", f"  begin_([{label('开始 Start')}]) --> {node(flow.start)}"]
    for group in flow.groups.values():
        lines.append(f"  subgraph group_{_plain(group.code)}[{label(names(group.name), limit(group.limit))}]")
        lines += [f"    {_box(flow.steps[code])}" for code in group.steps]
        lines.append("  end")
    lines += [f"  {_box(step)}" for step in flow.steps.values() if step.code not in grouped]
    lines += [f"  {line}" for step in flow.steps.values() for line in _ways(flow, step)]
    lines.append(f"  end_([{label('结束 End')}])")
    return "\n".join(lines) + "\n"


def node(step: str) -> str:
    """A step's id in the drawing; none of them is a word of Mermaid's."""
    return f"step_{step}"


def limit(given: Limit | None) -> str:
    """`≤ 3wd (office)`."""
    if given is None:
        return ""
    return f"≤ {given.within} ({given.calendar})" if given.calendar else f"≤ {given.within}"


def _box(step: Step) -> str:
    fee = "费用 fee" if step.fee else ""
    enter = f"仅当 only if {step.enter.source}" if step.enter else ""
    skip = "超时可跳过 may be skipped when overdue" if step.skippable else ""
    return f"{node(step.code)}[{label(names(step.name), _who(step.who), limit(step.limit), fee, enter, skip)}]"


def _who(who: Who) -> str:
    skill = f"{who.skill} ≥ {who.level}" if who.skill and who.level > 1 else who.skill
    named = {"": who.team, "role": who.role, "skill": skill, "agent": who.agent}
    return ", ".join(f"{kind} {code}".strip() for kind, code in named.items() if code)


def _ways(flow: Flow, step: Step) -> Iterator[str]:
    """The arrows out of a step; what is taken where nothing else holds is called so."""
    for number, edge in enumerate(step.edges):
        on = edge.when.source if edge.when else "否则 else" if len(step.edges) > 1 else ""
        arrow = f"-->|{label(on)}|" if on else "-->"
        if isinstance(edge, Edge):
            yield f"{node(step.code)} {arrow} {_target(flow, step, edge)}"
        else:
            yield from _block(step, number, edge, arrow)


def _block(step: Step, number: int, split: Split, arrow: str) -> Iterator[str]:
    """Parallel steps: from one bar, to another."""
    fork, join = f"fork_{step.code}_{number}", _join(step.code, number)
    yield f"{node(step.code)} {arrow} {fork}{{{{{label('同时 all at once')}}}}}"
    yield from (f"{fork} --> {node(branch)}" for branch in split.branches)
    yield f"{join}{{{{{label('汇合 when all have come')}}}}} --> {node(split.join)}"


def _target(flow: Flow, step: Step, edge: Edge) -> str:
    place = flow.places[step.code]
    if place:
        owner, number, _ = place[-1]
        split = flow.steps[owner].edges[number]
        if isinstance(split, Split) and split.join == edge.to:
            return _join(owner, number)
    return "end_" if edge.to == END else node(edge.to)


def _join(step: str, number: int) -> str:
    return f"join_{step}_{number}"


def _plain(code: str) -> str:
    return re.sub(r"\W", "_", code)
