"""What the SMS consumer's gateways go by: headers, receipts, statuses, pace, circuit, wording, settings."""

from contextlib import suppress

import pytest

from services.notify.consumers.circuit import Circuit, Watched
from services.notify.consumers.message import Down, Outcome, TryLater
from services.notify.consumers.sms import ids
from services.notify.consumers.sms.inbound import Received, phone, sms_received
from services.notify.consumers.sms.pace import Pace
from services.notify.consumers.sms.pdu import Nonsense, length_of, read, written
from services.notify.consumers.sms.pieces import Header, Piece, parted, pieces, text_of
from services.notify.consumers.sms.reports import Report, is_receipt, of_query, of_receipt, together
from services.notify.consumers.sms.settings import SmppSettings, wording_of
from services.notify.consumers.sms.wording import Wording
from tests.unit.notify.builders import NOON
from tests.unit.notify.test_consumer import a_message

# pieces


def test_a_short_text_is_one_piece_without_a_header():
    assert pieces("ok €", 7) == [Piece(b"ok \x1b\x65", 0, 0)]
    assert pieces("好", 7) == [Piece("好".encode("utf-16-be"), 8, 0)]


def test_a_long_text_is_joined_by_a_header_that_numbers_its_parts():
    first, second = pieces("a" * 161, 0x1FE)
    assert first == Piece(b"\x05\x00\x03\xfe\x02\x01" + b"a" * 153, 0, 0x40)
    assert second == Piece(b"\x05\x00\x03\xfe\x02\x02" + b"a" * 8, 0, 0x40)


def test_no_piece_is_longer_than_an_sms():
    assert {len(piece.octets) for piece in pieces("好" * 200, 1)[:-1]} == {140}
    assert max(len(piece.octets) for piece in pieces("a" * 400, 1)) == 159  # septets in octets: 6 + 153


@pytest.mark.parametrize(
    ("octets", "header", "text"),
    [
        (b"\x05\x00\x03\x09\x02\x01hi", Header(9, 2, 1), b"hi"),
        (b"\x06\x08\x04\x01\x09\x03\x02hi", Header(0x109, 3, 2), b"hi"),
        (b"\x0b\x05\x04\x15\x81\x00\x00\x00\x03\x09\x02\x02hi", Header(9, 2, 2), b"hi"),
        (b"\x06\x05\x04\x15\x81\x00\x00hi", None, b"hi"),
        (b"\x05\x00\x03\x09\x02\x03hi", None, b"hi"),
        (b"\x05\x00\x03\x09\x00\x00hi", None, b"hi"),
        (b"\xff\x00\x03", None, b""),
        (b"", None, b""),
    ],
)
def test_a_header_is_read_and_taken_off(octets, header, text):
    assert parted(octets, True) == (header, text)


def test_a_text_without_a_header_is_all_text():
    assert parted(b"\x05hello", False) == (None, b"\x05hello")


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        (b"\x00 \x1b\x65", 0, "@ €"),
        (b"\x4f\x60", 8, "你"),
        (b"\xe9", 3, "é"),
        (b"\xe9", 1, "\ufffd"),
        (b"\xd8\x3d", 8, "\ufffd"),
    ],
)
def test_a_text_that_came_in_is_read_by_its_coding(octets, coding, text):
    assert text_of(octets, coding) == text


# receipts

LONG_FORM = (
    "id:{} sub:001 dlvrd:001 submit date:2611220900 done date:2611220901 stat:{} err:{} text:id:evil stat:DELIVRD"
)


@pytest.mark.parametrize(
    ("stat", "state"),
    [
        ("DELIVRD", "delivered"),
        ("UNDELIV", "failed"),
        ("EXPIRED", "failed"),
        ("REJECTD", "failed"),
        ("DELETED", "failed"),
        ("ENROUTE", None),
        ("ACCEPTD", None),
        ("UNKNOWN", None),
        ("NONSENSE", None),
    ],
)
def test_the_text_of_a_receipt_says_what_became_of_the_sms(stat, state):
    said = of_receipt(LONG_FORM.format("0a1b", stat, "000"), None, None)
    assert (said.gateway_id, said.state, said.detail) == ("0a1b", state, f"{stat[:7]} err:000")


def test_the_text_after_a_receipts_fields_changes_nothing():
    assert of_receipt(LONG_FORM.format("7", "UNDELIV", "011"), None, None) == Report("7", "failed", "UNDELIV err:011")


def test_a_receipts_parameters_count_before_its_text():
    assert of_receipt("id:text stat:UNDELIV", "tlv", 2) == Report("tlv", "delivered", "DELIVRD")


def test_a_receipt_that_names_no_message_is_none():
    assert of_receipt("thanks", None, 2) is None


def test_an_unknown_state_is_not_taken_for_an_end():
    assert of_receipt("", "7", 99).state is None
    assert of_query("7", 99, 0) == Report("7", None, "state 99")
    assert of_query("7", 5, 11) == Report("7", "failed", "UNDELIV err:011")


@pytest.mark.parametrize(
    ("esm_class", "receipt"), [(0x04, True), (0x44, True), (0x00, False), (0x40, False), (0x08, False)]
)
def test_a_receipt_is_told_from_an_sms_by_its_class(esm_class, receipt):
    assert is_receipt(esm_class) is receipt


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (["delivered", "delivered"], "delivered"),
        (["delivered", None], None),
        (["delivered", "failed"], "failed"),
        ([None, "failed"], "failed"),
        ([], None),
    ],
)
def test_a_message_is_delivered_when_all_its_parts_are(states, whole):
    assert together(states) == whole


# packets


def test_a_packet_is_read_as_it_was_written():
    packet = read(written("submit_sm", 7, destination_addr="8613800138000", short_message=b"\x00\xff", data_coding=8))
    assert (packet.command, packet.status, packet.sequence) == ("submit_sm", 0, 7)
    assert (packet.text("destination_addr"), packet.fields["short_message"]) == ("8613800138000", b"\x00\xff")


def test_a_field_that_is_too_long_is_refused_and_not_cut_off():
    with pytest.raises(ValueError, match="password"):
        written("bind_transceiver", 1, system_id="a", password="123456789")


def test_parameters_that_nobody_here_knows_are_left_out():
    octets = written("deliver_sm", 3, source_addr="1", short_message=b"hi") + b"\x14\x99\x00\x02ab\x00\x1e\x00\x02x\x00"
    packet = read(len(octets).to_bytes(4) + octets[4:])
    assert packet.tlvs == {0x1499: b"ab", 0x001E: b"x\x00"}


@pytest.mark.parametrize(
    "octets",
    [
        b"\x00\x00\x00\x10\x00\x00\x99\x99" + bytes(8),
        b"\x00\x00\x00\x14\x00\x00\x00\x05" + bytes(8) + b"abcd",
        b"\x00\x00\x00\x13\x80\x00\x00\x04" + bytes(8) + b"x\x00\x07",
    ],
)
def test_what_is_no_packet_is_nonsense(octets):
    with pytest.raises(Nonsense):
        read(octets)


@pytest.mark.parametrize("start", [b"\x00\x00\x00\x0f", b"HTTP", b"\xff\xff\xff\xff"])
def test_an_impossible_length_is_nonsense(start):
    with pytest.raises(Nonsense):
        length_of(start)


# from phones


@pytest.mark.parametrize(
    ("address", "ton", "region", "sender"),
    [
        ("8613800138000", 1, "", "+8613800138000"),
        ("+8613800138000", 0, "", "+8613800138000"),
        ("13800138000", 0, "CN", "+8613800138000"),
        ("13800138000", 2, "CN", "+8613800138000"),
        ("13800138000", 0, "", "13800138000"),
        ("BANK", 5, "CN", "BANK"),
    ],
)
def test_the_sender_of_an_sms_is_written_in_full_where_it_is_a_number(address, ton, region, sender):
    assert phone(address, ton, region) == sender


def test_the_same_sms_is_told_by_the_same_event():
    sms = Received("+8613800138000", "1069", "R")
    event = sms_received(sms, "sms-consumer", NOON)
    assert event == sms_received(sms, "sms-consumer", NOON)
    assert event.id == event.aggregate_id
    assert event.data["received_at"] == "2026-03-02T12:00:00.000Z"
    named = sms_received(Received("+8613800138000", "1069", "R", None, "mo-7"), "sms-consumer", NOON)
    assert named.id == "sms/sms-consumer/mo-7"


def test_of_an_sms_that_is_too_long_notify_is_told_as_much_as_it_reads():
    told = sms_received(Received("+8613800138000", "1069", "R" * 20_001), "sms-consumer", NOON)
    assert told.data["text"] == "R" * 20_000


@pytest.mark.parametrize(("sender", "to"), [("1" * 321, "1069"), ("+8613800138000", "1" * 321)])
def test_an_sms_with_an_address_that_is_none_is_not_told(sender, to):
    assert Received(sender, to, "R").possible is False
    assert Received(sender[:320], to[:320], "R").possible is True


# pace


def test_without_a_limit_nobody_waits():
    pace = Pace()
    assert [pace.turn(5.0) for _ in range(3)] == [5.0, 5.0, 5.0]


def test_a_rate_spreads_the_turns():
    pace = Pace(rate=4)
    assert [pace.turn(5.0) for _ in range(3)] == [5.0, 5.25, 5.5]


def test_a_throttling_answer_stops_all_for_a_second_and_then_slows_down():
    pace = Pace()
    pace.throttled(5.0)
    assert [pace.turn(5.0), pace.turn(5.0)] == [6.0, 6.05]


def test_pauses_grow_while_throttled_and_end_when_a_message_is_taken():
    pace = Pace()
    turns = []
    now = 0.0
    for _ in range(3):
        pace.throttled(now)
        now = pace.turn(now)
        turns.append(now)
    assert turns == [1.0, 3.0, 7.0]
    for _ in range(60):
        pace.taken()
    assert [pace.turn(20.0), pace.turn(20.0)] == [20.0, 20.0]


def test_throttling_answers_to_what_was_sent_together_count_once():
    pace = Pace()
    for _ in range(8):
        pace.throttled(5.0)
    assert pace.turn(5.0) == 6.0


def test_no_message_goes_faster_than_the_rate_however_many_were_taken():
    pace = Pace(rate=10)
    pace.throttled(0.0)
    for _ in range(100):
        pace.taken()
    pace.turn(50.0)
    assert pace.turn(50.0) == 50.1


# the circuit


class Line:
    idempotent = False

    def __init__(self, *answers):
        self.answers = list(answers)

    def send(self, message):
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def check(self):
        pass

    def close(self):
        pass


def sent(circuit, answer):
    with suppress(Down, TryLater):
        Watched(Line(answer), circuit).send(a_message())
    return circuit.state, circuit.room(10)


@pytest.mark.parametrize("answer", [Outcome("sent"), Outcome("failed"), TryLater("throttled")])
def test_an_answer_of_any_kind_keeps_the_circuit_closed(answer):
    assert sent(Circuit("sms"), answer) == ("closed", 10)


@pytest.mark.parametrize("answer", [Down("away"), Outcome("unknown", "no answer")])
def test_trouble_opens_the_circuit_and_one_answer_closes_it_again(answer):
    circuit = Circuit("sms")
    assert sent(circuit, answer) == ("open", 0)
    circuit.probe()
    assert (circuit.state, circuit.room(10)) == ("half_open", 1)
    assert sent(circuit, answer) == ("open", 0)
    circuit.probe()
    assert sent(circuit, Outcome("sent")) == ("closed", 10)


def test_an_answer_to_what_was_begun_before_does_not_close_an_open_circuit():
    circuit = Circuit("sms")
    circuit.failed("away")
    assert sent(circuit, Outcome("sent")) == ("open", 0)


# wording

TAILS = {"zh-CN": "拒收请回复R", "en": "Reply STOP to opt out", "default": "STOP"}


@pytest.mark.parametrize(
    ("language", "kind", "text", "whole"),
    [
        ("zh-CN", "survey", "请评分", "【电力】请评分拒收请回复R"),
        ("zh-CN", "legal", "停电", "【电力】停电"),
        ("en", "survey", "Rate us", "【电力】Rate us Reply STOP to opt out"),
        ("fr", "survey", "Bonjour", "【电力】Bonjour STOP"),
        ("zh-CN", "survey", "【电力】请评分拒收请回复R", "【电力】请评分拒收请回复R"),
        ("zh-CN", "", "停电", "【电力】停电"),
    ],
)
def test_the_signature_is_put_before_and_the_opt_out_after_where_it_may_be_opted_out(language, kind, text, whole):
    wording = Wording("【电力】", TAILS, frozenset({"survey"}))
    assert wording.of(a_message(language=language, kind=kind, text=text)) == whole


def test_nothing_is_put_around_a_text_unless_it_is_configured():
    assert wording_of({}).of(a_message(text="停电", kind="survey")) == "停电"


def test_wording_is_read_from_the_environment():
    said = {
        "SMS_SIGNATURE": "【电力】",
        "SMS_OPT_OUT": "zh-CN=拒收请回复R; en=STOP",
        "SMS_OPT_OUT_KINDS": "survey, care",
    }
    assert wording_of(said) == Wording(
        "【电力】", {"zh-CN": "拒收请回复R", "en": "STOP"}, frozenset({"survey", "care"})
    )


@pytest.mark.parametrize(
    "said", [{"SMS_OPT_OUT": "R", "SMS_OPT_OUT_KINDS": "x"}, {"SMS_OPT_OUT": "en=R"}, {"SMS_OPT_OUT_KINDS": "x"}]
)
def test_wording_that_is_half_said_is_refused(said):
    with pytest.raises(ValueError):
        wording_of(said)


# names


@pytest.mark.parametrize(
    ("receipt_ids", "answer", "receipt"),
    [
        ("same", "0000001A", "0000001A"),
        ("decimal", "0000001A", "26"),
        ("decimal", "1a", "0000000026"),
        ("decimal", "10", "16"),
        ("hex", "26", "1A"),
        ("hex", "0026", "0000001a"),
        ("decimal", "not-a-number", "not-a-number"),
        ("hex", "1_0", "1_0"),
    ],
)
def test_an_id_in_a_receipt_is_the_one_that_the_answer_gave_however_both_are_written(receipt_ids, answer, receipt):
    assert ids.of_answer(answer, receipt_ids) == ids.of_receipt(receipt, receipt_ids)


@pytest.mark.parametrize(
    ("receipt_ids", "answer", "receipt"),
    [("same", "1A", "26"), ("same", "1A", "1a"), ("decimal", "26", "26"), ("hex", "26", "26")],
)
def test_ids_are_not_guessed_to_be_the_same(receipt_ids, answer, receipt):
    assert ids.of_answer(answer, receipt_ids) != ids.of_receipt(receipt, receipt_ids)


# settings


def test_a_gateway_is_one_uri():
    settings = SmppSettings.from_uri(
        "smpps://desk:p%40ss@smsc.example:3551?window=20&source=10690000&temporary=0x401,1026"
    )
    assert settings == SmppSettings(
        "smsc.example", 3551, True, "desk", "p@ss", window=20, source="10690000", temporary=frozenset({0x401, 0x402})
    )
    assert SmppSettings.from_uri("smpp://desk:p@smsc").port == 2775
    assert "p@ss" not in settings.name


@pytest.mark.parametrize(
    "uri",
    [
        "smtp://desk:p@smsc",
        "smpp://smsc",
        "smpp://desk:p@smsc?window=0",
        "smpp://desk:p@smsc?window=many",
        "smpp://desk:p@smsc?windows=3",
        "smpp://desk:p@smsc?timeout=nan",
        "smpp://desk:123456789@smsc",
        "smpp://a-very-long-system-id:p@smsc",
        "smpp://desk:p@smsc?receipt_ids=octal",
        "smpp://desk:p@smsc?bind=both",
        "smpp://desk:p@smsc?source=123456789012345678901",
        "smpp://desk:p@smsc?source=%E7%94%B5",
        "smpps://desk:p@smsc?ca_file=/there/is/none.pem",
    ],
)
def test_a_gateway_that_is_malformed_is_refused(uri):
    with pytest.raises(ValueError):
        SmppSettings.from_uri(uri)
