"""How broadcasts are shown: their list, their progress, their proof."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, tzinfo
from typing import Any

from rich.console import Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from deploy.commands.session import err
from deploy.commands.times import minute
from shared.client import Client

PAUSE = 0.5  # seconds
STATES = ("queued", "held", "handed_over", "sent", "delivered", "failed", "unknown", "expired", "cancelled")
#: Why nobody of a household can be called.
WHY_NO_CALL = {"no_phone": "without a telephone", "channel_not_wanted": "wanting no calls"}
#: A broadcast in one of these is not followed: nothing happens to it by itself, or not soon.
AT_REST = ("draft", "scheduled", "paused")


def _number(name: str) -> Column:
    return Column(name, justify="right")


def table(rows: Iterable[Mapping[str, Any]], zone: tzinfo) -> Table:
    """A row for each broadcast."""
    shown = Table(Column("id", no_wrap=True), "made", "state", "kind", "name", _number("edition"), _number("seen"))
    shown.box, shown.header_style = None, "bold"
    for row in rows:
        cells = (minute(row["created_at"], zone), row["state"], row["kind"], row["name"])
        shown.add_row(row["broadcast_id"], *cells, str(row["edition"]), str(row["seen"]))
    return shown


def followed(client: Client, broadcast_id: str, *, wait: bool) -> Any:
    """Its progress; with `wait` when nothing is left to do, and a bar until then."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("", total=None)
        while True:
            found = client.call("notify", "broadcast_progress", broadcast_id=broadcast_id)
            states = ", ".join(f"{found['states'][name]} {name}" for name in STATES if name in found["states"])
            bar.update(task, description=states, completed=found["seen"], total=found["audience"])
            if not wait or found["doing"] is None or found["state"] in AT_REST:
                return found
            time.sleep(PAUSE)


def progress(found: Mapping[str, Any]) -> Group:
    """How far it has come, and its messages by channel and state."""
    of = f" of {found['audience']}" if found["audience"] is not None else ""
    shown = Table(
        "channel",
        *(_number(name) for name in STATES if name in found["states"]),
        box=None,
        header_style="bold",
    )
    for channel, counts in sorted(found["channels"].items()):
        shown.add_row(channel, *(str(counts.get(name, 0)) for name in STATES if name in found["states"]))
    how_far = f"{found['state']}, edition {found['edition']}: {found['seen']}{of} seen, {found['messages']} messages"
    return Group(Text(how_far), *([shown] if found["channels"] else []), *map(Text, _remarks(found)))


def _remarks(found: Mapping[str, Any]) -> list[str]:
    """What the numbers do not say."""
    said = []
    if found["state"] == "scheduled" and found["start_at"]:
        said.append(f"begins at {minute(found['start_at'], UTC)} UTC")
    if found["state"] == "told" and not found["seen"]:
        said.append("its audience is empty: nobody was told")
    if found["states"].get("held"):
        held = f"loopdesk messages list --broadcast {found['broadcast_id']} --state held"
        goes = "when it is resumed" if found["state"] == "paused" else "by itself when its time comes"
        said.append(f"what is held goes {goes}: {held}")
    return said


def proof(found: Mapping[str, Any]) -> Group:
    """A row for each area, and one for all."""
    columns = ("to reach", "reached", "rate", "in time", "rate", "want none")
    shown = Table(
        "area",
        *(_number(name) for name in columns),
        box=None,
        header_style="bold",
    )
    for row in found["areas"]:
        shown.add_row(row["area"] or "-", *_reach(row))
    shown.add_row("all", *_reach(found["total"]), style="bold")
    return Group(Text(f"{found['state']}, edition {found['edition']}"), shown)


def _reach(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(row["to_reach"]),
        str(row["reached"]),
        share(row["reached_rate"]),
        "-" if row["on_time"] is None else str(row["on_time"]),
        share(row["on_time_rate"]),
        str(row["refused"]),
    )


def share(rate: float | None) -> str:
    """`97.3 %`; never rounded up to all, nor down to none."""
    if rate is None:
        return "-"
    return f"{min(rate * 100, 99.9):.1f} %" if rate < 1 else "100 %"


def unreached(rows: Iterable[Mapping[str, Any]]) -> Table:
    """A row for each household or customer."""
    shown = Table("area", "household", "recipients", "messages", "now", box=None, header_style="bold")
    for row in rows:
        messages = ", ".join(" ".join(filter(None, (m["channel"], m["state"], m["detail"]))) for m in row["messages"])
        shown.add_row(row["area"] or "-", row["household"] or "-", ", ".join(row["recipients"]), messages, _now(row))
    return shown


def _now(row: Mapping[str, Any]) -> str:
    """What is to come; `call` would bring a call task to who has nothing here."""
    if row["called"] or row["under_way"]:
        return "is to be called" if row["called"] else "under way"
    return WHY_NO_CALL.get(row["why_no_call"], "")
