"""The messages of a demo as pages: all of them are found, nothing in them can do harm."""

import re
from html import unescape

from deploy.demo import pages


def a_message(**differing):
    known = {
        "message_id": "019c" + "a" * 36,
        "channel": "email",
        "recipient": "customer:C-1",
        "to": "caller-1@example.com",
        "language": "zh-CN",
        "kind": "progress",
        "template": "work_resolved",
        "event": "work_resolved",
        "ticket_no": "T-1042",
        "state": "sent",
        "detail": None,
        "created_at": "2026-03-02T12:00:00.000Z",
        "content": {"subject": "已解决 <b>", "text": "第一行\n第二行 & </pre>", "html": '<p onclick="x()">您好</p>'},
    }
    return {**known, **differing}


def test_the_index_links_to_the_page_of_every_message_once():
    messages = [a_message(message_id=f"{n:040x}", channel=channel) for n in range(3) for channel in ("sms", "email")]
    links = re.findall(r'href="(each/[^"]+)"', pages.index(map(pages.line, messages)))
    assert sorted(links) == sorted(pages.path_of(message) for message in messages)


def test_the_index_counts_by_channel_kind_template_language_and_state():
    messages = [a_message(message_id=f"{n:040x}", state=state) for n, state in enumerate(("sent", "sent", "failed"))]
    index = pages.index(map(pages.line, messages))
    assert re.findall(r'<td>(sent|failed)</td><td class="n">(\d+)</td>', index) == [("failed", "1"), ("sent", "2")]
    assert "3 条消息 messages" in index


def test_a_page_shows_the_texts_as_they_are_and_runs_nothing_of_them():
    page = pages.page(a_message())
    (text,) = re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)
    assert unescape(text) == "第一行\n第二行 & </pre>"
    (shown,) = re.findall(r'<iframe sandbox srcdoc="([^"]*)">', page)
    assert unescape(shown) == '<p onclick="x()">您好</p>'
    assert "onclick" not in page.replace(shown, "")
    assert "<h1>已解决 &lt;b&gt;</h1>" in page


def test_no_page_loads_anything_from_elsewhere():
    allowed = "content=\"default-src 'none'; style-src 'unsafe-inline'\""
    assert allowed in pages.page(a_message())
    assert allowed in pages.index([])


def test_a_page_is_in_the_messages_language_and_says_what_became_of_it():
    page = pages.page(a_message(language="en", state="failed", detail="no_address", to=None, content=None))
    assert "<html lang='en'>" in page
    assert re.findall(r"<td>(failed|no_address)</td>", page) == ["failed", "no_address"]


def test_an_sms_is_listed_by_its_first_line():
    line = pages.line(a_message(channel="sms", content={"text": "您好\n第二行", "subject": None, "html": None}))
    assert (line.title, line.path) == ("您好", f"each/sms-019c{'a' * 36}.html")
