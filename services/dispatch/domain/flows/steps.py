"""What a flow is made of: steps, where they lead, within what time, and what they cost. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from services.dispatch.domain.flows.fields import BadValue, FieldSpec, amount_of
from shared.conditions import Condition
from shared.errors import ValidationError

END = "end"  # where a flow's last step leads; no step has this code


@dataclass(frozen=True, kw_only=True)
class Who:
    """Who does a step: all that is named must fit. `team` None: the work's own. `level`: of the skill, at least."""

    team: str | None = None
    role: str | None = None
    skill: str | None = None
    level: int = 1
    agent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Escalation:
    """A level that is reached at a part of the limit (`at`) or, past due, `after` business time (as text: "1h").

    `tell` are owner, team, supervisor, duty_manager; `move_to` is a team's code, or "expert": the team's expert team.
    """

    level: int
    at: float | None = None
    after: str | None = None
    tell: tuple[str, ...] = ()
    raise_priority: bool = False
    move_to: str | None = None


@dataclass(frozen=True, kw_only=True)
class Limit:
    """The time for a step or a group: `within` as text ("2h", "3wd"); `calendar` None: the policy's default.

    `warn_at` are parts of it, 0 < part < 1.
    """

    within: str
    calendar: str | None = None
    warn_at: tuple[float, ...] = ()
    escalations: tuple[Escalation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Check:
    """A rule across fields; where it does not hold, `field` is at fault and `message` (by language) says why."""

    rule: Condition
    field: str
    message: Mapping[str, str]

    @property
    def messages(self) -> list[str]:
        """The message in each language, with the language before it: whoever shows it takes the reader's own."""
        return [f"{language}: {text}" for language, text in self.message.items()]


@dataclass(frozen=True, kw_only=True)
class FeeRule:
    """What a step may cost: `usual` is recorded where nothing else is said; `required` without it: must be said."""

    required: bool = False
    usual: Decimal | None = None
    least: Decimal = Decimal("0.00")
    most: Decimal | None = None


@dataclass(frozen=True)
class Edge:
    """To a step, or to the end; `when` None: always."""

    to: str
    when: Condition | None = None


@dataclass(frozen=True)
class Split:
    """To several steps at once; when every branch has come to `join`, that step is opened."""

    branches: tuple[str, ...]
    join: str
    when: Condition | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step; of its edges the first whose condition holds is taken, and the last has none.

    `enter` false: the step is passed over. `leave` false: it cannot be completed yet. `skippable`: may be skipped when
    its limit is missed.
    """

    code: str
    name: Mapping[str, str]
    edges: tuple[Edge | Split, ...]
    who: Who = field(default_factory=Who)
    fields: Mapping[str, FieldSpec] = field(default_factory=dict)
    checks: tuple[Check, ...] = ()
    enter: Condition | None = None
    leave: Condition | None = None
    limit: Limit | None = None
    skippable: bool = False
    fee: FeeRule | None = None

    @property
    def asks(self) -> bool:
        """Whether something has to be filled in or paid to complete it."""
        return any(spec.required for spec in self.fields.values()) or (
            self.fee is not None and self.fee.required and self.fee.usual is None
        )


@dataclass(frozen=True, kw_only=True)
class Group:
    """Steps that have a limit together."""

    code: str
    name: Mapping[str, str]
    steps: tuple[str, ...]
    limit: Limit


def fee_amount(step: Step, given: Any) -> str | None:
    """The amount to record when the step is completed with `given` (None: nothing said), or None for no fee.

    `ValidationError` at `fee.amount`: not an amount, out of bounds, required, or the step has no fee.
    """
    rule = step.fee
    if given is None:
        if rule is None or (not rule.required and rule.usual is None):
            return None
        if rule.usual is None:
            raise ValidationError({"fee.amount": ["is required"]})
        return str(rule.usual)
    if rule is None:
        raise ValidationError({"fee.amount": [f"step {step.code} has no fee"]})
    return str(_within(rule, given))


def _within(rule: FeeRule, given: Any) -> Decimal:
    try:
        amount = amount_of(given)
    except BadValue as fault:
        raise ValidationError({"fee.amount": [str(fault)]}) from None
    if amount < rule.least:
        raise ValidationError({"fee.amount": [f"must be at least {rule.least}"]})
    if rule.most is not None and amount > rule.most:
        raise ValidationError({"fee.amount": [f"must be at most {rule.most}"]})
    return amount
