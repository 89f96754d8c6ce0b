"""Reference data: reading, comparing and the checks that take two files; no services."""

from __future__ import annotations

import pytest

from deploy import apply
from deploy.apply import Fault, Part, load
from deploy.differences import Change, differences

GOOD = {
    "intake.yaml": "categories: {network: {name: {en: Network}}}\npriorities: {high: {high: P1}}\n",
    "dispatch.yaml": "teams: {first: {categories: [network]}}\npolicies: [{targets: {P1: {resolution: 4h}}}]\n",
    "feedback.yaml": "survey_days: 5\n",
    "notify.yaml": "staff: {teams: {default: {email: a@example.com}}}\n",
}


@pytest.fixture
def folder(tmp_path):
    def write(**changed):
        for name, text in {**GOOD, **{f"{service}.yaml": text for service, text in changed.items()}}.items():
            (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_folder_is_read_service_by_service(folder):
    bodies, faults = load(folder())
    assert faults == []
    assert list(bodies) == ["intake", "dispatch", "feedback", "notify"]
    assert bodies["feedback"] == {"survey_days": 5}


def test_names_become_text_and_dates_stay_text(folder):
    bodies, _ = load(folder(feedback="1: 2026-01-31\n"))
    assert bodies["feedback"] == {"1": "2026-01-31"}


def test_a_name_given_twice_is_a_fault_and_not_the_last_one_wins(folder):
    _, [fault] = load(folder(intake="categories: {}\nteams: {a: 1, a: 2}\n"))
    assert fault.file == "intake.yaml"
    assert "named twice: a" in fault.message


def test_every_unreadable_file_is_named(folder):
    path = folder(intake="a: [", dispatch="- list\n", feedback="")
    (path / "notify.yaml").unlink()
    (path / "notifyy.yaml").write_text("a: 1")
    assert [fault.file for fault in load(path)[1]] == [
        "intake.yaml",
        "dispatch.yaml",
        "feedback.yaml",
        "notify.yaml",
        "notifyy.yaml",
    ]


@pytest.mark.parametrize(
    "text", ["a: .nan\n", "a: !!binary aGk=\n", "a: !!set {b, c}\n", "? [a]\n: 1\n", "a: &x [*x]\n"]
)
def test_what_json_cannot_hold_is_a_fault_of_its_file(folder, text):
    assert [fault.file for fault in load(folder(feedback=text))[1]] == ["feedback.yaml"]


def test_files_that_fit_each_other_have_no_faults(folder):
    assert list(apply.across(load(folder())[0])) == []


def test_what_one_file_names_another_must_hold(folder):
    bodies, _ = load(
        folder(
            dispatch="teams: {first: {categories: [nwtwork]}}\npolicies: [{targets: {P1: {}}}, {targets: {P2: {}}}]\n",
            notify="staff: {supervisors: {frist: {email: a@example.com}}}\n",
        )
    )
    assert list(apply.across(bodies)) == [
        Fault("dispatch.yaml", "teams.first.categories", "category 'nwtwork' is not in intake.yaml"),
        Fault("dispatch.yaml", "policies.1.targets", "P1, which intake.yaml gives, has none"),
        Fault("notify.yaml", "staff.supervisors.frist", "is no team in dispatch.yaml"),
    ]


@pytest.mark.parametrize("body", ["teams: [a]", "teams: {a: x}", "teams: 5", "policies: 5", "policies: {a: 1}"])
def test_a_form_that_the_service_will_refuse_is_left_to_it(folder, body):
    bodies, _ = load(folder(dispatch=f"{body}\n"))
    assert [fault for fault in apply.across(bodies) if fault.file == "dispatch.yaml"] == []


def test_differences_are_told_by_path():
    before = {"same": 1, "changed": {"a": 1}, "gone": True, "rules": [{"event": "a"}, {"event": "b"}]}
    after = {"same": 1, "changed": {"a": 2}, "new": "x", "rules": [{"event": "b"}, {"event": "c"}]}
    assert list(differences(before, after)) == [
        Change("changed.a", "1", "2"),
        Change("gone", "true", None),
        Change("rules[]", '{"event": "a"}', None),
        Change("rules[]", None, '{"event": "c"}'),
        Change("new", None, "x"),
    ]


def test_another_order_of_names_is_no_difference_and_another_order_of_items_is_one():
    assert list(differences({"a": 1, "b": 2}, {"b": 2, "a": 1})) == []
    assert [change.path for change in differences({"a": [1, 2]}, {"a": [2, 1]})] == ["a"]


def test_applying_older_content_again_is_a_step_of_its_own():
    first = Part("intake", 1, {"a": 1}, {"a": 2})
    back_again = Part("intake", 3, {"a": 1}, {"a": 2})
    assert first.request_id == Part("intake", 1, {"a": 1}, {"a": 2}).request_id != back_again.request_id
    assert len(first.request_id) <= 64


def test_what_is_in_force_already_is_not_new_unless_nothing_was_ever_applied():
    assert not Part("intake", 2, {"a": 1}, {"a": 1}).new
    assert Part("intake", 0, {"a": 1}, {"a": 1}).new
