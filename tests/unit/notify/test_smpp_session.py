"""The SMPP gateway as a transport, against a peer of a few lines that answers what no proper gateway would."""

import socket
import struct
from collections import defaultdict
from contextlib import contextmanager, suppress
from threading import Thread

import pytest

from services.notify.consumers.halt import Halt
from services.notify.consumers.message import Down, Outcome, TryLater
from services.notify.consumers.sms import smpp
from services.notify.consumers.sms.settings import SmppSettings
from services.notify.consumers.sms.smpp import SmppGateway
from services.notify.consumers.sms.wording import Wording
from services.notify.consumers.store import Claim
from tests.unit.notify.builders import NOON
from tests.unit.notify.test_consumer import FixedClock, a_message
from tests.unit.notify.web import a_certificate, a_tls_context

BIND, SUBMIT, ENQUIRE, UNBIND, NACK = 0x09, 0x04, 0x15, 0x06, 0x80000000
RECEIVER, TRANSMITTER = 0x01, 0x02
RESPONSE = 0x80000000


def packet(command, status, sequence, body=b""):
    return struct.pack(">LLLL", 16 + len(body), command, status, sequence) + body


class Peer(Thread):
    """Takes packets; answers submit_sm with the next of `answers`: a status, or a function of the sequence number.

    `proof`: its certificate and key; else it speaks in the clear. `binds`: those that it allows."""

    def __init__(self, *answers, proof=None, binds=(BIND,)):
        super().__init__(daemon=True)
        self.tls, self.binds = proof and a_tls_context(*proof), binds
        self.answers, self.seen, self.lines = list(answers), defaultdict(list), []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        with suppress(OSError):
            while True:
                line, _ = self.listener.accept()
                self.lines.append(line)
                Thread(target=self._serve, args=(line,), daemon=True).start()

    def stop(self):
        for line in (self.listener, *self.lines):
            line.close()

    def _serve(self, line):
        with suppress(OSError, struct.error):
            line = self.tls.wrap_socket(line, server_side=True) if self.tls else line
            stream = line.makefile("rb")
            while start := stream.read(16):
                length, command, _, sequence = struct.unpack(">LLLL", start)
                self.seen[command].append(stream.read(length - 16))
                answer = self._answer(command, sequence)
                if answer is None:
                    line.close()
                    return
                line.sendall(answer)

    def _answer(self, command, sequence):
        if command in (BIND, TRANSMITTER, RECEIVER):
            return packet(command | RESPONSE, 0 if command in self.binds else 0x0D, sequence, b"peer\0")
        if command != SUBMIT:
            return packet(command | RESPONSE, 0, sequence)
        answer = self.answers.pop(0) if self.answers else 0
        if callable(answer):
            return answer(sequence)
        return packet(SUBMIT | RESPONSE, answer, sequence, b"" if answer else f"id{sequence}\0".encode())


class Trail:
    """What the gateway said, in memory."""

    def __init__(self):
        self.rows, self.counts = [], []

    def taken(self, gateway_id, message_id, part, parts, _after):
        self.rows.append((part, parts))
        return False

    def count(self, what):
        self.counts.append(what)

    def fate(self, message_id):
        return None

    def in_doubt(self, marks, message_id):
        self.marks = marks

    def parts_known(self, message_id):
        return len(self.rows)


@pytest.fixture
def peers(monkeypatch):
    monkeypatch.setattr(smpp, "PATIENCE", 0.3)
    opened = []

    @contextmanager
    def at(*answers, proof=None, binds=(BIND,), **options):
        peer = Peer(*answers, proof=proof, binds=binds)
        settings = SmppSettings(**{**ACCOUNT, "port": peer.port, "timeout": 30.0, **options})
        gateway = SmppGateway(settings, Wording(), Trail(), Halt(), FixedClock())
        opened.append((gateway, peer))
        yield gateway, peer

    yield at
    for gateway, peer in opened:
        gateway.close()
        peer.stop()


def sms(**given):
    return a_message(**{"channel": "sms", "to": "+8613800138000", "text": "ok", **given})


ACCOUNT = {"host": "127.0.0.1", "tls": False, "system_id": "desk", "password": "p"}
LONG = "a" * 400  # three parts


@pytest.mark.parametrize("status", [0x0B, 0x0A, 0x01, 0x65, 0x0400])
def test_a_status_that_is_for_good_is_failed(peers, status):
    with peers(status) as (gateway, _):
        outcome = gateway.send(sms())
        assert (outcome.state, f"0x{status:02x}" in outcome.detail) == ("failed", True)


@pytest.mark.parametrize("status", [0x08, 0x45, 0x64])
def test_a_status_that_may_pass_puts_the_message_off(peers, status):
    with peers(status) as (gateway, _), pytest.raises(TryLater):
        gateway.send(sms())


def test_a_status_of_the_gateways_own_is_temporary_where_that_is_set(peers):
    with peers(0x0400, temporary=frozenset({0x0400})) as (gateway, _), pytest.raises(TryLater):
        gateway.send(sms())


def test_a_session_that_the_gateway_has_forgotten_is_begun_again(peers):
    with peers(0x04) as (gateway, peer):
        with pytest.raises(Down):
            gateway.send(sms())
        assert gateway.send(sms()).state == "sent"
        assert len(peer.seen[BIND]) == 2


NONSENSE = {
    "garbage": lambda sequence: b"HTTP/1.1 200 OK\r\n\r\n",
    "no length": lambda sequence: b"\x00\x00\x00\x03" + bytes(12),
    "an unknown command": lambda sequence: packet(0x80009999, 0, sequence),
    "another answer": lambda sequence: packet(ENQUIRE | RESPONSE, 0, sequence),
    "a body cut off": lambda sequence: packet(SUBMIT | RESPONSE, 0, sequence, b"no end"),
    "nothing": lambda sequence: None,
    "silence": lambda sequence: b"",
    "an answer to nothing": lambda sequence: packet(SUBMIT | RESPONSE, 0, sequence + 7, b"x\0"),
    "half a packet": lambda sequence: packet(SUBMIT | RESPONSE, 0, sequence, b"x\0")[:12],
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
def test_nonsense_leaves_the_message_unknown_and_the_next_one_goes_in_a_new_session(peers, answer):
    with peers(answer, timeout=2.0) as (gateway, peer):  # some of it is waited out; a busy machine answers sooner
        assert gateway.send(sms()).state == "unknown"
        assert gateway.send(sms()).state == "sent"
        assert (len(peer.seen[BIND]), len(peer.seen[SUBMIT])) == (2, 2)


def test_a_gateway_that_did_not_understand_has_not_taken_it(peers):
    with peers(lambda sequence: packet(NACK, 0x03, sequence)) as (gateway, _), pytest.raises(TryLater):
        gateway.send(sms())


def test_an_answer_without_an_id_is_an_answer(peers):
    with peers(lambda sequence: packet(SUBMIT | RESPONSE, 0, sequence, b"\0")) as (gateway, _):
        assert gateway.send(sms()) == Outcome("sent", None, None, 1)


def test_a_part_that_is_refused_for_good_fails_the_message(peers):
    with peers(0, 0x0B) as (gateway, peer):
        outcome = gateway.send(sms(text=LONG))
        assert (outcome.state, outcome.detail) == ("failed", "SMS 2 of 3: ESME_RINVDSTADR (0x0b)")
        assert len(peer.seen[SUBMIT]) == 2


def test_once_a_part_has_left_the_others_are_tried_until_they_leave_too(peers, monkeypatch):
    monkeypatch.setattr(smpp, "PATIENCE", 20.0)
    with peers(0, 0x45, 0x04, 0) as (gateway, _):
        assert gateway.send(sms(text=LONG)).state == "sent"
        assert gateway._trail.rows == [(1, 3), (2, 3), (3, 3)]


def test_a_message_of_which_a_part_never_leaves_is_failed_and_not_begun_again(peers):
    with peers(0, *[0x45] * 9) as (gateway, _):
        outcome = gateway.send(sms(text=LONG))
        assert (outcome.state, outcome.detail) == ("failed", "SMS 2 of 3: the gateway took no more of it")


def test_a_part_without_an_answer_leaves_the_whole_unknown(peers):
    with peers(0, lambda sequence: None) as (gateway, _):
        outcome = gateway.send(sms(text=LONG))
        assert (outcome.state, outcome.detail.partition(":")[0]) == ("unknown", "SMS 2 of 3")
        assert gateway._trail.counts == ["unanswered"]


def test_a_doubt_says_how_many_parts_are_known_to_have_left(peers):
    with peers(0, lambda sequence: None) as (gateway, _):
        gateway.send(sms(text=LONG))
        outcome = gateway.resolve(sms(text=LONG), Claim(in_doubt=True))
        assert outcome.state == "unknown"
        assert outcome.detail.endswith("1 of its SMS are known to have left")


@pytest.mark.parametrize("to", ["not a number", "+86 138", "customer@example.com", "+" + "1" * 21])
def test_what_is_no_number_is_failed_and_nothing_is_sent(peers, to):
    with peers() as (gateway, peer):
        assert gateway.send(sms(to=to)) == Outcome("failed", "not a phone number")
        assert peer.seen[SUBMIT] == []


@pytest.mark.parametrize(("text", "parts"), [(LONG, 3), ("好" * 67 * 256, 256)])
def test_a_text_of_too_many_sms_is_failed_and_nothing_is_sent(peers, text, parts):
    with peers(most_parts=2) as (gateway, peer):
        assert gateway.send(sms(text=text)) == Outcome("failed", f"too long: {parts} SMS, 2 at most")
        assert peer.seen[SUBMIT] == []


def test_nobody_there_is_down():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    gateway = SmppGateway(SmppSettings("127.0.0.1", port, False, "desk", "p"), Wording(), Trail(), Halt(), FixedClock())
    for attempt in (gateway.check, lambda: gateway.send(sms()), gateway.tidings):
        with pytest.raises(Down):
            attempt()


def test_a_peer_that_takes_no_bind_is_down():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        settings = SmppSettings("127.0.0.1", listener.getsockname()[1], False, "desk", "p", timeout=0.3)
        with pytest.raises(Down):
            SmppGateway(settings, Wording(), Trail(), Halt(), FixedClock()).check()


def test_a_process_that_is_to_end_begins_no_message():
    halt = Halt()
    halt.stop()
    gateway = SmppGateway(SmppSettings("127.0.0.1", 1, False, "desk", "p"), Wording(), Trail(), halt, FixedClock())
    with pytest.raises(TryLater):
        gateway.send(sms())


def test_what_expires_while_it_waits_for_its_turn_is_not_sent(peers):
    with peers() as (gateway, peer):
        with pytest.raises(TryLater):
            gateway.send(sms(expires_at=NOON))
        assert peer.seen[SUBMIT] == []


# two sessions


def test_a_gateway_without_transceivers_is_bound_twice_and_sent_to_by_the_transmitter(peers):
    with peers(binds=(TRANSMITTER, RECEIVER), bind="pair") as (gateway, peer):
        assert gateway.send(sms()).state == "sent"
        assert {command: len(seen) for command, seen in peer.seen.items()} == {TRANSMITTER: 1, RECEIVER: 1, SUBMIT: 1}


def test_a_pair_of_which_one_is_refused_is_down(peers):
    with peers(binds=(TRANSMITTER,), bind="pair") as (gateway, peer):
        with pytest.raises(Down):
            gateway.send(sms())
        assert peer.seen[SUBMIT] == []


def test_a_transceiver_that_is_not_allowed_is_down(peers):
    with peers(binds=(TRANSMITTER, RECEIVER)) as (gateway, _), pytest.raises(Down):
        gateway.check()


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return a_certificate(tmp_path_factory.mktemp("smpps"))


def test_a_gateway_behind_tls_is_sent_to_when_its_certificate_and_name_are_trusted(peers, certificate):
    behind_tls = {"tls": True, "host": "localhost", "ca_file": str(certificate[0])}
    with peers(proof=certificate, **behind_tls) as (gateway, peer):
        assert gateway.send(sms()).state == "sent"
        assert (len(peer.seen[BIND]), len(peer.seen[SUBMIT])) == (1, 1)


@pytest.mark.parametrize("wrong", ["authority", "name", "no TLS"])
def test_a_gateway_that_cannot_prove_who_it_is_hears_no_password(peers, certificate, tmp_path, wrong):
    trusted = str(certificate[0])
    given = {
        "authority": {"proof": certificate, "host": "localhost", "ca_file": str(a_certificate(tmp_path)[0])},
        "name": {"proof": certificate, "host": "127.0.0.1", "ca_file": trusted},
        "no TLS": {"proof": None, "host": "localhost", "ca_file": trusted},
    }[wrong]
    with peers(tls=True, timeout=2.0, **given) as (gateway, peer):
        with pytest.raises(Down):
            gateway.check()
        assert BIND not in peer.seen
