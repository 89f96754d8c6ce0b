"""Nobody is told twice: consumers that are killed, and a relay that goes away."""

from __future__ import annotations

import json
from collections import Counter

from tests.fault.chaos import kills, stopped
from tests.fault.invariants import SETTLED_WITHIN, Expected, assert_sound
from tests.fault.load import Load
from tests.fault.relay import bad_relay
from tests.fault.settled import settled
from tests.support import Stack, eventually, locked_sink


def test_mails_wait_for_a_relay_that_is_down_and_are_each_sent_once(broken: Stack, load: Load) -> None:
    with stopped(broken, "mailbox"):
        load.submit(30)
        load.drive()  # nobody's work waits for it
        eventually(lambda: waiting(broken, load))
        owed = waiting(broken, load)
        assert set(mail_ids(broken)).isdisjoint(mails_of(broken, load))

    assert_sound(broken, load)
    assert owed
    # what nobody needs to be told any more when its turn comes is no mail; assert_sound has seen to the reasons
    own = set(mails_of(broken, load))
    assert sorted(own.intersection(mail_ids(broken))) == sorted(mails_of(broken, load, state="sent"))


def test_a_mail_whose_relay_hung_up_after_the_text_is_unknown_and_never_sent_again(broken: Stack, load: Load) -> None:
    with stopped(broken, "mailbox"), bad_relay(mail_port(broken), mails=3) as relay:
        load.submit(10)
        eventually(lambda: len(relay.taken) == 3)
    load.drive()
    # a mail that a kill finds on its way would be one more whose fate nobody knows
    eventually(lambda: settled(broken, {}), SETTLED_WITHIN)
    broken.kill_and_wait("email-consumer")

    assert_sound(broken, load, Expected(unknown=[of_the_load(broken, load, relay.taken)]))
    assert fates(broken, relay.taken) == Counter(unknown=3)
    assert not set(relay.taken) & set(mail_ids(broken))


def test_a_mail_whose_consumer_was_killed_after_the_text_is_unknown_and_never_sent_again(
    broken: Stack, load: Load
) -> None:
    with stopped(broken, "mailbox"), bad_relay(mail_port(broken), silent=True) as relay:
        load.submit(10)
        eventually(lambda: relay.taken)
        broken.kill_and_wait("email-consumer")
    load.drive()

    assert_sound(broken, load, Expected(unknown=[of_the_load(broken, load, relay.taken)]))
    assert fates(broken, relay.taken) == Counter(unknown=1)
    assert not set(relay.taken) & set(mail_ids(broken))


def test_an_sms_whose_consumer_was_killed_between_claim_and_sending_is_sent_once(broken: Stack, load: Load) -> None:
    with locked_sink(broken):
        load.submit(8, ["held"])
        load.drive()
        for _ in range(3):
            eventually(lambda: claimed(broken) and broken.pids("sms-consumer"))
            broken.kill_and_wait("sms-consumer")
        assert claimed(broken)

    assert_sound(broken, load)


def test_consumers_killed_again_and_again_send_each_message_once(broken: Stack, load: Load) -> None:
    with kills(broken, ["sms-consumer", "email-consumer"], times=10, every=1.0) as killer:
        load.submit(60)
        load.drive()

    # a kill between handing a mail to the relay and recording it leaves that one mail's fate open
    assert_sound(broken, load, Expected(unknown=range(killer.killed["email-consumer"] + 1)))


def waiting(stack: Stack, load: Load) -> int:
    """E-mails of the load that are not sent yet."""
    wanted = {"channel": "email", "state": "handed_over", "ticket_no": {"$in": ticket_nos(load)}}
    return stack.database["notify_messages"].count_documents(wanted)


def ticket_nos(load: Load) -> list[str]:
    return [matter.ticket_no for matter in load.matters]


def mails_of(stack: Stack, load: Load, **wanted: str) -> list[str]:
    """The e-mails of the load: what is withdrawn at the end of a test may be told during the next one."""
    own = {"channel": "email", "ticket_no": {"$in": ticket_nos(load)}, **wanted}
    return [row["_id"] for row in stack.database["notify_messages"].find(own, {"_id": 1})]


def of_the_load(stack: Stack, load: Load, message_ids: list[str]) -> int:
    """How many of these messages."""
    return len(set(message_ids).intersection(mails_of(stack, load)))


def fates(stack: Stack, message_ids: list[str]) -> Counter[str]:
    return Counter(row["state"] for row in stack.database["notify_messages"].find({"_id": {"$in": message_ids}}))


def mail_ids(stack: Stack) -> list[str]:
    return [str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in stack.mails()]


def mail_port(stack: Stack) -> int:
    """Where the mailbox listens."""
    return int(json.loads((stack.instance.folder / "ports.json").read_text())["mailbox"])


def claimed(stack: Stack) -> int:
    """SMS that a consumer has claimed and not settled."""
    return stack.database["consumer_sms_messages"].count_documents({"state": "claimed"})
