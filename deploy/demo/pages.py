"""Messages as HTML pages that need nothing else: an index by what they are, and a page for each. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any, NamedTuple

EACH = "each"
"""The folder of the messages' own pages, beside the index."""
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse }
th, td { border-bottom: 1px solid #ddd; padding: .2rem .8rem .2rem 0; text-align: left }
td.n { text-align: right; font-variant-numeric: tabular-nums }
pre { white-space: pre-wrap; background: #f6f6f6; padding: 1rem }
iframe { width: 100%; height: 16rem; border: 1px solid #ddd }
summary { cursor: pointer; margin: .6rem 0 }
"""
#: Holds for what the pages frame, too.
_LOADS_NOTHING = (
    """<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">"""
)
CHANNELS = {"sms": "短信 SMS", "email": "邮件 E-mail", "call": "电话 Call"}
_FACTS = (
    ("渠道 Channel", "channel"),
    ("收件人 Recipient", "recipient"),
    ("地址 To", "to"),
    ("语言 Language", "language"),
    ("类别 Kind", "kind"),
    ("模板 Template", "template"),
    ("事件 Event", "event"),
    ("工单 Ticket", "ticket_no"),
    ("状态 State", "state"),
    ("说明 Detail", "detail"),
    ("时间 At", "created_at"),
)


class Line(NamedTuple):
    """What the index says of a message; in this order they are listed."""

    channel: str
    kind: str
    template: str
    language: str
    state: str
    created_at: str
    to: str
    title: str
    path: str


def line(message: Mapping[str, Any]) -> Line:
    """Of a message in full."""
    content = message["content"] or {}
    title = content.get("subject") or content.get("text") or ""
    known = {name: str(message.get(name) or "") for name in Line._fields[:7]}
    return Line(**known, title=title.split("\n")[0][:120], path=path_of(message))


def path_of(message: Mapping[str, Any]) -> str:
    """Of its page, from the index."""
    return f"{EACH}/{message['channel']}-{message['message_id']}.html"


def index(lines: Iterable[Line]) -> str:
    """How many there are of what, and a link to each."""
    listed = sorted(lines)
    parts = [f"<p>{len(listed):,} 条消息 messages</p>", _summary(listed)]
    for (channel, kind, template), group in groupby(listed, key=lambda one: one[:3]):
        rows = list(group)
        heading = f"{CHANNELS.get(channel, channel)} · {kind} · {template} ({len(rows):,})"
        anchor = _anchor(channel, kind, template)
        parts.append(f'<details id="{anchor}"><summary>{escape(heading)}</summary>{_links(rows)}</details>')
    return _html("消息 Messages", "".join(parts))


def page(message: Mapping[str, Any]) -> str:
    """One message: what is known of it, and its texts as its recipient reads them."""
    content = message["content"] or {}
    title = content.get("subject") or message["template"]
    facts = [(name, message.get(field)) for name, field in _FACTS]
    parts = ['<p><a href="../index.html">← 索引 Index</a></p>', _table(("", ""), [(n, str(v)) for n, v in facts if v])]
    if content.get("html"):
        # what a template made is shown as a mail program would, but may run and load nothing
        parts.append(f'<h2>HTML</h2><iframe sandbox srcdoc="{escape(content["html"])}"></iframe>')
    if content.get("text"):
        parts.append(f"<h2>文本 Text</h2><pre>{escape(content['text'])}</pre>")
    return _html(str(title), "".join(parts), lang=str(message["language"]))


def _summary(listed: Sequence[Line]) -> str:
    """Channel, kind, template, language and state, with how many."""
    counts = Counter(one[:5] for one in listed)
    rows = "".join(
        f"<tr><td>{escape(CHANNELS.get(channel, channel))}</td><td>{escape(kind)}</td>"
        f'<td><a href="#{_anchor(channel, kind, template)}">{escape(template)}</a></td>'
        f'<td>{escape(language)}</td><td>{escape(state)}</td><td class="n">{count:,}</td></tr>'
        for (channel, kind, template, language, state), count in sorted(counts.items())
    )
    return f"<table>{_head(('渠道 Channel', '类别 Kind', '模板 Template', '语言', '状态 State', '数量'))}{rows}</table>"


def _links(rows: Sequence[Line]) -> str:
    body = "".join(
        f"<tr><td>{escape(one.created_at[:16].replace('T', ' '))}</td><td>{escape(one.language)}</td>"
        f"<td>{escape(one.state)}</td><td>{escape(one.to)}</td>"
        f'<td><a href="{escape(one.path)}">{escape(one.title) or "—"}</a></td></tr>'
        for one in rows
    )
    return f"<table>{_head(('时间 At', '语言', '状态 State', '地址 To', '内容 Text'))}{body}</table>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{_head(head) if any(head) else ''}{body}</table>"


def _head(names: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in names)}</tr>"


def _anchor(*parts: str) -> str:
    return escape("-".join(parts).replace(" ", "_"))


def _html(title: str, body: str, lang: str = "zh-CN") -> str:
    head = f"<meta charset='utf-8'>{_LOADS_NOTHING}<title>{escape(title)}</title><style>{_STYLE}</style>"
    shown = f"<body><h1>{escape(title)}</h1>{body}</body>"
    return f"<!doctype html><html lang='{escape(lang)}'><head>{head}</head>{shown}</html>\n"
