"""`loopdesk care`: which care plans are on, what they would send, and what they have sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

import click

from deploy.commands import care_show, listing, session
from deploy.commands.messages import after_option, json_option, limit_option, zone_option
from deploy.commands.session import out
from shared.client import Client
from shared.clock import SystemClock
from shared.errors import NotFound

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group()
def care() -> None:
    """See what care plans do: greetings and reminders by each customer's own calendar (docs/care.md).

    Plans are reference data: to switch one on, set `active: true` in deploy/config/notify.yaml and `loopdesk apply`.

    \b
    loopdesk care plans                            which there are, on or off
    loopdesk care preview                          whom those that are on would tell today and tomorrow
    loopdesk care preview birthday --date 2026-03-02
    loopdesk care days birthday                    whom it has told, and why others not
    loopdesk messages list --event care            the messages themselves
    """


@care.command()
@zone_option
@json_option
def plans(zone: tzinfo, as_json: bool) -> None:
    """List the plans: whom each tells, when, by what, and how often a year at most."""
    with session.client() as client:
        answer = client.call("notify", "find_care_plans")
    listing.show(answer, "plans", lambda rows: care_show.plans(rows, zone), nothing="no care plans", as_json=as_json)
    if answer["plans"] and not as_json and answer["per_year"] is not None:
        out.print(
            f"\nOf all plans together a customer hears {answer['per_year']} times a year at most.", highlight=False
        )


@care.command()
@click.argument("plan", required=False)
@click.option("--date", "day", type=DAY, help="That day. Default: today and tomorrow, by --zone.")
@zone_option
@json_option
def preview(plan: str | None, day: datetime | None, zone: tzinfo, as_json: bool) -> None:
    """Say whom PLAN, on or off, would tell on a day, and why others not; without PLAN all that are on.

    Nobody is told. What a customer has had already this day or year is not counted, and a preview looks at 5,000
    customers: it says `at least` where there are more. Plans that follow events remember them only while they are on.
    """
    today = SystemClock().now().astimezone(zone).date()
    wanted = [day.date()] if day else [today, today + timedelta(days=1)]
    with session.client() as client:
        chosen = _chosen(client, plan)
        found = [(one, _preview(client, one["plan"], on)) for one in chosen for on in wanted]
    if as_json:
        click.echo(json.dumps([one for _, one in found], ensure_ascii=False))
    elif not found:
        out.print("no plan is on: loopdesk care plans")
    else:
        out.print(care_show.forecast(found))
        for _, one in found if plan else ():
            if one["first"]:
                out.print(f"\n{one['date']}, the first {len(one['first'])}:", highlight=False)
                out.print(care_show.first(one["first"], zone))


def _chosen(client: Client, plan: str | None) -> list[Mapping[str, Any]]:
    known = client.call("notify", "find_care_plans")["plans"]
    chosen = [one for one in known if one["plan"] == plan or (plan is None and one["active"])]
    if plan is not None and not chosen:
        raise NotFound("care plan", plan)
    return chosen


def _preview(client: Client, plan: str, on: date) -> Mapping[str, Any]:
    found: Mapping[str, Any] = client.call("notify", "preview_care_plan", plan=plan, date=on.isoformat())
    return found


@care.command()
@click.argument("plan", required=False)
@limit_option
@after_option
@zone_option
@json_option
def days(plan: str | None, zone: tzinfo, as_json: bool, **page: Any) -> None:
    """List what came of PLAN's days, or of all plans', the newest first: how many were told, and why others not.

    A day is done for each time zone of customers by itself, at the plan's time on their clocks.
    """
    wanted = {name: value for name, value in {"plan": plan, **page}.items() if value}
    with session.client() as client:
        answer = client.call("notify", "find_care_days", **wanted)
    listing.show(
        answer, "days", lambda rows: care_show.days(rows, zone), nothing="nothing was due yet", as_json=as_json
    )
