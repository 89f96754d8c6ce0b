"""For each shipped flow: a matter that it is for, and what to fill in so that every way out of every step is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MATTERS: Mapping[str, Mapping[str, str]] = {
    "complaint": {"type": "complaint", "category": "delivery"},
    "enquiry": {"type": "enquiry", "category": "other"},
    "fault-repair": {"type": "fault", "category": "network"},
    "incident": {"type": "fault", "category": "software"},
    "new-service": {"type": "request", "category": "network"},
    "return-refund": {"type": "request", "category": "product"},
    "suggestion": {"type": "suggestion", "category": "other"},
}

_COMPANY = {"applicant": "company", "registration": "91310000MA1FL0XXXX", "email": "it@example.com", "lines": 20}
_PERSON = {"applicant": "person", "email": "it@example.com", "lines": 1}

#: Flow -> step -> the values to try; a step that is not named is completed with nothing. `fee` is what it cost.
CHOICES: Mapping[str, Mapping[str, list[Mapping[str, Any]]]] = {
    "complaint": {
        "acknowledge": [{"reached_by": "phone"}],
        "investigate": [{"findings": "属实", "heard_both": True}],
        "decide_cause": [{"cause": "not_ours"}, {"cause": "error", "unit": "仓库"}],
        "explain": [{"explanation": "非我方责任"}],
        "propose": [{"remedy": "apology"}, {"remedy": "compensation", "compensation": "800"}],
        "approve": [{"approved": True}, {"approved": False}],
        "confirm": [{"accepted": True}, {"accepted": False}],
    },
    "enquiry": {"answer": [{}, {"article": "K-17"}]},
    "fault-repair": {
        "report": [{"symptom": "断网", "contact_phone": "+8613800138000", "address": "人民路 1 号"}],
        "triage": [{"way": "on_site", "address": "人民路 1 号"}, {"way": "remote"}, {"way": "no_fault"}],
        "crew": [{"crew": "三队", "eta": "2026-03-02T12:30:00+08:00"}],
        "arrive": [{"arrived_at": "2026-03-02T09:00:00+08:00"}],
        "on_site": [{"outcome": "repaired"}, {"outcome": "other_crew"}],
        "fixed": [{"cause": "line", "parts": "网线", "fee": {"amount": "35.5"}}],
        "confirmed": [{"works_again": True}, {"works_again": False, "remark": "还是不通"}],
    },
    "incident": {},
    "new-service": {
        "documents": [_COMPANY, _PERSON],
        "survey": [{"feasible": True, "works": 1200, "distance": 3.5}],
        "credit": [{"credit": "good"}],
        "approval": [{"decision": "approved"}, {"decision": "more_documents"}, {"decision": "refused"}],
        "refusal": [{"told": "暂不具备条件"}],
        "fee": [{"fee": {"amount": 680}}],
        "fulfilment": [{"done_on": "2026-03-09", "serial": "ONU-1"}],
    },
    "return-refund": {
        "register": [
            {"sale": "S-1", "paid": "99", "goods_back": True},
            {"sale": "S-1", "paid": "99", "goods_back": False},
        ],
        "inspect": [{"received_on": "2026-03-05", "state": "damaged"}],
        "decide": [{"decision": "refund", "amount": "99"}, {"decision": "exchange"}, {"decision": "reject"}],
        "refund": [{"paid_out_on": "2026-03-06"}],
        "exchange": [{"parcel": "P-1"}],
        "reject": [{"grounds": "人为损坏，不予退换"}],
    },
    "suggestion": {
        "assess": [{"verdict": "adopt"}, {"verdict": "decline"}],
        "carry_out": [{"done_on": "2026-03-20"}],
    },
}
