"""What the status of a ticket is called when its customer asks, by language."""

from __future__ import annotations

from collections.abc import Mapping

STATUSES: Mapping[str, Mapping[str, str]] = {
    "submitted": {"zh-CN": "已受理", "en": "taken in"},
    "assigned": {"zh-CN": "处理中", "en": "being worked on"},
    "on_hold": {"zh-CN": "暂时挂起", "en": "on hold"},
    "resolved": {"zh-CN": "已解决，待您确认", "en": "resolved, waiting for your word"},
    "reopened": {"zh-CN": "重新处理中", "en": "being worked on again"},
    "closed": {"zh-CN": "已关闭", "en": "closed"},
    "withdrawn": {"zh-CN": "已撤销", "en": "withdrawn"},
}


def status_name(status: str | None) -> Mapping[str, str] | None:
    """The status by language; None for none."""
    return None if status is None else STATUSES.get(status, {"zh-CN": status, "en": status})
