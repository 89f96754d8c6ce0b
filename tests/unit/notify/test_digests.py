"""Digests and what they tell; what makes messages obsolete."""

from dataclasses import replace
from datetime import timedelta

from services.notify.domain import digests, ledger
from services.notify.domain.ledger import Content
from services.notify.storage.matters import Happened, obsoleting
from tests.unit.notify.builders import NOON, a_message

END = NOON + timedelta(minutes=10)


def a_part(number=1, **given):
    known = {"message_id": f"{number:040x}", "occurrence": f"dispatch_orders/W-{number}/7", "state": ledger.QUEUED}
    return a_message(**{**known, "recipient": "agent:a-1", "channel": "email", "kind": "work", **given})


def a_digest(part=None):
    return digests.digest_of(part or a_part(), END, NOON)[0]


def told(*parts):
    return digests.close(a_digest(parts[0]), END, parts, Content("together"))[0]


def test_all_parts_of_a_period_have_one_digest_and_those_of_the_next_another():
    assert a_digest(a_part(1)).message_id == a_digest(a_part(2)).message_id
    assert digests.digest_of(a_part(), END + timedelta(minutes=10), NOON)[0].message_id != a_digest().message_id


def test_recipients_channels_and_kinds_have_digests_of_their_own():
    others = [a_part(recipient="agent:a-2"), a_part(channel="sms"), a_part(kind="progress")]
    assert len({a_digest(part).message_id for part in (a_part(), *others)}) == 4


def test_a_part_looks_for_itself_when_its_digest_should_have_left():
    held, _ = digests.hold_for(a_part(), a_digest(), NOON)
    assert (held.held_for, held.digest, held.due_at) == ("digest", a_digest().message_id, END + digests.LATE)


def test_a_digest_lists_a_hundred_by_their_subjects_and_counts_the_rest():
    parts = [a_part(n, content=Content(f"text {n}\nmore", f"subject {n}" if n else None)) for n in range(130)]
    said = digests.said(parts, "Work")
    assert (said["count"], said["more"], len(said["items"])) == (130, 30, 100)
    assert [item["line"] for item in said["items"][:2]] == ["text 0", "subject 1"]


def test_without_a_template_a_digest_is_its_lines():
    parts = [a_part(n, content=Content("text", f"subject {n}")) for n in range(2)]
    content = digests.plain(digests.said(parts, "Work"))
    assert (content.subject, content.text) == ("Work: 2", "Work: 2\nsubject 0\nsubject 1")


def test_a_digest_is_worth_sending_as_long_as_any_of_its_parts():
    long = a_part(2, expires_at=NOON + timedelta(days=9))
    assert told(a_part(), long).expires_at == NOON + timedelta(days=9)


def test_parts_follow_their_digest_wherever_it_goes_and_leave_the_worklist_to_it():
    part, _ = digests.hold_for(a_part(then=("sms",)), a_digest(), NOON)
    digest = told(part)
    for state in ("sent", "failed"):
        digest, _ = ledger.move(digest, state, END)
        part, facts = digests.follow(part, digest, END)
        assert (part.state, part.then, part.look, len(facts)) == (state, (), False, 1)
    assert digests.follow(part, digest, END) == (part, [])


def test_a_part_that_was_cancelled_when_its_digest_left_was_told_all_the_same():
    part, _ = digests.hold_for(a_part(), a_digest(), NOON)
    digest = told(part)
    cancelled, _ = ledger.cancel(part, END, why="obsolete: work_resolved")
    assert digests.follow(cancelled, digest, END)[0].state == "handed_over"


def test_what_a_digest_does_not_list_does_not_follow_it():
    part, _ = digests.hold_for(a_part(2), a_digest(), NOON)
    assert digests.follow(part, told(a_part(1)), END) == (part, [])


def test_every_move_of_a_digest_is_told_and_none_of_other_messages():
    digest = told(a_part())
    assert "digest_moved" in [fact.type for fact in ledger.move(digest, "sent", END)[1]]
    assert "digest_moved" not in [fact.type for fact in ledger.move(a_message(), "sent", END)[1]]


def happened(number=8, of="dispatch_orders/W-1042", at=NOON):
    return Happened("work_resolved", of, number, at)


def test_events_of_the_same_work_are_ordered_by_their_numbers():
    message = a_message(number=7)
    assert obsoleting(message, [happened(8)]) == "work_resolved"
    assert obsoleting(message, [happened(7), happened(6, at=NOON + timedelta(hours=1))]) is None


def test_events_of_others_are_ordered_by_their_times():
    survey = replace(a_message(number=1), occurrence="feedback_cases/W-1042/0/1")
    assert obsoleting(survey, [happened(2)]) is None
    assert obsoleting(survey, [happened(2, at=NOON + timedelta(minutes=1))]) == "work_resolved"
