"""What a mail says, whatever its charset and form; what of it is the reply."""

import time
from email import message_from_bytes

import pytest

from services.notify.consumers.mail_quotes import reply_in
from services.notify.consumers.mail_text import from_html, header, header_text, plain_text


def a_mail(body, content_type="text/plain", encoding="8bit", **headers):
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n".encode()
    return message_from_bytes(head + headers.get("raw", b"") + b"\r\n" + body)


@pytest.mark.parametrize("charset", ["utf-8", "gbk", "gb18030", "big5", "utf-16"])
def test_text_is_read_by_the_charset_that_it_names(charset):
    text = "满意" if charset != "big5" else "滿意"
    assert plain_text(a_mail(text.encode(charset), f'text/plain; charset="{charset}"')) == text


def test_gb2312_is_read_as_what_it_mostly_is():
    assert plain_text(a_mail("镕㐀🙂".encode("gb18030"), "text/plain; charset=gb2312")) == "镕㐀🙂"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/plain; charset=unknown-8bit",
        "text/plain; charset=base64",
        "text/plain; charset=us-ascii",
        'text/plain; charset=""',
        "text/plain; charset*=x",
    ],
)
@pytest.mark.parametrize("charset", ["utf-8", "gbk"])
def test_a_missing_or_wrong_charset_is_guessed(content_type, charset):
    assert plain_text(a_mail("您好，满意".encode(charset), content_type)) == "您好，满意"


def test_bytes_that_are_no_text_are_read_all_the_same():
    assert plain_text(a_mail(b"\xff\xfe\xff ok", "text/plain; charset=utf-8")).endswith(" ok")
    assert plain_text(a_mail(b"a\x00b\x07c\r\nd\re")) == "abc\nd\ne"
    assert plain_text(a_mail(b"====", "text/plain", "base64")) == ""


def test_the_plain_part_is_read_and_html_only_where_there_is_none():
    parts = (
        b"--b\r\nContent-Type: text/html\r\n\r\n<p>html</p>\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain\r\n--b--"
    )
    assert plain_text(a_mail(parts, "multipart/alternative; boundary=b")).strip() == "plain"
    assert (
        plain_text(a_mail(parts.replace(b"plain\r\n--b--", b" \r\n--b--"), "multipart/alternative; boundary=b"))
        == "html"
    )


def test_html_is_read_as_it_is_shown():
    html = (
        "<html><head><style>p {color: red}</style><script>x()</script></head><body><p>满意 &amp; <b>fast</b></p>"
        '<ul><li>one</li></ul><a href="https://example.org">site</a><!-- no --></body></html>'
    )
    said = from_html(html)
    assert "满意 & fast" in said
    assert "one" in said
    for unseen in ("color", "x()", "https://", "no -->"):
        assert unseen not in said


@pytest.mark.parametrize("html", ["", " ", "<", "<!-- x", "<p", "\x00", "<html>", "<![CDATA["])
def test_html_that_is_none_says_nothing_or_what_it_holds(html):
    assert isinstance(from_html(html), str)


def test_attached_texts_and_mails_are_not_what_a_mail_says():
    parts = (
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ninner\r\n"
        b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nfile\r\n"
        b'--b\r\nContent-Type: text/plain; name="n.txt"\r\n\r\nnamed\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nsaid\r\n--b--"
    )
    assert plain_text(a_mail(parts, "multipart/mixed; boundary=b")).strip() == "said"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("=?gb2312?B?wvrS4g==?=", "满意"),
        ("=?GBK?Q?=C2=FA=D2=E2?= ok", "满意 ok"),
        ("=?utf-8?B?5ruh?= =?utf-8?B?5oSP?=", "满意"),
        ("满意".encode().decode("ascii", "surrogateescape"), "满意"),
        ("满意".encode("gbk").decode("ascii", "surrogateescape"), "满意"),
        ("=?nonsense?B?wvrS4g==?=", "满意"),
        ("=?utf-8?B?%%%?=", ""),
        ("=?utf-8?B?abcde?=", "=?utf-8?B?abcde?="),
        ("a\r\n b\tc", "a b c"),
    ],
)
def test_headers_are_read_in_any_charset(raw, said):
    assert header_text(raw) == said


def test_a_header_that_is_not_there_is_empty():
    assert header(a_mail(b"x"), "subject") == ""


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("5\n\nOn Mon, 2 Mar 2026 at 20:00, Desk <desk@example.com> wrote:\n> How was it?\n> 1-5", "5"),
        ("满意\r\n\r\n2026年3月2日 20:00，Desk <desk@example.com> 写道：\r\n> 请评分", "满意"),
        ("满意\n\n在 2026年3月2日 20:00，Desk 写道：\n\n请评分", "满意"),
        ('很好\n\n------------------ 原始邮件 ------------------\n发件人: "d" <desk@example.com>;\n\n请评分', "很好"),
        ("好\n\n发件人： desk@example.com\n发送时间： 2026-03-02\n收件人： a\n主题： x\n请评分", "好"),
        ('ok\nAt 2026-03-02 20:00:00, "desk" <desk@example.com> wrote:\n>How?', "ok"),
        ("好的\n\n2026年3月2日 20:00，Service desk of Example\n<desk@example.com> 写道：\n\n请评分", "好的"),
        ("Desk <desk@example.com> 于2026年3月2日周一 20:00写道：\n\n> 请评分\n\n满意", "满意"),
        ("他写道：\n坏了", "他写道：\n坏了"),
        ("At last he wrote:\nbroken", "At last he wrote:\nbroken"),
        ("thanks\n\nFrom: Desk <desk@example.com>\nSent: Monday\nTo: me\nSubject: x\n\nOld", "thanks"),
        ("---- Replied Message ----\nold", "---- Replied Message ----\nold"),
        ("On Mon Desk wrote:\n> How was it?\n\nFine", "Fine"),
        ("See below\n\nOn Mon, Desk <d@e> wrote:\n> Which day?\nTuesday\n> Hour?\nTen", "See below\nTuesday\nTen"),
        ("> Which day?\nTuesday", "Tuesday"),
        ("5\n\n发自我的iPhone", "5"),
        ("5\n\nSent from my phone", "5"),
        ("Broken:\n- lamp\n- fan\n\nThanks for looking\n-- \nJo\n+44", "Broken:\n- lamp\n- fan\n\nThanks for looking"),
        ("I wrote: it is broken", "I wrote: it is broken"),
        ("x" * 1000, "x" * 1000),
        ("a  b " * 200 + "c", "a  b " * 200 + "c"),
        ("", ""),
    ],
)
def test_a_reply_is_what_its_author_wrote(text, reply):
    assert reply_in(text) == reply


@pytest.mark.parametrize(
    "text",
    [
        "On " + "a " * 30_000,
        "On " * 20_000,
        "On a\n" * 12_000,
        "\n" * 60_000,
        "a\n\n\n" * 15_000,
        "From:\n\n\n" * 8_000,
        ">" * 60_000,
        "-- \n" * 15_000,
        "在" * 60_000,
        "a写道：" * 10_000,
        " \t" * 20_000 + "x",
        "2026年3月2日" * 6_000,
        "best regards\n" * 5_000,
    ],
)
def test_no_text_takes_long_to_read(text):
    begun = time.process_time()
    reply_in(text)
    assert time.process_time() - begun < 2
