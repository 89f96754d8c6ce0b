"""Heads joined with anchors, page by page, whatever the pages' size."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deploy.anchors import Anchor
from deploy.verify import Found, pages

COLLECTIONS = ("things_a", "things_b", "things_c")
ids = st.text("ab断", max_size=2, min_size=1)
places = st.tuples(st.sampled_from(COLLECTIONS), ids)
Heads = dict[tuple[str, str], list[str]]


class Service:
    """Answers as `verify_history` does, from memory: place -> the hashes of its entries."""

    def __init__(self, histories: Heads, collections: tuple[str, ...] = COLLECTIONS) -> None:
        self.histories = histories
        self.collections = collections
        self.most_asked = 0

    def call(self, service: str, method: str, *, timeout: float, after, until, anchored, limit: int) -> Any:
        assert (service, method) == ("things", "verify_history")
        self.most_asked = max(self.most_asked, len(anchored))
        names = [name for name in self.collections if after is None or name >= after["collection"]]
        if not names or (until and until["collection"] < names[0]):
            following = {"collection": names[0], "id": ""} if names else None
            return {"collection": None, "about": None, "aggregates": [], "faults": [], "next": following}
        name, start = names[0], after["id"] if after and after["collection"] == names[0] else ""
        end = until["id"] if until and until["collection"] == name else None
        found = sorted(id for of, id in self.histories if of == name and start < id and (end is None or id <= end))
        asked = {one["id"]: one["number"] for one in anchored if one["collection"] == name}
        rows = [self.row(name, id, asked.get(id)) for id in found[:limit]]
        following = {"collection": names[1], "id": ""} if len(names) > 1 else None
        beyond = following if end is None else {"collection": name, "id": end}
        here = {"collection": name, "id": rows[-1]["id"]} if len(rows) == limit else beyond
        return {"collection": name, "about": None, "aggregates": rows, "faults": [], "next": here}

    def row(self, name: str, id: str, anchored: int | None) -> dict[str, Any]:
        hashes = ["genesis", *self.histories[name, id]]
        at = hashes[anchored] if anchored is not None and anchored < len(hashes) else None
        number = len(hashes) - 1
        return {"id": id, "number": number, "hash": hashes[-1], "entries": number, "rebuilt": False, "at_anchor": at}


def check(service: Any, anchors: list[Anchor], limit: int) -> tuple[list[Anchor], list[Found]]:
    told = list(pages(service, "things", anchors, limit))
    return [head for page in told for head in page.heads], [found for page in told for found in page.faults]


def expected(histories: Heads, anchors: list[Anchor]) -> list[Found]:
    found = []
    for anchor in anchors:
        hashes = histories.get((anchor.collection, anchor.id))
        if hashes is None:
            fault = ("gone", 1, anchor.number)
        elif len(hashes) < anchor.number:
            fault = ("shortened", len(hashes) + 1, anchor.number)
        elif ["genesis", *hashes][anchor.number] != anchor.hash:
            fault = ("rewritten", 1, anchor.number)
        else:
            continue
        found.append(Found("things", anchor.collection, anchor.id, *fault))
    return found


@given(
    st.dictionaries(places, st.lists(st.sampled_from("xy"), max_size=3), max_size=12),
    st.dictionaries(places, st.tuples(st.integers(1, 3), st.sampled_from("xy")), max_size=12),
    st.integers(1, 4),
    st.integers(0, 3),
)
def test_whatever_the_pages_every_anchor_is_held_to_its_aggregate(histories, anchored, limit, known) -> None:
    anchors = [Anchor(*place, *anchored[place]) for place in sorted(anchored)]
    collections = COLLECTIONS[:known] + COLLECTIONS[known + 1 :]  # one of them is gone, or none
    left = {place: hashes for place, hashes in histories.items() if place[0] in collections}
    service = Service(left, collections)
    heads, found = check(service, anchors, limit)
    assert found == expected(left, anchors)
    assert heads == [
        Anchor(*place, len(left[place]), left[place][-1] if left[place] else "genesis") for place in sorted(left)
    ]
    assert service.most_asked <= limit


@given(st.dictionaries(places, st.lists(st.sampled_from("xy"), min_size=1, max_size=3), max_size=12), st.data())
def test_what_has_only_grown_since_has_no_faults(histories: Heads, data: st.DataObject) -> None:
    heads, _ = check(Service(histories), [], 3)
    grown = {place: [*hashes, *data.draw(st.lists(st.just("z"), max_size=2))] for place, hashes in histories.items()}
    grown |= data.draw(st.dictionaries(places.filter(lambda place: place not in histories), st.just(["n"]), max_size=3))
    assert check(Service(grown), heads, 2)[1] == []


def test_a_fault_is_told_with_its_place() -> None:
    fault = Found("dispatch", "dispatch_orders", "W-1", "gap", 4, 6)
    assert str(fault) == "dispatch_orders/W-1  gap: entries 4 to 6 missing"
    assert str(replace(fault, name="W-1")) == str(fault)
    assert str(replace(fault, name="W-2")) == "dispatch_orders/W-1 (W-2)  gap: entries 4 to 6 missing"
    state = Found("dispatch", "dispatch_orders", "W-1", "state", 1, 1, ("team", "due"))
    assert str(state) == (
        "dispatch_orders/W-1  state: entry 1 all there, but the stored state is another than they make (team, due)"
    )
