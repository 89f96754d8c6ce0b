from services.dispatch.storage.workload import AGENT, SHIFT, TEAM, Counted, longest, rows


def counted(**given):
    parts = {"now": [], "came": [], "went": [], "handled": [], "capacities": {}}
    return Counted(**{**parts, **given})


def of(name, how, count, **more):
    return {"_id": {"of": name, "how": how}, "count": count, **more}


def test_who_has_a_capacity_has_a_row_though_nothing_was_counted():
    (row,) = rows(AGENT, counted(capacities={"a1": 3}))

    assert row == {
        "agent": "a1",
        "open": 0,
        "load": 0,
        "late": 0,
        "capacity": 3,
        "given": 0,
        "accepted": 0,
        "transferred_in": 0,
        "transferred_out": 0,
        "declined": 0,
        "lapsed": 0,
        "done": 0,
        "missed": 0,
        "came": {},
        "went": {},
        "handling": {"median": None, "mean": None},
    }


def test_what_is_open_now_stands_beside_what_came_of_the_period():
    now = [{"_id": "it", "open": 4, "load": 9, "late": 1}]
    went = [of("it", "resolved", 2, missed=1), of("it", "declined", 3, missed=0)]

    (row,) = rows(TEAM, counted(now=now, went=went, capacities={"it": 12}))

    assert [row[name] for name in ("team", "open", "load", "late", "capacity")] == ["it", 4, 9, 1, 12]
    assert [row[name] for name in ("done", "declined", "missed")] == [2, 3, 1]


def test_whatever_ends_with_the_step_done_counts_as_done():
    went = [of("a1", how, 1, missed=0) for how in ("completed", "resolved", "triaged", "withdrawn", "lapsed")]

    (row,) = rows(AGENT, counted(went=went))

    assert (row["done"], row["lapsed"]) == (3, 1)


def test_what_changed_hands_counts_for_both():
    came = [of("a1", how, 1, accepted=1) for how in ("assigned", "transferred_in", "handed_over", "reopened", "pulled")]
    went = [of("a1", how, 2, missed=0) for how in ("transferred", "reassigned", "handed_over", "returned")]

    (row,) = rows(AGENT, counted(came=came, went=went))

    assert [row[name] for name in ("given", "accepted", "transferred_in", "transferred_out")] == [5, 5, 2, 8]


def test_every_way_to_come_and_to_go_is_told_by_its_name():
    came, went = [of("a1", "pulled", 7, accepted=6)], [of("a1", "rerouted", 2, missed=0)]

    (row,) = rows(AGENT, counted(came=came, went=went))

    assert (row["came"], row["went"]) == ({"pulled": 7}, {"rerouted": 2})


def test_handling_times_are_kept_to_the_millisecond():
    (row,) = rows(AGENT, counted(handled=[{"_id": "a1", "median": 12.34567, "mean": 99.0}]))

    assert row["handling"] == {"median": 12.346, "mean": 99.0}


def test_rows_stand_by_name_and_work_outside_any_shift_first():
    now = [{"_id": name, "open": 1, "load": 1, "late": 0} for name in ("late", None, "early")]

    assert [row["shift"] for row in rows(SHIFT, counted(now=now))] == [None, "early", "late"]


def test_of_a_shift_only_who_was_on_it_has_a_row():
    came = [of("a1", "assigned", 2, accepted=1)]

    (row,) = rows(AGENT, counted(came=came, capacities={"a1": 3, "a2": 5}, everybody=False))

    assert (row["agent"], row["capacity"], row["given"]) == ("a1", 3, 2)


def test_a_period_of_all_teams_is_shorter_than_one_of_a_team_or_an_agent():
    assert [longest(of_).days for of_ in ({}, {"shift": "early"}, {"team": "it"}, {"agent": "a1"})] == [31, 31, 92, 92]
