"""docs/wire.md says what the code does: its JSON examples are read and held to it."""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

from services.intake import answers
from services.intake.domain.ticket import Ticket
from shared import errors
from shared.bus.method import CommandMeta
from shared.bus.topology import REPLY_ADDRESS, RPC_EXCHANGE
from shared.clock import from_text
from shared.link import RPC_EXCHANGE as CLIENTS_EXCHANGE
from shared.request import decode, encode
from shared.schemas import load

DOCUMENT = (Path(__file__).parents[3] / "docs" / "wire.md").read_text(encoding="utf-8")
EXAMPLES = [(m[1], m[2], json.loads(m[3])) for m in re.finditer(r"```json (\w+) (\S+)\n(.*?)```", DOCUMENT, re.DOTALL)]


def examples(kind):
    return [pytest.param(name, body, id=name) for found, name, body in EXAMPLES if found == kind]


def contract_of(method):
    service, name = method.split(".")
    module = importlib.import_module(f"services.{service}.service")
    return getattr(getattr(module, service.capitalize()), name).contract


@pytest.mark.parametrize(("method", "body"), examples("request"))
def test_every_request_is_one_that_the_service_takes(method, body):
    assert body["args"] == []
    contract = contract_of(method)
    meta = set(CommandMeta().fields) if contract.mutates else set()
    load(contract.schema, {name: value for name, value in body["kwargs"].items() if name not in meta})
    assert ("request_id" in body["kwargs"]) == contract.mutates


@pytest.mark.parametrize(("code", "body"), examples("error"))
def test_every_error_is_one_that_the_client_understands(code, body):
    error = decode(json.dumps(body).encode())
    assert type(error) is errors.CATALOGUE[code]
    assert error.to_wire() == body["error"]


def test_every_error_of_the_catalogue_is_shown():
    assert {name for kind, name, _ in EXAMPLES if kind == "error"} == set(errors.CATALOGUE)


def test_the_answer_to_submit_ticket_has_the_members_that_it_really_has():
    [(_, _, reply)] = [example for example in EXAMPLES if example[:2] == ("reply", "intake.submit_ticket")]
    state = Ticket(
        **dict.fromkeys(("channel", "type", "category", "impact", "urgency", "subject", "text"), "x"),
        **{name: reply["result"][name] for name in ("ticket_no", "customer_id", "status", "priority", "version")},
        occurred_at=from_text(reply["result"]["created_at"]),
        created_at=from_text(reply["result"]["created_at"]),
    )
    assert (
        decode(json.dumps({"result": answers.receipt(state), "error": None}, default=str).encode()).keys()
        == reply["result"].keys()
    )


def test_the_bytes_shown_are_the_bytes_that_the_client_sends():
    shown = re.search(r"```\n([0-9a-f ]+)\n```", DOCUMENT)[1]
    assert bytes.fromhex(shown) == encode({"ticket_no": "T-101"})


def test_client_and_services_mean_the_same_exchange_and_reply_address():
    assert CLIENTS_EXCHANGE == RPC_EXCHANGE == "nameko-rpc"
    assert REPLY_ADDRESS.fullmatch("reply.callcentre.0123456789abcdef0123456789abcdef")
