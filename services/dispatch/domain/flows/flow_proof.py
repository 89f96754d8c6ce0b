"""What must be true of a flow's course before any work runs through it; every fault with its place.

A parallel block is proved by structure: each step stands in one place, the list of branches around it. Edges stay in
their place or lead to the join of the innermost block, so that every branch that began comes to the join, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from services.dispatch.domain.flows.steps import END, Edge, Split, Step

#: The parallel branches around a step, outermost first, each (splitting step, edge, branch); () is the top level.
Place = tuple[tuple[str, int, int], ...]
Faults = Iterable[tuple[str, str]]  # dotted path within the flow, message


@dataclass
class Course:
    """The steps as far as they exist, and where each stands."""

    start: str
    steps: Mapping[str, Step]
    places: dict[str, Place] = field(default_factory=dict)

    def edges(self, step: str) -> Iterator[tuple[str, Edge | Split]]:
        """Path and edge, of those whose targets exist."""
        single = len(self.steps[step].edges) == 1
        for number, edge in enumerate(self.steps[step].edges):
            if all(target in self.steps for target in targets(edge) if target != END):
                yield f"steps.{step}.next" if single else f"steps.{step}.next.{number}", edge

    def join(self, place: Place) -> str:
        """Where the branch of a place has to lead: the join of its block, or the end."""
        if not place:
            return END
        step, number, _ = place[-1]
        split = self.steps[step].edges[number]
        assert isinstance(split, Split)  # noqa: S101 - for the type
        return split.join

    def successor(self, step: str, edge: Edge | Split) -> str | None:
        """The next step in the same place; None where the edge leaves the place, by its join or the end."""
        target = edge.join if isinstance(edge, Split) else edge.to
        return None if target == self.join(self.places[step]) else target


def targets(edge: Edge | Split) -> tuple[str, ...]:
    """Every step that an edge names."""
    return (*edge.branches, edge.join) if isinstance(edge, Split) else (edge.to,)


def prove(start: str, steps: Mapping[str, Step]) -> tuple[dict[str, Place], list[tuple[str, str]]]:
    """Where each reachable step stands, and what is wrong with the course.

    A way to a step that there is not is somebody else's fault to tell; what follows from it is not told besides.
    """
    if start not in steps:
        return {}, []
    course = Course(start, steps)
    faults = list(_arrange(course))
    named = {target for step in steps.values() for edge in step.edges for target in targets(edge)}
    if not faults and named <= {*steps, END}:
        faults = [*_unreachable(course), *_endless(course), *_spinning(course)]
    return course.places, faults


def _arrange(course: Course) -> Faults:
    """Walk from the start and give every step its place; a step with two, or a way out of a block, is a fault."""
    todo = [course.start]
    course.places[course.start] = ()
    while todo:
        step = todo.pop()
        for path, edge in course.edges(step):
            for target, place in _arrivals(course, step, edge):
                if message := _misplaced(course, target, place):
                    yield path, message
                elif target not in course.places and target != END:
                    course.places[target] = place
                    todo.append(target)


def _arrivals(course: Course, step: str, edge: Edge | Split) -> Iterator[tuple[str, Place]]:
    """The steps that an edge opens, with the place in which it does so; a branch's arrival at its join opens none."""
    here = course.places[step]
    if isinstance(edge, Edge):
        if not here or edge.to != course.join(here):
            yield edge.to, here
        return
    yield edge.join, here
    number = course.steps[step].edges.index(edge)
    yield from ((branch, (*here, (step, number, index))) for index, branch in enumerate(edge.branches))


def _misplaced(course: Course, target: str, place: Place) -> str:
    """Why an edge may not open `target` in this place, or ""."""
    if target == END:
        return "" if not place else f"a parallel branch may not end the work: it leads to {course.join(place)}"
    if place and target in {course.join(place[:depth]) for depth in range(1, len(place) + 1)}:
        return f"leads to {target}, where a block around it joins; this block needs a join of its own inside that one"
    known = course.places.get(target, place)
    if known == place:
        return ""
    return f"{target} is reached {_where(known)} and {_where(place)}; a step stands in one place only"


def _where(place: Place) -> str:
    return f"in branch {place[-1][2] + 1} of {place[-1][0]}'s parallel steps" if place else "outside all parallel steps"


def _unreachable(course: Course) -> Faults:
    for step in course.steps:
        if step not in course.places:
            yield f"steps.{step}", f"nothing leads here from {course.start}; name it in a step's next, or remove it"


def _endless(course: Course) -> Faults:
    """Steps from which no way leads out of their place: a loop without an exit, or what only leads into one."""
    leaving: set[str] = set()
    while more := {step for step in course.places if step not in leaving and _leaves(course, step, leaving)}:
        leaving |= more
    for step in course.places:
        if step not in leaving:
            exit = course.join(course.places[step])
            yield f"steps.{step}.next", f"never comes to {exit}; some way from here has to lead out of the loop"


def _leaves(course: Course, step: str, leaving: set[str]) -> bool:
    after = (course.successor(step, edge) for _, edge in course.edges(step))
    return any(target is None or target in leaving for target in after)


def _spinning(course: Course) -> Faults:
    """Loops all of whose steps have an `enter`: if none of them holds, the work would go round within one moment."""
    silent = {step: set[str]() for step in course.places if course.steps[step].enter is not None}
    passing: set[str] = set()  # steps from which the exit of their place is reached with nothing done
    grown = True
    while grown:
        grown = False
        for step, found in silent.items():
            for target in _passed(course, step, passing):
                if target is None or target in passing:
                    grown |= step not in passing
                    passing.add(step)
                if target is not None and target not in found:
                    found.add(target)
                    grown = True
    for step in silent:
        if step in _reached(step, silent):
            yield f"steps.{step}.enter", "all steps of a loop have an enter; one of them has to be entered always"


def _passed(course: Course, step: str, passing: set[str]) -> Iterator[str | None]:
    """Where work may get from a step that is passed over, within its place, if nothing on the way is done either."""
    for _, edge in course.edges(step):
        if isinstance(edge, Edge) or all(branch in passing for branch in edge.branches):
            yield course.successor(step, edge)


def _reached(step: str, silent: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(silent[step])
    while todo:
        target = todo.pop()
        if target in silent and target not in found:
            found.add(target)
            todo.extend(silent[target])
    return found
