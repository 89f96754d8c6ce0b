"""The reference data of the demo: the sample configuration, with the log's own categories, teams and agents in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from deploy.demo import rules
from deploy.demo.log import Incident
from deploy.demo.promises import promises

DEFAULT_TEAM = "Service desk"
CAPACITY = 50


def routes(incidents: Iterable[Incident]) -> dict[str, str]:
    """Category -> the group that had it first most often; among equals the one with the lowest number."""
    firsts: dict[str, Counter[str]] = defaultdict(Counter)
    for incident in incidents:
        first = incident.rows[0]
        firsts[rules.category_of(first)].update([first.group] if first.group else [])
    return {category: _most_common(groups) for category, groups in sorted(firsts.items())}


def _most_common(groups: Counter[str]) -> str:
    return min(groups, key=lambda group: (-groups[group], rules.number_in(group)), default=DEFAULT_TEAM)


def people(incidents: Iterable[Incident]) -> dict[str, int]:
    """Group -> how many people were recorded in it, at least one; the default team comes with one."""
    seen: dict[str, set[str]] = {DEFAULT_TEAM: set()}
    for row in (row for incident in incidents for row in incident.rows if row.group):
        seen.setdefault(str(row.group), set()).update([row.person] if row.person else [])
    return {group: max(1, len(persons)) for group, persons in sorted(seen.items())}


def agent_ids(group: str, count: int) -> list[str]:
    """`group-70.01`, `group-70.02` …: an agent belongs to one group, so that loads of groups do not mix."""
    return [f"{_prefix(group)}.{number:02d}" for number in range(1, count + 1)]


def supervisor_id(group: str) -> str:
    """`group-70.supervisor`."""
    return f"{_prefix(group)}.supervisor"


def _prefix(group: str) -> str:
    return group.lower().replace(" ", "-")


def bodies(incidents: list[Incident], sample: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Service -> its reference data; `sample` is deploy/config/*.yaml by service."""
    merged = {service: deepcopy(dict(body)) for service, body in sample.items()}
    by_category = routes(incidents)
    merged["intake"]["categories"] = {code: {"name": {"en": code, "zh-CN": code}} for code in by_category}
    if "inbound" in merged["intake"]:  # nobody writes in by themselves; but its category must be one of the log's
        merged["intake"]["inbound"]["category"] = next(iter(by_category))
    # days are played in minutes: neither a night nor a burst of the log is one of the clock on the wall, and whether a
    # message was obsolete when it was written is a matter of milliseconds
    merged["notify"]["quiet_hours"] = None
    merged["notify"]["kinds"] = {code: {**kind, "digest": None} for code, kind in sample["notify"]["kinds"].items()}
    merged["notify"]["rules"] = [_never_obsolete(rule) for rule in sample["notify"]["rules"]]
    merged["notify"]["staff"] = {kind: _for_all(book) for kind, book in merged["notify"]["staff"].items()}
    merged["dispatch"] = _organisation(people(incidents), by_category) | promises(incidents, sample["dispatch"])
    return merged


def _never_obsolete(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in rule.items() if name != "obsolete"}


def _for_all(book: Mapping[str, Any]) -> dict[str, Any]:
    """An address book's entry for teams without one of their own: the sample's teams are not the log's."""
    return {key: entry for key, entry in book.items() if key == "default"}


def _organisation(counts: Mapping[str, int], by_category: Mapping[str, str]) -> dict[str, Any]:
    served: dict[str, list[str]] = defaultdict(list)
    for category, group in by_category.items():
        served[group].append(category)
    return {
        "teams": {
            group: {"name": group, "categories": served[group], "supervisor": supervisor_id(group)} for group in counts
        },
        "default_team": DEFAULT_TEAM,
        "agents": {id: agent for group, count in counts.items() for id, agent in _members(group, count)},
    }


def _members(group: str, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Its agents, and a supervisor who takes no work."""
    for number, agent in enumerate(agent_ids(group, count), start=1):
        yield agent, {"name": f"{group}, agent {number}", "teams": [group], "capacity": CAPACITY, "role": "specialist"}
    yield supervisor_id(group), {"name": f"{group}, supervisor", "teams": [group], "capacity": 0, "role": "supervisor"}
