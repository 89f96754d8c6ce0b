"""The fixed rules by which the demo adds what the log lacks; every run derives the same from the same codes.

`SAID` is printed with the outcome: nobody shall take what a rule made for what the log recorded.
"""

from __future__ import annotations

import re

from deploy.demo.log import Incident, Row

LEVELS = {"1": "high", "2": "medium", "3": "low"}  # impact and urgency: '2 - Medium' -> medium
PHONES = ("113496", "114496", "116496", "117496", "118496", "121496")  # + 0000..0999: Ofcom's numbers for drama
UNKNOWN = "unknown"
AREAS = ("north", "east", "south", "west")

SAID = (
    "Time zone: the log names none; its times are read as UTC.",
    "Customers: one per caller code; e-mail caller-<code>@example.com (reserved by RFC 2606), phone from Ofcom's "
    "numbers for drama; Chinese where the code is even, SMS first where three divides it, else e-mail.",
    "Areas and households: the area by the caller's code, two neighbouring codes of it are one household; all for the "
    "broadcast at the end.",
    "Type and channel: the log holds incidents taken by phone, so every ticket is a 'fault' by 'phone'; its subject is "
    "the symptom's code.",
    "Category: the log's category and subcategory together; each is routed to the group that had it first most often. "
    "Where an incident's own first group is another, a transfer at its first row puts that right.",
    "Teams and agents: one team per group; as many agents as people were recorded in it (at least one), capacity 50 "
    "each, and a supervisor. Who gets what is left to dispatch: the log's 'assigned_to' is not played.",
    "First response: the log has none; the first row whose state is other than New counts as it.",
    "Targets: the log does not say its own. Resolution is promised within 15 minutes (P1, P2) or 90 hours (P3, P4) "
    "round the clock, waiting included, going on after a reopening: the plain hours that agree with the log's "
    "made_sla most often. First responses as in deploy/config/dispatch.yaml's standard policy.",
    "Flow: 'register' is over at the first row that is not New, 'handle' when the log resolves.",
    "Closing: the log's Closed is not a call; the demo ends the replay, and the unanswered survey runs out. No survey "
    "answer is invented.",
)


def number_in(code: str) -> int:
    """The number of a log's code: 2403 for 'Caller 2403'; 0 where it has none."""
    digits = re.search(r"\d+$", code)
    return int(digits.group()) if digits else 0


def email_of(caller: str) -> str:
    """An address that nobody has."""
    return f"caller-{number_in(caller)}@example.com"


def phone_of(caller: str) -> str:
    """A number that nobody has: +44 116 496 0403 for 'Caller 2403'. Distinct below 6,000."""
    thousands, rest = divmod(number_in(caller), 1000)
    return f"+44{PHONES[thousands % len(PHONES)]}0{rest:03d}"


def category_of(row: Row) -> str:
    """The code that intake triages by: `Category 55/Subcategory 170`."""
    category, subcategory = row.category or f"Category {UNKNOWN}", row.subcategory or f"Subcategory {UNKNOWN}"
    return f"{category}/{subcategory}"


def language_of(caller: str) -> str:
    """`zh-CN` or `en`: both sets of templates are to be seen."""
    return "en" if number_in(caller) % 2 else "zh-CN"


def channels_of(caller: str) -> list[str]:
    """The customer's channels, the preferred one first."""
    return ["email", "sms"] if number_in(caller) % 3 else ["sms", "email"]


def area_of(caller: str) -> str:
    """`north`, `east`, `south` or `west`: a quarter of the codes each, two neighbours together."""
    return AREAS[number_in(caller) // 2 % len(AREAS)]


def household_of(caller: str) -> str:
    """`H-1201` for 'Caller 2403', and for 'Caller 2402'."""
    return f"H-{number_in(caller) // 2}"


def level_of(level: str) -> str:
    """`medium` for '2 - Medium'."""
    return LEVELS[level[0]]


def priority_of(row: Row) -> str:
    """`P3` for '3 - Moderate': the log's table of impact and urgency is intake's own."""
    return f"P{row.priority[0]}"


def hold_reason_of(state: str) -> str:
    """`awaiting_user_info` for 'Awaiting User Info': the log's waiting states are the demo's hold reasons."""
    return state.lower().replace(" ", "_")


def subject_of(row: Row) -> str:
    """What stands on the ticket."""
    return row.symptom or f"Symptom {UNKNOWN}"


def text_of(incident: Incident) -> str:
    """What the customer said, as far as codes can say it."""
    row = incident.rows[0]
    return f"{incident.number}: {subject_of(row)}, {category_of(row)}, {row.location or f'Location {UNKNOWN}'}"
