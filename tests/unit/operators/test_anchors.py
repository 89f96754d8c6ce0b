"""Anchors files: written whole or not at all, and changed by nobody without it being seen."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.anchors import Anchor, Anchors, Changed, Writer, check, files, newest

HEADS = [Anchor("dispatch_agents", "a1", 3, "a" * 64), Anchor("dispatch_orders", "W-1 断", 12, "b" * 64)]


class Noon:
    """A clock that stands."""

    def now(self) -> datetime:
        return datetime(2026, 3, 2, 12, tzinfo=UTC)


def write(folder: Path, *heads: Anchor, service: str = "dispatch") -> Anchors:
    with Writer(folder, service, Noon()) as writer:
        writer.add(heads)
        return writer.finish()


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    written = write(tmp_path / "new", *HEADS)
    assert list(written) == HEADS
    assert newest(tmp_path / "new", "dispatch") == (written, [])
    assert written.path.name == "dispatch-000001.jsonl"


def test_a_file_of_nothing_is_a_file(tmp_path: Path) -> None:
    written = write(tmp_path)
    assert list(written) == []
    assert check(written.path, "dispatch") == written


def test_files_follow_each_other_service_by_service(tmp_path: Path) -> None:
    first, other = write(tmp_path, *HEADS), write(tmp_path, service="intake")
    second = write(tmp_path, *HEADS)
    assert files(tmp_path, "dispatch") == [first.path, second.path]
    assert json.loads(second.path.read_bytes().splitlines()[0]) == {
        "service": "dispatch",
        "at": "2026-03-02T12:00:00.000Z",
        "previous": first.digest,
    }
    assert newest(tmp_path, "intake") == (other, [])


def test_numbers_go_on_past_what_their_digits_hold(tmp_path: Path) -> None:
    write(tmp_path).path.rename(tmp_path / "dispatch-999999.jsonl")
    assert [write(tmp_path).path.name, write(tmp_path).path.name] == [
        "dispatch-1000000.jsonl",
        "dispatch-1000001.jsonl",
    ]
    assert newest(tmp_path, "dispatch")[1] == []


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path: Path) -> None:
    with Writer(tmp_path, "dispatch", Noon()) as writer:
        writer.add(HEADS)
    with pytest.raises(RuntimeError), Writer(tmp_path, "dispatch", Noon()):
        raise RuntimeError("broken off")
    assert list(tmp_path.iterdir()) == []


def test_without_a_folder_there_are_no_anchors(tmp_path: Path) -> None:
    assert newest(tmp_path / "nowhere", "dispatch") == (None, [])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("anchors"), *HEADS).path


@given(st.data())
def test_any_changed_byte_is_seen(whole: Path, data: st.DataObject) -> None:
    content = whole.read_bytes()
    place = data.draw(st.integers(0, len(content) - 2))  # the last is the line's end
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[place]))
    changed = whole.with_name("changed")
    changed.write_bytes(content[:place] + bytes([byte]) + content[place + 1 :])
    with pytest.raises(Changed):
        check(changed, "dispatch")


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[:1],
        lambda lines: [],
        lambda lines: [lines[0], *lines[2:]],
        lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
        lambda lines: [lines[0], lines[1], *lines[1:]],
        lambda lines: [*lines, lines[1]],
        lambda lines: [*lines, lines[-1]],
        lambda lines: [lines[0], b"{}\n", *lines[1:]],
        lambda lines: [*lines[:-1], b'{"aggregates":2,"sha256":"' + b"0" * 64 + b'"}\n'],
    ],
)
def test_lines_that_are_gone_swapped_or_added_are_seen(whole: Path, change) -> None:
    changed = whole.with_name("changed")
    changed.write_bytes(b"".join(change(whole.read_bytes().splitlines(keepends=True))))
    with pytest.raises(Changed):
        check(changed, "dispatch")


def test_the_file_of_another_service_is_seen(tmp_path: Path) -> None:
    write(tmp_path, *HEADS, service="intake").path.rename(tmp_path / "dispatch-000001.jsonl")
    assert newest(tmp_path, "dispatch") == (
        None,
        [(tmp_path / "dispatch-000001.jsonl", "it does not begin as a file of dispatch does")],
    )


def test_a_file_put_in_anothers_place_is_seen_though_it_is_whole(tmp_path: Path) -> None:
    write(tmp_path, *HEADS)
    newer = write(tmp_path, *HEADS)
    forged = write(tmp_path / "elsewhere", HEADS[0])
    forged.path.rename(tmp_path / "dispatch-000001.jsonl")
    found, changed = newest(tmp_path, "dispatch")
    assert found is not None
    assert found.path.name == "dispatch-000001.jsonl"
    assert changed == [(newer.path, "it does not follow dispatch-000001.jsonl")]


def test_where_the_newest_was_changed_the_one_before_still_serves(tmp_path: Path) -> None:
    older, newer = write(tmp_path, *HEADS), write(tmp_path, *HEADS)
    newer.path.write_bytes(newer.path.read_bytes()[:-20])
    assert newest(tmp_path, "dispatch") == (
        older,
        [(newer.path, "its lines do not give the digest that is at its end")],
    )
