"""What a reply itself says: quoted mails and signatures are left out."""

from __future__ import annotations

import re

from mailparser_reply.parser import EmailMessage

LANGUAGES = ("zh", "en")
#: What the library is given: its patterns take quadratic time, or worse, on a long line or on thousands of empty ones.
LONGEST_READ, LONGEST_LINE, MOST_EMPTY_LINES = 60_000, 300, 3
#: Put in where the library must not look further, taken out again; of no alphabet.
_MARK = "\ue0f1"
_LONG_LINE = re.compile(rf"(.{{{LONGEST_LINE}}})(?=.)")
#: Its search for a header that begins so takes cubic time.
_TWICE_ON = re.compile(r"(?mi)^((?:> ?)*On)(?=[.\s]*On\s)")

#: Beginnings of a quoted mail that the library does not know: those of QQ, NetEase, Foxmail, Outlook in Chinese.
_HEADER = re.compile(
    r"""(?mx)^[ \t>]*(?:
        -{2,}[ \t]*(?:原始邮件|原始郵件|原邮件|回复的原邮件|邮件原件|转发邮件信息|转发的邮件|转发邮件|
            Replied[ ]Message|Original[ ]Message|Forwarded[ ][Mm]essage)[ \t]*-{2,}
        | (?:.{0,120}\d{4}[年/-]\d{1,2}[月/-]\d{1,2}.{0,120}\n[ \t>]*(?=.{0,250}[\d@<]))?  # a date that runs on
            (?=.{0,250}[\d@<]).{0,250}(?:写道|寫道)[ \t]*[:：]
        | At[ ](?=.{0,250}\d).{4,250}[ ]wrote:
        | (?:发件人|寄件者|寄件人)[ \t]*[:：].{0,250}\n
            [ \t>]*(?:发送时间|发送日期|日期|寄件日期|收件人|收件者)[ \t]*[:：].{0,250}
        )[ \t]*$"""
)
#: RFC 3676 4.3, and what telephones add.
_SIGNATURE = re.compile(r"(?m)^--[ \t]?$")
_SENT_FROM = re.compile(
    r"(?mi)\n*^(?:发自我的|發自我的|来自我的|发送自|sent from (?:my|outlook)|get outlook for|获取 ?outlook).{0,80}\Z"
)


def reply_in(text: str) -> str:
    """The text without the mails that it quotes. Answers between quoted lines stay; what is only quotes stays whole.

    Texts longer than `LONGEST_READ` characters are cut off there first.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace(_MARK, "")[:LONGEST_READ].strip()
    above, quoted = _split(text)
    own = _without_signature(_unquoted(above))
    if _marked(quoted):  # quoted line by line: what is not marked stands between, or below
        own = "\n".join(part for part in (own, _without_signature(_unquoted(quoted))) if part)
    return own or text


def _split(text: str) -> tuple[str, str]:
    """What stands above the first quoted mail's header, and below it."""
    header = _HEADER.search(text)
    above, below = (text[: header.start()], text[header.end() :]) if header else (text, "")
    known = _known_to_the_library(above)
    return (known[0], "\n".join((*known[1:], below))) if len(known) > 1 else (above, below)


def _known_to_the_library(text: str) -> list[str]:
    """The mails in the text, their headers left out; the first, perhaps empty, is the reply."""
    replies = EmailMessage(text=_bounded(text), languages=list(LANGUAGES)).read().replies
    parts = [reply.full_body.replace(f"{_MARK}\n{_MARK}", "").replace(_MARK, "") for reply in replies]
    return ["", *parts] if replies and replies[0].headers else parts or [text]


def _bounded(text: str) -> str:
    """The same with no line and no gap longer than the library reads in good time."""
    text = re.sub(rf"\n[ \t]*(?:\n[ \t]*){{{MOST_EMPTY_LINES},}}", "\n" * MOST_EMPTY_LINES, text)
    return _TWICE_ON.sub(rf"\1{_MARK}", _LONG_LINE.sub(rf"\1{_MARK}\n{_MARK}", text))


def _marked(text: str) -> bool:
    return any(line.lstrip().startswith(">") for line in text.split("\n"))


def _unquoted(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if not line.lstrip().startswith(">")).strip()


def _without_signature(text: str) -> str:
    signature = _SIGNATURE.search(text)
    return _SENT_FROM.sub("", text[: signature.start()] if signature else text).strip()
