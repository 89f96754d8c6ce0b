"""Reference data in folders: one file for a calendar or a flow."""

from __future__ import annotations

import pytest

from deploy.apply import Fault, load, placed
from deploy.declared import Unreadable, read

OFFICE = 'name: Office\nzone: Asia/Shanghai\nweek: {mon: ["09:00-18:00"]}\ndays:\n  2026-10-01: {closed: true}\n'


@pytest.fixture
def folder(tmp_path):
    def write(**files):
        for service in ("intake", "dispatch", "feedback", "notify"):
            (tmp_path / f"{service}.yaml").write_text("a: 1\n", encoding="utf-8")
        for name, text in files.items():
            part, _, code = name.partition("__")
            file = tmp_path / part / f"{code}.yaml" if code else tmp_path / f"{part}.yaml"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path

    return write


def test_a_file_of_a_folder_is_dispatchs_under_its_own_name(folder):
    bodies, faults = load(folder(calendars__office=OFFICE, calendars__always="zone: UTC\n", flows__repair="start: a\n"))
    assert faults == []
    assert list(bodies["dispatch"]) == ["a", "calendars", "flows"]
    assert bodies["dispatch"]["flows"] == {"repair": {"start": "a"}}
    assert list(bodies["dispatch"]["calendars"]) == ["always", "office"]


def test_dates_as_names_stay_text(folder):
    bodies, _ = load(folder(calendars__office=OFFICE))
    assert bodies["dispatch"]["calendars"]["office"]["days"] == {"2026-10-01": {"closed": True}}


def test_a_folder_adds_to_what_the_services_file_declares(folder):
    bodies, faults = load(folder(dispatch="calendars: {old: {zone: UTC}}\n", calendars__office="zone: UTC\n"))
    assert (faults, list(bodies["dispatch"]["calendars"])) == ([], ["old", "office"])


def test_without_folders_nothing_is_added(folder):
    assert load(folder())[0]["dispatch"] == {"a": 1}


def test_a_code_declared_twice_is_a_fault_of_its_file(folder):
    _, faults = load(folder(dispatch="calendars: {office: {zone: UTC}}\n", calendars__office=OFFICE))
    assert faults == [Fault("calendars/office.yaml", "", "is in dispatch.yaml, too")]


def test_a_services_file_that_leaves_no_room_for_them_is_a_fault(folder):
    _, faults = load(folder(dispatch="calendars: 5\n", calendars__office=OFFICE))
    assert faults == [Fault("dispatch.yaml", "calendars", "must hold codes with what they stand for")]


def test_every_unreadable_file_of_a_folder_is_named(folder):
    path = folder(calendars__list="- a\n", calendars__open="a: [", flows__twice="a: 1\na: 2\n", flows__deep="[" * 5000)
    (path / "flows" / "gone.yaml").symlink_to(path / "nowhere")
    bodies, faults = load(path)
    assert [fault.file for fault in faults] == [
        "calendars/list.yaml",
        "calendars/open.yaml",
        "flows/deep.yaml",
        "flows/gone.yaml",
        "flows/twice.yaml",
    ]
    assert bodies["dispatch"] == {"a": 1}


def test_an_unreadable_services_file_hides_no_fault_of_a_folder(folder):
    _, faults = load(folder(dispatch="- a\n", calendars__list="- a\n"))
    assert [fault.file for fault in faults] == ["dispatch.yaml", "calendars/list.yaml"]


def test_what_nothing_reads_is_a_fault(folder):
    path = folder(calendar__office=OFFICE, calendars__old="zone: UTC\n")
    (path / "calendars" / "old.yaml").rename(path / "calendars" / "old.yml")
    (path / "calendars" / "v1.2.yaml").write_text("zone: UTC\n")
    assert load(path)[1] == [
        Fault("calendars/v1.2.yaml", "", "its name is the code, and a code has no dots"),
        Fault("calendar/office.yaml", "", "belongs to no service; known are calendars/, flows/"),
        Fault("calendars/old.yml", "", "has to end in .yaml"),
    ]


def test_a_services_fault_is_shown_with_the_file_that_it_came_from(folder):
    path = folder(dispatch="calendars: {old: {}}\n", calendars__office=OFFICE)
    told = [
        Fault("dispatch.yaml", "calendars.office.week.mon", "overlaps"),
        Fault("dispatch.yaml", "calendars.office", "never opens"),
        Fault("dispatch.yaml", "calendars.old.zone", "is missing"),
        Fault("dispatch.yaml", "calendars", "is missing"),
        Fault("intake.yaml", "calendars.office", "is unknown"),
    ]
    assert placed(path, told) == [
        Fault("calendars/office.yaml", "", "never opens"),
        Fault("calendars/office.yaml", "week.mon", "overlaps"),
        Fault("dispatch.yaml", "calendars", "is missing"),
        Fault("dispatch.yaml", "calendars.old.zone", "is missing"),
        Fault("intake.yaml", "calendars.office", "is unknown"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\ns: 2\nb: 3\ns: 4\n", "named twice: s, in line 2 and in line 4"),
        ("a:\n  x: 1\n  x: 1\n", "named twice: x, in line 2 and in line 3"),
        ("a: {x: 1, x: 1}\n", "named twice: x, in line 1 and in line 1"),
        ("a: 1\nb: [\n", "line 3, column 1: while parsing a flow node, expected the node content, but found"),
        ("a: 1\n\tb: 2\n", "line 2, column 1: while scanning for the next token, found character"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line_and_not_as_python_calls_it(text, message):
    with pytest.raises(Unreadable) as caught:
        read(text)

    assert str(caught.value).startswith(message)
    assert "unicode string" not in str(caught.value)
