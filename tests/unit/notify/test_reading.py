"""What a text may mean."""

import pytest

from services.notify.domain.reading import Meaning, Words, plain, read
from services.notify.reference.replies import Inbound, InboundEntry, usual
from shared.errors import ValidationError
from shared.schemas import load

WORDS = usual().words


def kinds(text):
    return {(one.kind, one.value) for one in read(text, WORDS).meanings}


@pytest.mark.parametrize(
    "text", ["5", "５", " 5\n", "5。", "【5】", "5️⃣", "⑤", "5分", "五", "五星", "非常满意", "Very Satisfied!", "five"]
)
def test_the_best_score_in_many_forms(text):
    assert kinds(text) == {("survey", "5")}


@pytest.mark.parametrize(
    ("text", "score"), [("满意", "4"), ("一般", "3"), ("不满意", "2"), ("非常不满意", "1"), ("4", "4")]
)
def test_words_for_scores(text, score):
    assert kinds(text) == {("survey", score)}


@pytest.mark.parametrize("text", ["Y", "yes", "是", "是的"])
def test_yes_is_a_satisfied_customer_or_a_confirmed_appointment(text):
    assert kinds(text) == {("survey", "4"), ("appointment", "confirm")}


@pytest.mark.parametrize("text", ["N", "no", "否"])
def test_no_is_a_dissatisfied_customer_or_another_appointment(text):
    assert kinds(text) == {("survey", "2"), ("appointment", "change")}


@pytest.mark.parametrize(
    ("text", "answer"), [("确认", "confirm"), ("confirm", "confirm"), ("改期", "change"), ("reschedule", "change")]
)
def test_words_for_appointments(text, answer):
    assert kinds(text) == {("appointment", answer)}


@pytest.mark.parametrize("text", ["STOP", "stop.", "T", "td", "ＴＤ", "退订", "回复退订", "回复TD退订", "unsubscribe"])
def test_words_for_stop(text):
    assert kinds(text) == {("stop", "")}


@pytest.mark.parametrize("text", ["START", "恢复订阅"])
def test_words_for_start(text):
    assert kinds(text) == {("start", "")}


@pytest.mark.parametrize(
    "text", ["T-1042", "t1042", "查询 T-1042", "查询T-1042", "status T-1042?", "T-1042 进度", "Ｔ－1042"]
)
def test_a_ticket_number_alone_or_with_a_word_for_it_asks_for_its_status(text):
    assert kinds(text) == {("status", "T-1042")}


def test_a_ticket_number_beside_an_answer_names_the_question():
    reading = read("T-1042 5", WORDS)

    assert (reading.ticket_no, reading.meanings) == ("T-1042", (Meaning("survey", "5"),))


def test_a_ticket_number_beside_a_sentence_is_no_question_for_its_status():
    assert read("T-1042 is still broken", WORDS).meanings == ()


def test_a_comment_stands_after_punctuation():
    assert read("4，师傅很好", WORDS).meanings == (Meaning("survey", "4", "师傅很好"),)


def test_a_wish_goes_with_the_change_of_an_appointment():
    assert Meaning("appointment", "change", "rather on Tuesday") in read("2, rather on Tuesday", WORDS).meanings


def test_a_confirmation_on_a_condition_is_unclear():
    assert Meaning("appointment", "unclear", "but after three") in read("1, but after three", WORDS).meanings


@pytest.mark.parametrize(
    "text", ["5.5", "1:30", "5 people are without water", "", "。", "hello", "0", "6", "10", "stop, it leaks", "1-2"]
)
def test_what_is_no_answer_means_nothing(text):
    assert read(text, WORDS).meanings == ()


def test_case_width_and_unseen_marks_make_no_difference():
    assert plain(" Ｙｅｓ\u200b！ ") == "yes"


def test_reference_data_without_words_have_the_shipped_ones():
    assert Inbound.from_dict(load(InboundEntry, {})) == usual()


def test_own_words_are_in_place_of_the_shipped_ones():
    inbound = Inbound.from_dict(load(InboundEntry, {"words": {"en": {"survey": {"5": ["Super"]}}}}))

    assert read("super", inbound.words).meanings == (Meaning("survey", "5"),)
    assert read("5", inbound.words) == read("nothing", Words())


@pytest.mark.parametrize(
    "said",
    [
        {"survey": {"5": ["good"], "4": ["Good!"]}},
        {"confirm": ["1"], "change": ["１"]},
        {"stop": ["t"], "confirm": ["T"]},
        {"stop": ["!"]},
    ],
)
def test_a_word_that_means_two_things_is_refused(said):
    with pytest.raises(ValidationError) as refused:
        load(InboundEntry, {"words": {"en": said}})
    assert list(refused.value.fields) == ["words"]


def test_a_short_code_takes_what_is_declared_of_it_and_any_other_all():
    inbound = Inbound.from_dict(load(InboundEntry, {"short_codes": {"1069": ["survey"]}}))

    assert (inbound.allowed("1069"), len(inbound.allowed("1070"))) == (("survey",), 5)
