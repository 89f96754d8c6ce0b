"""Pace by domain: who is too fast waits, and is in nobody's way."""

import pytest

from services.notify.consumers.broker import MOST_WAITING, PREFETCH, Broker
from services.notify.consumers.inbox import Delivery, Inbox
from services.notify.consumers.pace import Pace, domain_of, rates_of


def a_delivery(tag, lane="bulk", since=0.0):
    return Delivery(tag, lane, b"", None, since)


def tags(deliveries):
    return [delivery.tag if delivery else None for delivery in deliveries]


def test_rates_are_declared_by_domain():
    assert rates_of("qq.com=5/s, Outlook.com=600/m,slow.example=36/h,*=0.5/s") == {
        "qq.com": 5.0,
        "outlook.com": 10.0,
        "slow.example": 0.01,
        "*": 0.5,
    }
    assert rates_of("") == {}


@pytest.mark.parametrize(
    "text", ["qq.com", "qq.com=5", "qq.com=0/s", "qq.com=-1/s", "qq.com=5/d", "a@qq.com=5/s", "=5/s"]
)
def test_another_form_is_refused(text):
    with pytest.raises(ValueError, match="SMTP_PACE"):
        rates_of(text)


def test_mails_to_a_domain_follow_each_other_in_its_time():
    pace = Pace({"qq.com": 5.0})
    assert pace.wait("qq.com", 10.0) == 0
    pace.spend("qq.com", 10.0)
    assert pace.wait("qq.com", 10.0) == pytest.approx(0.2)
    assert pace.wait("qq.com", 10.25) == 0
    pace.spend("qq.com", 10.25)
    assert pace.wait("qq.com", 10.25) == pytest.approx(0.2)


def test_each_other_domain_has_the_common_rate_for_itself():
    pace = Pace({"qq.com": 5.0, "*": 1.0})
    pace.spend("a.example", 0.0)
    assert (pace.wait("a.example", 0.0), pace.wait("b.example", 0.0)) == (1.0, 0.0)


def test_a_domain_without_a_rate_never_waits():
    pace = Pace({"qq.com": 5.0})
    pace.spend("example.com", 0.0)
    assert pace.wait("example.com", 0.0) == 0


def test_a_domain_is_what_stands_behind_the_last_at_in_small_letters():
    assert domain_of("a@QQ.com") == "qq.com"


def test_what_is_held_is_overtaken_and_goes_when_its_domain_is_free():
    pace = Pace({"qq.com": 1.0})
    inbox = Inbox(pace.wait)
    pace.spend("qq.com", 0.0)
    inbox.hold(a_delivery(1), "qq.com")
    inbox.hold(a_delivery(2), "qq.com")
    inbox.put(a_delivery(3))
    assert tags([inbox.take(0.5), inbox.take(0.5)]) == [3, None]
    assert inbox.pause(0.5, 10.0) == 0.5
    assert tags([inbox.take(1.0)]) == [1]
    pace.spend("qq.com", 1.0)
    assert tags([inbox.take(1.5), inbox.take(2.0)]) == [None, 2]


def test_an_urgent_mail_to_a_paced_domain_goes_before_the_bulk_that_waits_there():
    inbox = Inbox(Pace({"qq.com": 1.0}).wait)
    inbox.hold(a_delivery(1), "qq.com")
    inbox.hold(a_delivery(2, "urgent"), "qq.com")
    inbox.put(a_delivery(3, "normal"))
    assert tags([inbox.take(0.0) for _ in range(3)]) == [2, 3, 1]


def test_how_many_wait_is_known_by_lane():
    inbox = Inbox(Pace({"qq.com": 1.0}).wait)
    inbox.hold(a_delivery(1), "qq.com")
    inbox.put_off(a_delivery(2), 5.0)
    inbox.put_off(a_delivery(3, "urgent"), 5.0)
    assert [inbox.waiting(lane) for lane in ("urgent", "normal", "bulk")] == [1, 0, 2]
    inbox.take(0.0)
    inbox.take(5.0)
    assert [inbox.waiting(lane) for lane in ("urgent", "normal", "bulk")] == [0, 0, 0]


def test_what_is_held_for_too_long_is_given_up():
    inbox = Inbox(Pace({"qq.com": 1.0}).wait)
    for tag, since in ((1, 0.0), (2, 5.0), (3, 10.0)):
        inbox.hold(a_delivery(tag, since=since), "qq.com")
    assert tags(inbox.held_since(6.0)) == [1, 2]
    assert inbox.waiting("bulk") == 1
    assert tags(inbox.clear()) == [3]
    assert inbox.waiting("bulk") == 0


def test_with_nothing_that_waits_the_pause_is_the_longest():
    assert Inbox().pause(0.0, 1.0) == 1.0


class Channel:
    """Notes which lanes are consumed from, anew each time."""

    def __init__(self):
        self.begun, self.ended = [], []

    def basic_consume(self, queue, _on_message):
        self.begun.append(queue.rpartition(".")[2])
        return f"{queue}/{len(self.begun)}"

    def basic_cancel(self, tag):
        self.ended.append(tag)


def a_broker(inbox):
    broker = Broker("amqp://email-consumer:x@localhost/loopdesk", "email", inbox)
    broker._channel = channel = Channel()
    broker.consume()
    channel.begun.clear()
    return broker, channel


def test_a_lane_of_which_much_only_waits_brings_more():
    inbox = Inbox()
    broker, channel = a_broker(inbox)
    begun = []
    for tag in range(PREFETCH):
        inbox.put_off(a_delivery(tag), 9.0)
        broker.make_room()
        begun.append(list(channel.begun))
    half = PREFETCH // 2
    assert begun == [[]] * (half - 1) + [["bulk"]] * half + [["bulk", "bulk"]]
    assert len(channel.ended) == 2


def test_what_waits_no_longer_makes_room_again():
    inbox = Inbox()
    broker, channel = a_broker(inbox)
    for round_ in range(3):
        for tag in range(PREFETCH // 2):
            inbox.put_off(a_delivery(tag), 9.0)
        broker.make_room()
        assert channel.begun == ["bulk"] * (round_ + 1)
        while inbox.take(9.0):
            pass
        broker.make_room()


def test_a_lane_waits_with_its_mails_when_too_many_do():
    inbox = Inbox()
    broker, channel = a_broker(inbox)
    for tag in range(MOST_WAITING):
        inbox.put_off(a_delivery(tag), 9.0)
    broker.make_room()
    assert channel.begun == []
