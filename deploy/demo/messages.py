"""Every message of the demo as its recipient reads it: one folder, an index page, one page each."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.demo import pages
from deploy.demo.outcome import PAGE, TOGETHER
from deploy.demo.play import StackTrouble
from deploy.localstack.instance import ROOT
from shared.client import Client, Request
from shared.errors import LoopdeskError

FOLDER = Path("build")
"""In the project; nothing of it is kept by git."""


def folder_of(name: str) -> Path:
    """Where the messages of a stack's demo stand, from the project's root."""
    return FOLDER / name / "messages"


def write(client: Client, folder: Path, root: Path = ROOT) -> int:
    """Write them anew; gives how many. Raises StackTrouble."""
    place = root / folder
    shutil.rmtree(place, ignore_errors=True)
    (place / pages.EACH).mkdir(parents=True)
    listed = []
    for message in _in_full(client):
        (place / pages.path_of(message)).write_text(pages.page(message), encoding="utf-8")
        listed.append(pages.line(message))
    (place / "index.html").write_text(pages.index(listed), encoding="utf-8")
    return len(listed)


def _in_full(client: Client) -> Iterator[dict[str, Any]]:
    """Newest first, a page of the ledger at a time."""
    after: dict[str, str] = {}
    while True:
        page = client.call("notify", "find_messages", limit=PAGE, timeout=30, **after)
        yield from _texts(client, page["messages"])
        if not page["next"]:
            return
        after = {"after": page["next"]}


def _texts(client: Client, listed: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    requests = [Request.query("notify", "get_message", message_id=one["message_id"]) for one in listed]
    for answer in client.stream(requests, window=TOGETHER):
        if isinstance(answer, LoopdeskError):
            raise StackTrouble(f"{answer.code}: {answer}")
        yield answer
