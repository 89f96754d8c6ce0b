"""What outside systems and people see and do: only calls through the client, mails, and text messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from itertools import count
from pathlib import Path
from typing import Any

from deploy.declared import load
from shared.client import Client
from tests.support import Stack, at_any_hour, eventually, until_noticed

CONFIG = Path(__file__).parents[2] / "deploy" / "config"
TEAMS = [f"journey {number:02d}" for number in range(40)]
#: Of the tests of what customers send in (tests/interface/notify), each of which makes an agent of its own.
TEXTS_TEAM, MAILS_TEAM = "inbound texts", "inbound mails"
ALL_TEAMS = (*TEAMS, TEXTS_TEAM, MAILS_TEAM)
SERVICES = ("intake", "dispatch", "feedback", "notify")
_customers = count(1)

CONTACT: Mapping[str, Any] = {
    "channel": "phone",
    "subject": "断网了 😡",
    "text": "从今天早上开始。\nNo connection since this morning.",
    "type": "fault",
    "impact": "medium",
    "urgency": "high",  # P2: first response 1 h, resolution 8 h
}
EVERY_CLOCK = ["first_response", "resolution", "next_update", "step", "group"]
HOURS = {"P1": ("15m", "4h"), "P2": ("1h", "8h"), "P3": ("4h", "3d"), "P4": ("8h", "5d")}
#: Round the clock, one warning, the supervisor an hour after a miss.
POLICY: Mapping[str, Any] = {
    "code": "journey",
    "name": "Journeys",
    "calendar": "always",
    "warn_at": [0.8],
    "targets": {name: {"first_response": first, "resolution": last} for name, (first, last) in HOURS.items()},
    "pause": {"waiting_for_customer": EVERY_CLOCK},
    "reopening": "restart",
    "escalations": [
        {"clock": clock, "after": "1h", "level": 1, "tell": ["owner", "supervisor"]}
        for clock in ("first_response", "resolution")
    ],
}
#: For contacts of the channel `visit`: somebody goes there within two hours, then writes the bill.
FLOW: Mapping[str, Any] = {
    "name": {"zh-CN": "上门服务", "en": "Visits"},
    "for": 'channel == "visit"',
    "start": "go",
    "currency": "CNY",
    "steps": {
        "go": {
            "name": {"zh-CN": "上门", "en": "On site"},
            "fields": {
                "cause": {"type": "text", "required": True, "max": 200, "name": {"zh-CN": "原因", "en": "Cause"}}
            },
            "within": "2h",
            "calendar": "always",
            "warn_at": [0.5],
            "escalations": [{"at": 1, "level": 1, "tell": ["owner", "supervisor", "duty_manager"]}],
            "next": "bill",
        },
        "bill": {"name": {"zh-CN": "结算", "en": "Bill"}, "fee": {"required": True}, "next": "end"},
    },
}
#: Kept by neither of two readings of the same thing.
_VOLATILE = ("recorded_at", "hash")


def reference_bodies() -> dict[str, dict[str, Any]]:
    """deploy/config, with the journeys' teams and categories, their policy and their flow; told at any hour."""
    bodies, faults = load(CONFIG)
    assert faults == []
    bodies["dispatch"] |= {"policies": [POLICY], "flows": {"visits": FLOW}}
    bodies["notify"] = at_any_hour(bodies["notify"])
    bodies["intake"]["categories"] |= {team: {"name": {"en": team}} for team in ALL_TEAMS}
    bodies["dispatch"]["teams"] |= {
        team: {"name": team, "categories": [team], "supervisor": f"chief of {team}"} for team in ALL_TEAMS
    }
    bodies["dispatch"]["agents"] |= {
        f"chief of {team}": {"name": "Chief", "teams": ["service-desk"], "capacity": 0} for team in ALL_TEAMS
    }
    return bodies


def apply_reference(stack: Stack) -> None:
    """Put them in force; returns when every process has noticed."""
    operator, importer = stack.client("operator"), stack.client("importer")
    for service, body in reference_bodies().items():
        operator.command(service, "apply_reference", body=body)
    until_noticed()
    last = TEAMS[-1]
    eventually(lambda: importer.command("dispatch", "save_agent", **an_agent(f"settled of {last}", last)))
    contact = {**CONTACT, "category": last, "customer": a_customer()}
    ticket = eventually(lambda: importer.command("intake", "submit_ticket", **contact))
    work = eventually(lambda: importer.call("dispatch", "get_work", ticket_no=ticket["ticket_no"]))
    assert work["ticket_no"] == ticket["ticket_no"]


def a_customer(**changes: Any) -> dict[str, Any]:
    """A person whom nobody has heard of yet; numbers and addresses are reserved for examples, and no other test's."""
    number = next(_customers)
    addresses = {"phone": f"+44121496{number:04d}", "email": f"customer.{number}@example.com"}
    return {"name": f"客户 {number} 🙂", "language": "en", **addresses, **changes}


def an_agent(agent_id: str, *teams: str, capacity: int = 2) -> dict[str, Any]:
    return {"agent_id": agent_id, "name": "安 🙂", "teams": list(teams), "capacity": capacity}


@dataclass(frozen=True)
class Case:
    """One ticket, seen from outside."""

    ticket_no: str
    customer: Mapping[str, Any]
    customer_id: str

    @property
    def order_no(self) -> str:
        return "W-" + self.ticket_no.removeprefix("T-")


class Outside:
    """The call centre, the agents' workbench, the supervisors' desk and the importer of old tickets."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.callcentre, self.workbench = stack.client("callcentre"), stack.client("workbench")
        self.supervisor, self.importer = stack.client("supervisor"), stack.client("importer")

    # agents

    def come(self, agent_id: str, *teams: str, capacity: int = 2) -> str:
        """An agent of these teams starts work."""
        self.supervisor.command("dispatch", "save_agent", **an_agent(agent_id, *teams, capacity=capacity))
        self.workbench.command("dispatch", "set_presence", agent_id=agent_id, status="available")
        return agent_id

    def load(self, agent_id: str) -> int:
        return int(self.workbench.call("dispatch", "get_agent", agent_id=agent_id)["load"])

    # tickets

    def submit(
        self, team: str, *, by: Client | None = None, customer: Mapping[str, Any] | None = None, **more: Any
    ) -> Case:
        """A customer speaks; `by`: other than the call centre."""
        customer = customer or a_customer()
        contact = {**CONTACT, "category": team, "customer": dict(customer), **more}
        made = (by or self.callcentre).command("intake", "submit_ticket", **contact)
        return Case(made["ticket_no"], customer, made["customer_id"])

    def do(self, method: str, case: Case, *, by: Client | None = None, **fields: Any) -> dict[str, Any]:
        """A command on the work order."""
        return dict((by or self.workbench).command("dispatch", method, order_no=case.order_no, **fields))

    def ticket(self, case: Case) -> dict[str, Any]:
        return dict(self.callcentre.call("intake", "get_ticket", ticket_no=case.ticket_no))

    def work(self, case: Case) -> dict[str, Any]:
        return dict(self.workbench.call("dispatch", "get_work", order_no=case.order_no))

    def cases(self, case: Case) -> list[dict[str, Any]]:
        return list(self.workbench.call("feedback", "get_case", order_no=case.order_no)["cases"])

    def messages(self, case: Case) -> list[dict[str, Any]]:
        """The ledger's rows of a ticket, oldest first."""
        found = self.workbench.call("notify", "find_messages", ticket_no=case.ticket_no, limit=200)
        return list(reversed(found["messages"]))

    def when_work(self, case: Case, **wanted: Any) -> dict[str, Any]:
        """The work order as soon as it is so."""
        return eventually(lambda: _so(self.work(case), wanted))

    def when_ticket(self, case: Case, **wanted: Any) -> dict[str, Any]:
        """The ticket as soon as it is so."""
        return eventually(lambda: _so(self.ticket(case), wanted))

    # customers

    def survey(self, case: Case, round_: int = 0) -> str:
        """The token of the round's survey, from the link in the customer's SMS."""

        def link() -> str:
            texts = [text["text"] for text in self.texts(case) if "/survey/" in text["text"]]
            assert len(texts) > round_, texts
            return str(re.findall(r"/survey/([\w-]+)", texts[round_])[0])

        return eventually(link)

    def answer(self, case: Case, score: int, comment: str, round_: int = 0) -> dict[str, Any]:
        token = self.survey(case, round_)
        return dict(self.callcentre.command("feedback", "answer_survey", token=token, score=score, comment=comment))

    def texts(self, case: Case) -> list[dict[str, Any]]:
        """The SMS that the customer got."""
        return [text for text in self.stack.texts() if text["to"] == case.customer["phone"]]

    def mails(self, address: str, case: Case) -> list[Message]:
        """The mails about the ticket that somebody got."""
        return [m for m in self.stack.mails() if m["To"] == address and case.ticket_no in subject(m)]

    # all of it

    def assert_agreed(self, case: Case) -> None:
        """Ticket, work order, cases and messages say the same of one matter, once each service has heard the last."""
        eventually(lambda: self._agreed(case))

    def _agreed(self, case: Case) -> bool:
        ticket, work = self.ticket(case), self.work(case)
        assert (ticket["order_no"], ticket["ticket_no"]) == (work["order_no"], work["ticket_no"])
        for name in ("customer_id", "type", "category", "priority", "subject"):
            assert ticket[name] == work[name], name
        told = [entry for entry in ticket["history"] if entry["type"] == "status_changed"]
        done = {entry["number"]: entry for entry in work["history"]}
        for entry in told:
            assert entry["at"] == done.get(entry["data"]["number"], {}).get("at"), entry
        resolved = [entry for entry in work["history"] if entry["type"] == "work_resolved"]
        cases = self.cases(case) if resolved else []
        assert len(cases) == len(resolved)
        for case_, entry in zip(cases, resolved, strict=True):
            assert case_["resolved_at"] == entry["at"]
            assert (case_["ticket_no"], case_["customer_id"]) == (ticket["ticket_no"], ticket["customer_id"])
        occurrences = {f"dispatch_orders/{case.order_no}/{number}": entry["type"] for number, entry in done.items()}
        for message in self.messages(case):
            assert (message["ticket_no"], message["order_no"]) == (case.ticket_no, case.order_no)
            if message["event"] != "survey_due":
                assert occurrences.get(message["occurrence"]) == message["event"], message
        listed = self.callcentre.call("intake", "find_tickets", customer_id=case.customer_id)["tickets"]
        assert ticket.items() >= next(one for one in listed if one["ticket_no"] == case.ticket_no).items()
        found = self.workbench.call("dispatch", "find_work", customer_id=case.customer_id)["work"]
        assert work.items() >= next(one for one in found if one["order_no"] == case.order_no).items()
        return True


def _so(found: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    there = {name: found[name] for name in wanted}
    assert there == wanted, there
    return found


def subject(mail: Message) -> str:
    """The subject as a person reads it."""
    from email.header import decode_header, make_header

    return str(make_header(decode_header(mail["Subject"] or "")))


def body(mail: Message) -> str:
    """The plain text as a person reads it."""
    part = next(part for part in mail.walk() if part.get_content_type() == "text/plain")
    return bytes(part.get_payload(decode=True)).decode(part.get_content_charset() or "utf-8")


def happened(found: Mapping[str, Any]) -> list[str]:
    """The types of what stands in a history."""
    return [entry["type"] for entry in found["history"]]


def statuses(ticket: Mapping[str, Any]) -> list[str]:
    """What a customer's ticket has been, in order."""
    return [entry["data"]["status"] for entry in ticket["history"] if "status" in entry["data"]]
