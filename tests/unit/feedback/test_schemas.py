"""What feedback refuses to read, and names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.feedback import heard, schemas
from services.feedback.domain.kpi import FIGURES
from services.feedback.domain.reference import DEFAULT, FollowUp, Target
from shared.errors import ValidationError
from shared.schemas import load
from tests.unit.feedback.builders import TOKENS

TOKEN = TOKENS.token("W-0001/0")
DECLARED = yaml.safe_load(Path("deploy/config/feedback.yaml").read_text(encoding="utf-8"))


def refused(schema: Any, **data: Any) -> set[str]:
    with pytest.raises(ValidationError) as refusal:
        load(schema, data)
    return set(refusal.value.fields)


def test_an_answer_is_kept_as_it_came():
    comment = "很好 👍\nReally"
    assert load(schemas.AnswerSurvey, {"token": TOKEN, "score": 5, "comment": comment})["comment"] == comment


@pytest.mark.parametrize("score", [0, 6, -1, 2.5, "3", True, None, [3], {"$gt": 1}])
def test_a_score_is_a_whole_number_from_1_to_5(score: Any):
    assert refused(schemas.AnswerSurvey, token=TOKEN, score=score) == {"score"}


@pytest.mark.parametrize("token", ["", "short", TOKEN + "\n", TOKEN[:-1] + "$", 5, None, {"$ne": ""}])
def test_a_token_has_the_form_of_a_token(token: Any):
    assert refused(schemas.AnswerSurvey, token=token, score=3) == {"token"}


@pytest.mark.parametrize("comment", ["\x00", "a\x07b", "x" * 2001, 5])
def test_a_comment_is_text_of_a_bounded_length(comment: Any):
    assert refused(schemas.AnswerSurvey, token=TOKEN, score=3, comment=comment) == {"comment"}


def test_an_unknown_field_is_refused():
    assert refused(schemas.AnswerSurvey, token=TOKEN, score=3, team="network") == {"team"}


def test_a_case_is_asked_for_by_exactly_one_number():
    assert refused(schemas.GetCase) == {"case_no"}
    assert refused(schemas.GetCase, case_no="W-1/0", order_no="W-1") == {"case_no"}


def test_a_period_runs_forwards():
    day, next_day = "2016-02-29T00:00:00Z", "2016-03-01T00:00:00+08:00"
    assert set(load(schemas.Kpi, {"from": day, "to": next_day})) == {"since", "until"}
    assert refused(schemas.Kpi, **{"from": next_day, "to": day}) == {"to"}
    assert refused(schemas.Kpi, **{"from": day, "to": day}) == {"to"}


def test_a_period_needs_times_with_zones():
    assert refused(schemas.Kpi, **{"from": "2016-02-29T00:00:00", "to": 5}) == {"from", "to"}


def test_a_field_that_an_event_gains_later_does_no_harm():
    data = {"order_no": "W-1", "round": 0, "score": 4, "comment": "x", "mood": "sunny"}
    assert load(heard.SurveyAnswered, data) == {"order_no": "W-1", "round": 0, "score": 4}


def test_the_declared_reference_data_is_valid_and_promises_every_figure():
    load(schemas.ReferenceData, DECLARED)
    assert set(FollowUp.from_dict(DECLARED).targets) == set(FIGURES)


def test_the_built_in_reference_data_are_the_documented_defaults():
    load(schemas.ReferenceData, DEFAULT)
    assert FollowUp.from_dict(DEFAULT) == FollowUp(survey_days=5, dissatisfied_at_most=2, targets={})


@pytest.mark.parametrize(
    ("fault", "at"),
    [
        ({"survey_days": 0}, "survey_days"),
        ({"survey_days": "5"}, "survey_days"),
        ({"survey_days": 366}, "survey_days"),
        ({"dissatisfied_at_most": 5}, "dissatisfied_at_most"),
        ({"targets": {"luck": {"at_least": 1}}}, "targets.luck.key"),
        ({"targets": {"satisfaction": {}}}, "targets.satisfaction.value"),
        ({"targets": {"satisfaction": {"at_least": 0.1, "at_most": 0.2}}}, "targets.satisfaction.value"),
        ({"targets": {"satisfaction": {"at_least": 90}}}, "targets.satisfaction.value.at_least"),
        ({"targets": {"satisfaction": {"at_least": 1.5}}}, "targets.satisfaction"),
        ({"mood": 1}, "mood"),
    ],
)
def test_a_fault_in_reference_data_is_named_by_its_path(fault: dict[str, Any], at: str):
    assert refused(schemas.ReferenceData, **{**DECLARED, **fault}) == {at}


def test_a_mean_score_may_be_promised_above_one():
    load(schemas.ReferenceData, {**DECLARED, "targets": {"mean_score": {"at_least": 4.5}}})


def test_a_target_is_met_at_its_very_value():
    assert Target(at_least=0.9).met_by(0.9)
    assert Target(at_most=0.05).met_by(0.05)
    assert not Target(at_most=0.05).met_by(0.0501)
