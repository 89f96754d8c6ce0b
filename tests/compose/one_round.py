"""Submits a ticket over the published broker port and sees it closed; `--look TICKET` only looks at one again.

Passwords come from the environment, as in .env; the survey's token from a text message, which stdin brings.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys

from shared.client import Client
from tests.support import eventually

PORT = os.environ.get("LOOPDESK_AMQP_PORT", "127.0.0.1:5672")
SENT = ("docker", "compose", "exec", "-T", "sms-consumer", "cat", "/var/lib/loopdesk/sms/sent.jsonl")


def client(account: str) -> Client:
    """Another system, with its own account."""
    password = os.environ[f"{account.upper()}_AMQP_PASSWORD"]
    return Client(f"amqp://{account}:{password}@{PORT}/loopdesk", name=account)


def survey_token(ticket_no: str) -> str:
    """From the text that the SMS consumer has sent."""
    sent = subprocess.run(SENT, capture_output=True, text=True, check=False).stdout
    found = [line for line in sent.splitlines() if ticket_no in line and "survey/" in line]
    assert found, "no survey was sent yet"
    return re.findall(r"survey/([\w-]+)", found[-1])[0]


def main() -> None:
    """Ticket in, survey answered, ticket closed."""
    with client("callcentre") as callcentre, client("workbench") as workbench:

        def status(ticket_no: str) -> str:
            return str(callcentre.call("intake", "get_ticket", ticket_no=ticket_no)["status"])

        if sys.argv[1:2] == ["--look"]:
            print(sys.argv[2], status(sys.argv[2]))
            return
        for agent in ("desk.01", "desk.02"):
            workbench.command("dispatch", "set_presence", agent_id=agent, status="available")
        ticket = callcentre.command(
            *("intake", "submit_ticket"),
            channel="phone",
            customer={"name": "Example customer", "phone": "+8613800138000", "language": "en"},
            subject="Cannot sign in",
            text="Since this morning.",
            type="fault",
            category="account",
            impact="medium",
            urgency="medium",
        )
        number = ticket["ticket_no"]
        eventually(lambda: status(number) == "assigned")
        order = workbench.call("dispatch", "get_work", ticket_no=number)
        print(number, "assigned as", order["order_no"], "to", order["agent"], file=sys.stderr)
        workbench.command("dispatch", "accept", order_no=order["order_no"])
        workbench.command("dispatch", "resolve", order_no=order["order_no"], solution="Password was reset.")
        eventually(lambda: status(number) == "resolved")
        token = eventually(lambda: survey_token(number))
        callcentre.command("feedback", "answer_survey", token=token, score=5)
        eventually(lambda: status(number) == "closed")
        print(number)


if __name__ == "__main__":
    main()
