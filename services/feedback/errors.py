"""What feedback refuses, by name."""

from __future__ import annotations

from shared.errors import IllegalMove, NotFound, ValidationError


class UnknownSurvey(NotFound):
    """No survey has this token; the token is not repeated, since it opens one."""

    def __init__(self) -> None:
        super().__init__("survey", "with this token")


class SurveyOver(IllegalMove):
    """The case no longer waits for an answer: it was answered, ran out or was overtaken by the work."""

    def __init__(self, case_no: str, state: str) -> None:
        super().__init__(f"this survey is over: {state}", rule="one_answer_in_time", case_no=case_no, state=state)


class IllegalCaseMove(IllegalMove):
    """The transition table of a case lacks this move."""

    def __init__(self, case_no: str, state: str, move: str) -> None:
        message = f"a case that is {state} cannot {move}"
        super().__init__(message, rule="case_moves", case_no=case_no, state=state, move=move)


class PeriodTooLong(ValidationError):
    """The period holds more work than can be summed up while a caller waits."""

    def __init__(self) -> None:
        super().__init__({"to": ["Too much work lies in this period: ask for a shorter one."]})
