"""Conditions that operators write, in CEL (https://cel.dev): proved once when they are loaded, evaluated often.

    names = {"priority": "string", "amount": "number", "fields": {"eta": "time?", "parts": "list"}, "at": "time"}
    urgent = condition('priority in ["P1", "P2"] && amount * 2 > 100', names)
    urgent.holds({"priority": "P1", "amount": 120, "at": at})

What may be named is declared, with its type: `string`, `number`, `bool`, `list` (of strings), `time` (an aware
datetime), or a mapping of further names. A question mark (`time?`, `number?`) means that it may be null. A declared
name always has a value: what the context lacks, or has as None, is null with a question mark, else "", 0, false or [];
a `time` without one has to be given. A name that may be null is used only behind a question for it:
`fields.eta != null && fields.eta < at`. docs/conditions.md teaches what is offered and its
bounds; ADR 0044 has the reasons.
"""

from shared.conditions.compared import compared
from shared.conditions.condition import Condition, ConditionFailed, condition
from shared.conditions.names import Names
from shared.conditions.syntax import LONGEST, BadCondition

__all__ = ["LONGEST", "BadCondition", "Condition", "ConditionFailed", "Names", "compared", "condition"]
