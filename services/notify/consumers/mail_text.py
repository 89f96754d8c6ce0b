"""What a mail says, as text: whatever charset and form it came in."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from typing import Any

from inscriptis import get_text
from inscriptis.model.config import ParserConfig
from lxml.etree import ParserError

LONGEST_HTML = 1_000_000  # characters; a mail of a person has a hundredth of it
#: GB18030 reads GBK and GB2312 as well, and mails say the smaller while they use the larger.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "hz-gb-2312": "hz", "ks_c_5601-1987": "cp949", "iso-8859-1": "cp1252"}
#: For bytes without a charset, or with a wrong one; the last reads everything.
_GUESSES = ("utf-8", "gb18030", "latin-1")
#: What no text has and no database likes: control characters but tab and line feed, and lone surrogates.
_NEVER_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_FORMAT = ParserConfig(display_links=False, display_images=False)


def plain_text(mail: Message) -> str:
    """The mail's plain part; where there is none, its HTML part as text; empty where there is neither."""
    found = {"text/plain": "", "text/html": ""}
    for part in text_parts(mail):
        kind = part.get_content_type()
        if kind in found and not found[kind].strip():
            found[kind] = decoded(part)
    return found["text/plain"] if found["text/plain"].strip() else from_html(found["text/html"])


def text_parts(mail: Message) -> Iterator[Message]:
    """Parts that are meant to be read in the mail, in order; attached mails are not entered."""
    if mail.get_content_type() == "message/rfc822" or mail.get_content_disposition() == "attachment":
        return
    if mail.is_multipart():
        for part in children(mail):
            yield from text_parts(part)
    elif mail.get_content_maintype() == "text" and file_name(mail) is None:
        yield mail


def children(mail: Message) -> list[Message]:
    """The parts that a mail, or a part, is made of; none where it is made of no others."""
    payload = mail.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def decoded(part: Message) -> str:
    """A text part's content."""
    raw = part.get_payload(decode=True)
    return clean(readable(raw, _charset(part))) if isinstance(raw, bytes) else ""


def file_name(part: Message) -> str | None:
    """The name under which a part is sent, None for none; empty where it cannot be read (RFC 2231 done wrong)."""
    try:
        name = part.get_filename()
    except (TypeError, ValueError):
        return ""
    return None if name is None else header_text(name)


def _charset(part: Message) -> object:
    try:
        return part.get_param("charset", None)
    except (TypeError, ValueError):
        return None


def readable(raw: bytes, charset: Any) -> str:
    """Bytes as text: by the charset that they name, else by the first of `_GUESSES` that fits."""
    named = str(charset or "").strip("\"' ").lower()
    for name in (_WIDER.get(named, named), *_GUESSES):
        try:
            if name and codecs.lookup(name)._is_text_encoding:
                return raw.decode(name)
        except (LookupError, UnicodeError, ValueError):
            continue
    raise AssertionError("latin-1 reads everything")


def from_html(html: str) -> str:
    """HTML as it would be read, without links' addresses."""
    if not html.strip():
        return ""
    try:
        return clean(get_text(html[:LONGEST_HTML], _FORMAT)).strip()
    except (ParserError, ValueError, RecursionError):  # nothing in it, or nothing that can be read
        return ""


def header(mail: Message, name: str) -> str:
    """A header in plain words, on one line, empty where there is none; raw bytes are read like any text."""
    return header_text(_raw(mail, name))


def header_as_sent(mail: Message, name: str) -> str:
    """The same with encoded words as they came: addresses are never encoded, and words must not become some."""
    return _one_line(_unsurrogated(_raw(mail, name)))


def _raw(mail: Message, name: str) -> str:
    return next((str(raw) for key, raw in mail.raw_items() if key.lower() == name), "")


def header_text(raw: str) -> str:
    """The words in a header as the parser found it (RFC 2047; bytes beyond ASCII as surrogates)."""
    try:
        parts = decode_header(_unsurrogated(raw))
    except (HeaderParseError, ValueError, AssertionError):  # base64 that is none
        parts = [(raw, None)]
    said = "".join(readable(word, charset) if isinstance(word, bytes) else word for word, charset in parts)
    return _one_line(said)


def _one_line(text: str) -> str:
    return " ".join(clean(text.replace("\r", " ").replace("\n", " ").replace("\t", " ")).split())


def _unsurrogated(raw: str) -> str:
    return readable(raw.encode("utf-8", "surrogateescape"), None)


def clean(text: str) -> str:
    """Without characters that no text has."""
    return _NEVER_TEXT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
