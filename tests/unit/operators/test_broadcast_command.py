"""`loopdesk broadcast`: what it asks for, and how it shows it; no broker."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC

import pytest
from click.testing import CliRunner
from rich.console import Console

from deploy.cli import main
from deploy.commands import broadcast_show, session
from shared.errors import ValidationError

ID = "b" * 32
RECEIPT = {"broadcast_id": ID, "state": "running", "edition": 1, "version": 1}
REACH = {"to_reach": 8, "reached": 6, "reached_rate": 0.75, "on_time": 4, "on_time_rate": 0.5, "refused": 1}


class Notify:
    """Answers every command alike, and keeps what was asked."""

    def __init__(self):
        self.asked = []
        self.pages = []
        self.calls = 0

    def call(self, service, method, **fields):
        if method == "get_broadcast":
            south = {"from": "2036-03-03T01:00:00.000Z", "to": "2036-03-03T04:00:00.000Z"}
            outages = {"north": {"from": "x", "to": "y"}, "south": south}
            return RECEIPT | {"editions": [{"outages": {}}, {"outages": outages, "variables": {"m": "0", "n": "0"}}]}
        if method == "broadcast_progress":
            channels = {"call": {"handed_over": self.calls}}
            return RECEIPT | {
                "state": "told",
                "doing": None,
                "states": {},
                "seen": 9,
                "audience": 9,
                "channels": channels,
            }
        return self.pages.pop(0)

    def command(self, service, method, **fields):
        self.asked.append((service, method, fields))
        recipients = len(fields.get("recipients", ()))
        return RECEIPT | {"recipients": recipients, "bad": [{"place": 0, "why": "bad_phone"}] if recipients else []}


@pytest.fixture
def notify(monkeypatch):
    stands = Notify()
    monkeypatch.setattr(session, "client", lambda *_: nullcontext(stands))
    return stands


def run(*arguments):
    return CliRunner().invoke(main, ["broadcast", *arguments])


def shown(table):
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115 - the test's life
    console.print(table)
    return [" ".join(line.split()) for line in console.export_text().splitlines()]


def test_an_outage_says_when_and_where_and_by_which_channels_in_order(notify):
    outage = "north=2036-03-02T01:00Z/2036-03-02T04:00+01:00"
    answer = run(
        *("new", "--name", "Off", "--kind", "planned_outage", "--channel", "sms", "--channel", "email"),
        *("--outage", outage, "--where", 'tier == "gold"', "--pace", "50", "--start"),
    )
    assert (answer.exit_code, answer.output.splitlines()[-1]) == (0, ID)
    assert notify.asked == [
        (
            "notify",
            "broadcast",
            {
                "name": "Off",
                "kind": "planned_outage",
                "channels": ["sms", "email"],
                "audience": {"where": 'tier == "gold"'},
                "start": True,
                "pace": 50.0,
                "outages": {"north": {"from": "2036-03-02T01:00:00.000Z", "to": "2036-03-02T03:00:00.000Z"}},
            },
        )
    ]


def test_a_file_goes_in_chunks_and_is_started_when_all_is_there(notify, tmp_path):
    file = tmp_path / "debtors.csv"
    file.write_text("phone,amount,area\n" + "".join(f"+44{n},{n},north\n" for n in range(1_001)))
    answer = run(
        "new", "--name", "Pay", "--kind", "payment_reminder", "--channel", "sms", "--file", str(file), "--start"
    )
    assert answer.exit_code == 0
    methods = [(method, len(fields.get("recipients", ()))) for _, method, fields in notify.asked]
    assert methods == [("broadcast", 0), ("add_recipients", 1_000), ("add_recipients", 1), ("start_broadcast", 0)]
    assert notify.asked[0][2]["start"] is False
    first = notify.asked[1][2]["recipients"][0]
    assert first == {"phone": "+440", "area": "north", "variables": {"amount": "0"}}
    assert "debtors.csv, line 2: bad_phone" in answer.output
    assert "debtors.csv, line 1002: bad_phone" in answer.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"name\nAnn\n", "needs a column"),
        (b"", "needs a column"),
        (b"phone,name\n", "has no recipients"),
        (b"phone,area\n+441\n", "line 2: not as wide"),
        (b"phone\n+441,2\n", "line 2: not as wide"),
        (b"phone\n" + b"+441\n" * 1_500 + b"+441,2\n", "line 1502: not as wide"),
        ("phone,amount\n+441,张\n".encode("gb18030"), "not UTF-8"),
        (b"phone,email,amount\n+441,,1\n,,2\n,x@example.com,\n , ,3\n", "so nobody is meant: 3, 5"),
    ],
)
def test_a_file_that_is_none_is_refused_by_its_place_and_makes_nothing(notify, tmp_path, text, said):
    file = tmp_path / "bad.csv"
    file.write_bytes(text)
    answer = run("new", "--name", "x", "--kind", "recall", "--channel", "sms", "--text", "x", "--file", str(file))
    assert answer.exit_code == 2
    assert said in " ".join(answer.output.split())
    assert notify.asked == []


@pytest.mark.parametrize("text", [b'sms:\n  en: {text: "x"\n', "sms: {en: {text: 断水}}".encode("gb18030")])
def test_texts_that_are_no_yaml_are_refused_by_their_file(notify, tmp_path, text):
    file = tmp_path / "texts.yaml"
    file.write_bytes(text)
    answer = run("new", "--name", "x", "--kind", "recall", "--channel", "sms", "--texts", str(file))
    assert (answer.exit_code, notify.asked) == (2, [])
    assert "texts.yaml is not YAML" in answer.output


def test_what_the_service_refuses_of_a_file_is_told_by_its_line(notify, tmp_path, monkeypatch):
    def refuse(service, method, **fields):
        if method == "add_recipients":
            raise ValidationError({"recipients.1.language": ["Must be one of: zh-CN, en."]})
        return RECEIPT

    monkeypatch.setattr(notify, "command", refuse)
    file = tmp_path / "lines.csv"
    file.write_text('phone,language,note\n+441,en,"two\nlines"\n+442,xx,\n')
    answer = run("new", "--name", "x", "--kind", "recall", "--channel", "sms", "--text", "x", "--file", str(file))
    assert answer.exit_code == 1
    assert "line 4, language: Must be one of: zh-CN, en." in answer.output
    assert f"{ID} stays a draft with 0 recipients; nobody was told." in answer.output


@pytest.mark.parametrize(
    ("arguments", "method", "fields"),
    [
        (["start", ID], "start_broadcast", {}),
        (["pause", ID], "pause_broadcast", {}),
        (["resume", ID, "--by", "ann"], "resume_broadcast", {"actor": "ann"}),
        (["cancel", ID, "--why", "wrong"], "cancel_broadcast", {"why": "wrong"}),
        (["end", ID, "--why", "over"], "end_broadcast", {"why": "over"}),
        (["call", ID, "--no-wait"], "call_the_unreached", {}),
        (
            ["amend", ID, "--why", "later", "--text", "x", "--variable", "n=1"],
            "amend_broadcast",
            {"why": "later", "texts": {"sms": {"default": {"text": "x"}}}, "variables": {"m": "0", "n": "1"}},
        ),
    ],
)
def test_what_is_done_with_one(notify, arguments, method, fields):
    assert run(*arguments).exit_code == 0
    assert notify.asked == [("notify", method, {"broadcast_id": ID, **fields})]


def an_unreached(recipient, why, **more):
    row = {"area": None, "household": None, "recipients": [recipient], "messages": [], "why_no_call": why}
    return row | {"under_way": False, "called": False} | more


def test_after_calls_were_asked_for_it_is_said_who_cannot_be_called_and_why(notify):
    no_phone = [an_unreached(f"customer:c-{n}", "no_phone") for n in range(25)]
    minds = an_unreached("customer:minds", "channel_not_wanted")
    notify.calls = 4
    notify.pages = [{"unreached": [minds], "next": "x"}, {"unreached": no_phone, "next": None}]
    answer = run("call", ID)
    assert answer.exit_code == 0
    assert "4 calls to be made: loopdesk calls list" in answer.output
    assert "26 of those not reached cannot be called: 25 without a telephone, 1 wanting no calls" in answer.output
    assert [line.split()[2] for line in answer.output.splitlines() if "customer:" in line] == [
        "customer:minds",
        *(f"customer:c-{n}" for n in range(19)),
    ]
    assert f"All of them: loopdesk broadcast unreached {ID} --uncallable" in answer.output


def test_where_everybody_else_can_be_called_nobody_is_listed(notify):
    notify.pages = [{"unreached": [], "next": None}]
    assert run("call", ID).output.splitlines() == [
        "running  edition 1",
        "0 calls to be made: loopdesk calls list",
    ]


@pytest.mark.parametrize(
    ("row", "now"),
    [
        (an_unreached("a", None), ""),
        (an_unreached("a", "no_phone"), "without a telephone"),
        (an_unreached("a", "channel_not_wanted", called=True), "is to be called"),
        (an_unreached("a", "no_phone", under_way=True), "under way"),
    ],
)
def test_of_the_unreached_it_is_said_what_is_to_come(row, now):
    assert shown(broadcast_show.unreached([row]))[1].split(" ", 3)[3:] == ([now] if now else [])


def test_an_amendment_of_one_area_leaves_the_outages_of_the_others_as_they_were(notify):
    assert run("amend", ID, "--why", "put off", "--outage", "north=2036-03-04T01:00Z/2036-03-04T04:00Z").exit_code == 0
    assert notify.asked[0][2]["outages"] == {
        "north": {"from": "2036-03-04T01:00:00.000Z", "to": "2036-03-04T04:00:00.000Z"},
        "south": {"from": "2036-03-03T01:00:00.000Z", "to": "2036-03-03T04:00:00.000Z"},
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["amend", ID, "--why", "x", "--outage", "north"],
        ["amend", ID, "--why", "x", "--outage", "north=2036-03-02T01:00Z"],
        ["amend", ID, "--why", "x", "--variable", "n"],
        ["new", "--name", "x", "--kind", "y", "--channel", "fax"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(notify, arguments):
    assert run(*arguments).exit_code == 2
    assert notify.asked == []


def test_proof_has_a_row_for_each_area_and_one_for_all():
    found = {
        **RECEIPT,
        "areas": [{"area": "north", **REACH}],
        "total": {**REACH, "on_time": None, "on_time_rate": None},
    }
    assert shown(broadcast_show.proof(found))[1:] == [
        "area to reach reached rate in time rate want none",
        "north 8 6 75.0 % 4 50.0 % 1",
        "all 8 6 75.0 % - - 1",
    ]


@pytest.mark.parametrize(
    ("rate", "said"), [(None, "-"), (0.0, "0.0 %"), (1.0, "100 %"), (0.99999, "99.9 %"), (0.973, "97.3 %")]
)
def test_a_share_is_never_rounded_up_to_all(rate, said):
    assert broadcast_show.share(rate) == said


def test_progress_counts_messages_by_channel_and_state():
    found = {**RECEIPT, "seen": 3, "audience": 5, "messages": 3, "states": {"sent": 2, "failed": 1}}
    found["channels"] = {"sms": {"sent": 2}, "email": {"failed": 1}}
    assert shown(broadcast_show.progress(found)) == [
        "running, edition 1: 3 of 5 seen, 3 messages",
        "channel sent failed",
        "email 0 1",
        "sms 2 0",
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": "scheduled", "start_at": "2036-01-01T08:00:00.000Z"}, "begins at 2036-01-01 08:00 UTC"),
        ({"state": "told"}, "its audience is empty: nobody was told"),
        (
            {"states": {"held": 3}},
            f"what is held goes by itself when its time comes: loopdesk messages list --broadcast {ID} --state held",
        ),
        (
            {"state": "paused", "states": {"held": 3}},
            f"what is held goes when it is resumed: loopdesk messages list --broadcast {ID} --state held",
        ),
    ],
)
def test_progress_says_what_its_numbers_do_not(given, said):
    nothing = {**RECEIPT, "seen": 0, "audience": None, "messages": 0, "states": {}, "channels": {}, "start_at": None}
    assert shown(broadcast_show.progress(nothing | given))[1:] == [said]


@pytest.mark.parametrize("state", ["draft", "scheduled", "paused"])
def test_one_to_which_nothing_happens_soon_is_not_followed(state):
    found = {**RECEIPT, "state": state, "doing": "tell", "seen": 0, "audience": None, "states": {}}
    client = type("Client", (), {"call": lambda *_, **__: found})()
    assert broadcast_show.followed(client, ID, wait=True) == found


def test_broadcasts_are_listed_with_when_they_were_made():
    row = {**RECEIPT, "created_at": "2026-03-02T12:00:00.000Z", "kind": "recall", "name": "Recall", "seen": 3}
    assert shown(broadcast_show.table([row], UTC))[1] == f"{ID} 2026-03-02 12:00 running recall Recall 1 3"
