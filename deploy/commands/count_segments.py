"""`loopdesk count-segments`: how many SMS a text takes."""

from __future__ import annotations

import sys

import click

from services.notify.domain.segments import ALONE, JOINED, count


@click.command(name="count-segments")
@click.argument("text")
def count_segments(text: str) -> None:
    """Encoding, characters and segments of TEXT as an SMS; `-` reads it from standard input.

    Characters are the units that SMS are filled with: septets of GSM 7-bit, in which [ ] { } ^ ~ | € and the backslash
    take two, or 16-bit words of UCS-2, in which an emoji takes two. Asks no service. The consumer's signature and
    opt-out come on top.

    \b
    loopdesk count-segments "您的工单已受理"
    echo -n "Your ticket is closed" | loopdesk count-segments -
    """
    encoding, characters, segments = count(sys.stdin.read() if text == "-" else text)
    room = ALONE[encoding] if segments == 1 else JOINED[encoding]
    click.echo(f"{encoding}: {characters} characters, {segments} segment{'s' * (segments != 1)} of {room}")
