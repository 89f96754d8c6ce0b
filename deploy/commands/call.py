"""`loopdesk call`: any method of any service."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import click

from deploy.commands.session import client, err, out
from shared.errors import ValidationError


@click.command()
@click.argument("service")
@click.argument("method")
@click.argument("fields", nargs=-1, metavar="[NAME=TEXT | NAME:=JSON]...")
@click.option("--change", is_flag=True, help="The method changes something: send a new request id along.")
@click.option("--request-id", help="Send this request id: the same one again gives the same answer, done once.")
@click.option("--timeout", default=10.0, show_default=True, help="Seconds.")
def call(
    service: str, method: str, fields: tuple[str, ...], change: bool, request_id: str | None, timeout: float
) -> None:
    """Call SERVICE.METHOD and print its answer as JSON.

    NAME=TEXT sends text; NAME:=JSON sends numbers, lists and objects.

    \b
    loopdesk call intake get_ticket ticket_no=T-100001
    loopdesk call intake find_tickets status=submitted limit:=5 | jq .tickets[].subject
    loopdesk call --change dispatch set_presence agent_id=a7 status=offline    (needs the permission work)
    """
    given = parse(fields)
    if change or request_id:
        given["request_id"] = request_id or uuid4().hex
        err.print(f"request_id {given['request_id']}", style="dim", highlight=False)
    try:
        with client() as caller:
            answer = caller.call(service, method, timeout=timeout, **given)
    except ValidationError as error:
        if "request_id" in error.fields and "request_id" not in given:
            err.print(f"{service}.{method} changes something: call it with --change")
        raise
    if out.is_terminal:
        out.print_json(data=answer, ensure_ascii=False)
    else:
        click.echo(json.dumps(answer, ensure_ascii=False))


def parse(fields: tuple[str, ...]) -> dict[str, Any]:
    """The keyword arguments in `name=text` and `name:=json`."""
    given: dict[str, Any] = {}
    for item in fields:
        name, equals, value = item.partition("=")
        if not equals or not name.strip(":"):
            raise click.UsageError(f"{item!r} is neither NAME=TEXT nor NAME:=JSON")
        if name.endswith(":"):
            name = name[:-1]
            try:
                given[name] = json.loads(value)
            except ValueError:
                raise click.UsageError(f"{value!r} is not JSON; for text write {name}={value}") from None
        else:
            given[name] = value
    return given
