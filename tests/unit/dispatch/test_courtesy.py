"""Workers of one process keep out of each other's way."""

from threading import Thread

from services.dispatch.storage.courtesy import REMEMBERED, Courtesy


def test_what_somebody_has_in_hand_nobody_else_gets_before_it_is_let_go():
    courtesy = Courtesy()

    taken = [courtesy.hold("a1"), courtesy.hold("a1"), courtesy.hold("a2")]
    courtesy.let_go("a1")

    assert (taken, courtesy.hold("a1")) == ([True, False, True], True)


def test_who_waits_gets_it_as_soon_as_it_is_let_go():
    courtesy, got = Courtesy(), []
    courtesy.hold("a1")
    waiting = Thread(target=lambda: got.append(courtesy.hold("a1", wait=30)))
    waiting.start()

    courtesy.let_go("a1")
    waiting.join()

    assert got == [True]


def test_what_was_in_hand_since_somebody_looked_is_told_also_when_it_is_let_go():
    courtesy = Courtesy()
    courtesy.hold("before")
    courtesy.let_go("before")
    since = courtesy.turn()
    for name in ("gone", "held"):
        courtesy.hold(name)
    courtesy.let_go("gone")

    assert courtesy.busy_since(since) == {"gone", "held"}


def test_only_the_last_ones_are_remembered():
    courtesy = Courtesy()
    for number in range(REMEMBERED + 5):
        courtesy.hold(str(number))
        courtesy.let_go(str(number))

    assert len(courtesy.busy_since(0)) == REMEMBERED
